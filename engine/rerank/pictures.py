"""Pictures to the patches that a Qwen3-VL tower eats."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from PIL import Image

from quire.ingest.budget import PixelBudget, fit


@dataclass(frozen=True)
class Look:
    """How a tower wants its pictures. mean, std: of each colour, as fractions of 255."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    patch: int
    merge: int


def size_of(width: int, height: int, budget: PixelBudget) -> tuple[int, int]:
    """The (width, height) that a picture is resized to: `fit`, but no side falls below a factor.

    A strip whose side rounds to nothing is raised to one factor, and only then is it asked
    whether there are too few pixels. Raises IngestError for an aspect ratio above 200.
    Source: `smart_resize` of qwen-vl-utils 0.0.14 (Apache-2.0); the same numbers.
    """
    factor = budget.factor
    fitted = fit(width, height, budget)
    wide, high = (max(1, round(side / factor)) * factor for side in (width, height))
    raised = factor in (wide, high) and budget.min_pixels <= wide * high <= budget.max_pixels
    return (wide, high) if raised else fitted


def patches(
    picture: Image.Image, size: tuple[int, int], look: Look
) -> Float32[np.ndarray, "patches values"]:
    """Normalised patches of the picture at `size` (width, height); transparency is laid on white.

    Cells row by row, in a cell its merge x merge patches row by row; a patch is (colour, y, x).
    The published tower looks at two moments of a film; a still picture is the same in both, so it
    is kept once and the tower's kernel is summed over time. Source: `Qwen2VLImageProcessor` of
    transformers behind `fetch_image` of qwen-vl-utils, which resizes with Pillow's bicubic filter.
    """
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=picture.getchannel("A"))
        picture = white
    picture = picture.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    pixels = np.array(picture, np.float32)
    pixels /= 255
    pixels -= np.array(look.mean, np.float32)
    pixels /= np.array(look.std, np.float32)
    h, w, p, m = size[1], size[0], look.patch, look.merge
    parts = pixels.reshape(h // p // m, m, p, w // p // m, m, p, 3)
    return parts.transpose(0, 3, 1, 4, 6, 2, 5).reshape(-1, 3 * p * p)
