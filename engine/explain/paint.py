"""A map laid over its page, with a legend."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, UInt8

if TYPE_CHECKING:
    from PIL.Image import Image

# Light to dark, so that it reads in grey and by the colour-blind: anchors of "YlOrRd" turned to
# the ColorBrewer purples at the end (Apache-2.0), evenly spaced from 0 to 1.
PALETTE = (
    (255, 255, 204), (254, 217, 118), (253, 141, 60), (227, 26, 28), (128, 0, 70), (60, 0, 80),
)  # fmt: skip
FAINTEST = 0.1  # below this a cell is left as it is: paper stays white
LEGEND = 54  # pixels, at the foot of a page 1,000 wide
INK, PAPER = (24, 28, 36), (255, 255, 255)


def colours(values: Float[np.ndarray, "*n"]) -> UInt8[np.ndarray, "*n 3"]:
    """Values in [0, 1] as RGB."""
    anchors = np.array(PALETTE, dtype=np.float64)
    places = np.linspace(0, 1, len(anchors))
    channels = [np.interp(values, places, anchors[:, channel]) for channel in range(3)]
    return np.round(np.stack(channels, axis=-1)).astype(np.uint8)


def paint(
    page: "Image", values: Float[np.ndarray, "h w"], title: str, opacity: float = 0.7
) -> "Image":
    """The page under the map, RGB, and a legend below it that names the question.

    Row 0 of `values` is the top. Colour is multiplied into the page, as a marker pen does it, so
    that print stays black; `opacity` in [0, 1] is how much of it is seen.
    """
    from PIL import Image

    strength = np.where(values < FAINTEST, 0.0, opacity * np.sqrt(np.clip(values, 0, 1)))
    inks = 255 - strength[..., None] * (255.0 - colours(values))
    # Cells become squares with soft edges; the grid's own size says where they lie.
    size, smooth = page.size, Image.Resampling.BILINEAR
    inked = Image.fromarray(np.round(inks).astype(np.uint8), "RGB").resize(size, smooth)
    shown = np.asarray(page.convert("RGB"), dtype=np.uint16) * np.asarray(inked, dtype=np.uint16)
    return _with_legend(Image.fromarray((shown // 255).astype(np.uint8), "RGB"), title)


def _with_legend(page: "Image", title: str) -> "Image":
    from PIL import Image, ImageDraw

    from .lettering import font_for, shorten

    unit = max(page.width, 300) / 1000
    tall, size = round(LEGEND * unit), max(11, round(20 * unit))
    out = Image.new("RGB", (page.width, page.height + tall), PAPER)
    out.paste(page, (0, 0))
    pen = ImageDraw.Draw(out)
    middle, edge = page.height + tall // 2, round(16 * unit)
    plain = font_for("", size)
    bar = round(220 * unit)
    right = page.width - edge - round(plain.getlength("most")) - edge // 2
    left = right - bar
    scale = np.tile(colours(np.linspace(0, 1, bar))[None], (max(6, round(14 * unit)), 1, 1))
    out.paste(Image.fromarray(scale, "RGB"), (left, middle - len(scale) // 2))
    pen.text((left - edge // 2, middle), "none", INK, plain, anchor="rm")
    pen.text((right + edge // 2, middle), "most", INK, plain, anchor="lm")
    room = left - 2 * edge - plain.getlength("none")
    words = " ".join(title.split())
    font = font_for(words, size)
    pen.text((edge, middle), shorten(words, room, font.getlength), INK, font, anchor="lm")
    return out
