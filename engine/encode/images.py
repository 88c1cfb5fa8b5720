"""Pictures to the patches that a vision tower of the Qwen family eats."""

import numpy as np
from jaxtyping import Bool, Float32, Int, UInt8
from PIL import Image

from quire.ingest.budget import PixelBudget, fit

from .family import Family
from .sequence import Seen

MERGE = 2  # patches along one side of a cell
BLANK = 8  # levels of 255: a cell whose brightest and darkest pixel differ by less shows nothing


def see_picture(
    picture: Image.Image, family: Family, mean: tuple[float, ...], std: tuple[float, ...]
) -> Seen:
    """The picture as the family's tower takes it."""
    pixels = to_array(picture, family.budget, family.transparency, family.short_side)
    cell = family.budget.factor
    return Seen(
        (pixels.shape[0] // cell, pixels.shape[1] // cell),
        patches(pixels, mean, std, cell // MERGE),
        blank_cells(pixels, cell),
    )


def size_of(
    width: int, height: int, budget: PixelBudget, short_side: str = "grown"
) -> tuple[int, int]:
    """The size (width, height) that a picture is resized to.

    `short_side`: a side that would round to nothing is left to the rule that grows pictures below
    `min_pixels` ("grown", transformers), or set to one factor before that ("raised",
    qwen-vl-utils). Raises IngestError above an aspect ratio of 200.
    """
    grown = fit(width, height, budget)
    if short_side == "grown":
        return grown
    factor = budget.factor
    wide, high = (max(factor, round(side / factor) * factor) for side in (width, height))
    return (wide, high) if budget.min_pixels <= wide * high <= budget.max_pixels else grown


def to_array(
    picture: Image.Image,
    budget: PixelBudget,
    transparency: str = "white",
    short_side: str = "grown",
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture as RGB at the size its budget allows.

    `transparency`: laid on "white", or "dropped": the colours under it show as they are.
    """
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if transparency == "white" and clear:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("RGB")
    size = size_of(*picture.size, budget, short_side)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    return np.asarray(picture)


def patches(
    pixels: UInt8[np.ndarray, "h w 3"],
    mean: tuple[float, ...],
    std: tuple[float, ...],
    patch: int = 14,
) -> Float32[np.ndarray, "patches values"]:
    """Normalised patches: cells row by row, in a cell its 2 x 2 patches row by row.

    A patch is (colour, y, x). The published towers look at two moments of a film; a still picture
    is the same in both, so it is kept once and the tower's kernel is summed over time. Sides must
    be multiples of 2 patches. Source: `Qwen2VLImageProcessor` of transformers, which gives the
    same twice.
    """
    h, w, _ = pixels.shape
    cell = patch * MERGE
    parts = pixels.reshape(h // cell, MERGE, patch, w // cell, MERGE, patch, 3)
    parts = parts.transpose(0, 3, 1, 4, 6, 2, 5).reshape(-1, 3, patch * patch)
    scale = np.array(std, np.float32)[:, None] * 255
    out = parts.astype(np.float32)
    out -= np.array(mean, np.float32)[:, None] * 255
    out /= scale
    return out.reshape(-1, 3 * patch * patch)


def blank_cells(pixels: UInt8[np.ndarray, "h w 3"], cell: int = 28) -> Bool[np.ndarray, " cells"]:
    """Which cells are of one colour, row by row."""
    h, w, _ = pixels.shape
    # Sums of the three colours, whole numbers: numpy takes twenty times as long for their mean.
    sums = pixels[..., 0].astype(np.uint16)
    sums += pixels[..., 1]
    sums += pixels[..., 2]
    parts = sums.reshape(h // cell, cell, w // cell, cell)
    # Down the columns first, which is vectors of a cell's width side by side.
    spread: Int[np.ndarray, "rows columns"] = parts.max(1).max(-1) - parts.min(1).min(-1)
    return (spread < 3 * BLANK).reshape(-1)
