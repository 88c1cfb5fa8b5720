"""Pictures to the patches that a Qwen2.5-VL tower eats."""

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image

from quire.ingest.budget import PixelBudget, fit

PATCH = 14
MERGE = 2  # patches along one side of a cell
BLANK = 8  # levels of 255: a cell whose brightest and darkest pixel differ by less shows nothing


def to_array(picture: Image.Image, budget: PixelBudget) -> UInt8[np.ndarray, "h w 3"]:
    """The picture as RGB at the size its budget allows; transparency is laid on white."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("RGB")
    size = fit(*picture.size, budget)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    return np.asarray(picture)


def patches(
    pixels: UInt8[np.ndarray, "h w 3"], mean: tuple[float, ...], std: tuple[float, ...]
) -> Float32[np.ndarray, "patches 588"]:
    """Normalised patches: cells row by row, in a cell its 2 x 2 patches row by row.

    A patch is (colour, y, x). The published towers look at two moments of a film; a still picture
    is the same in both, so it is kept once and the tower's kernel is summed over time. Sides must
    be multiples of 28. Source: `Qwen2VLImageProcessor` of transformers, which gives the same twice.
    """
    h, w, _ = pixels.shape
    cell = PATCH * MERGE
    parts = pixels.reshape(h // cell, MERGE, PATCH, w // cell, MERGE, PATCH, 3)
    parts = parts.transpose(0, 3, 1, 4, 6, 2, 5).reshape(-1, 3, PATCH * PATCH)
    scale = np.array(std, np.float32)[:, None] * 255
    out = parts.astype(np.float32)
    out -= np.array(mean, np.float32)[:, None] * 255
    out /= scale
    return out.reshape(-1, 3 * PATCH * PATCH)


def blank_cells(pixels: UInt8[np.ndarray, "h w 3"]) -> Bool[np.ndarray, " cells"]:
    """Which cells are of one colour, row by row."""
    cell = PATCH * MERGE
    h, w, _ = pixels.shape
    grey = pixels.mean(-1, dtype=np.float32)
    parts = grey.reshape(h // cell, cell, w // cell, cell)
    blank: Bool[np.ndarray, "rows columns"] = parts.max((1, 3)) - parts.min((1, 3)) < BLANK
    return blank.reshape(-1)
