"""How large a page is drawn: decided from its shape alone, before one pixel exists."""

import math
from dataclasses import dataclass

from .errors import IngestError

MAX_ASPECT = 200  # Qwen2-VL refuses anything longer; so do we, before drawing it


@dataclass(frozen=True)
class PixelBudget:
    """Bounds on a picture's pixels; both sides become multiples of `factor`.

    `factor` is the side of the square that an encoder turns into one row (28 for
    Qwen2.5-VL: patches of 14, merged two by two).
    """

    max_pixels: int
    min_pixels: int
    factor: int

    def __post_init__(self) -> None:
        if self.factor < 1 or self.min_pixels < 1:
            raise IngestError(
                f"factor={self.factor}, min_pixels={self.min_pixels}: both must be at least 1"
            )
        if self.max_pixels < max(self.min_pixels, self.factor**2):
            raise IngestError(
                f"max_pixels={self.max_pixels} holds neither min_pixels={self.min_pixels} nor one "
                f"square of factor={self.factor}: raise max_pixels"
            )


def fit(width: float, height: float, budget: PixelBudget) -> tuple[int, int]:
    """The size (width, height) in pixels that a raster picture is resized to.

    Sides are rounded to multiples of `factor`; a picture above `max_pixels` is shrunk
    (rounding down), one below `min_pixels` is grown (rounding up). Raises IngestError
    for a side that is not a positive number and for an aspect ratio above 200.
    Source: `smart_resize` of Qwen2-VL (transformers, Apache-2.0); the same numbers.
    """
    _check_shape(width, height)
    factor = budget.factor
    wide, high = round(width / factor) * factor, round(height / factor) * factor
    if wide * high > budget.max_pixels:
        return fill(width, height, budget)
    if wide * high < budget.min_pixels:
        scale = math.sqrt(budget.min_pixels / (height * width))
        return (
            math.ceil(width * scale / factor) * factor,
            math.ceil(height * scale / factor) * factor,
        )
    return wide, high


def fill(width: float, height: float, budget: PixelBudget) -> tuple[int, int]:
    """The largest size (width, height) in pixels of a page that can be drawn at any scale.

    Sides are rounded down to multiples of `factor` (at least one), so the page stays within
    `max_pixels`, except for long strips under a budget of less than 200 squares.
    Under any larger budget `fit(*fill(w, h, b), b) == fill(w, h, b)`: an encoder that
    applies Qwen's rule again leaves the picture alone.
    """
    _check_shape(width, height)
    factor = budget.factor
    scale = math.sqrt((height * width) / budget.max_pixels)
    return (
        max(factor, math.floor(width / scale / factor) * factor),
        max(factor, math.floor(height / scale / factor) * factor),
    )


def _check_shape(width: float, height: float) -> None:
    if not (math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0):
        raise IngestError(f"a page of {width:g} x {height:g} has no area: nothing can be drawn")
    aspect = max(width, height) / min(width, height)
    if aspect > MAX_ASPECT:
        raise IngestError(
            f"a page of {width:g} x {height:g} is {aspect:.0f} times as long as wide, and the limit"
            f" is {MAX_ASPECT}: cut it into several pages"
        )
