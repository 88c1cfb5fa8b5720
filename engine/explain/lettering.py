"""Letters on pictures: a face that has them, and lines that fit."""

from collections.abc import Callable, Iterator
from io import BytesIO

from PIL import ImageFont


def shorten(
    text: str, width: float, length: Callable[[str], float], *, middle: bool = False
) -> str:
    """The text, cut with an ellipsis at the end or in the `middle` until `length` fits `width`.

    File names are cut in the middle, for they differ at both ends.
    """
    if length(text) <= width:
        return text
    return next((cut for cut in _cuts(text, middle) if length(cut) <= width), "…")


def _cuts(text: str, middle: bool) -> Iterator[str]:
    # Nothing beyond this could fit any sheet, and a cut is tried for every character.
    text = text if len(text) <= 400 else text[:300] + text[-100:]
    for kept in range(len(text) - 1, 0, -1):
        tail = kept // 3 if middle else 0
        yield text[: kept - tail].rstrip() + "…" + (text[-tail:] if tail else "")


def font_for(text: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own face for ASCII, for it lacks even Ö; else the wide one that PyMuPDF brings."""
    if text.replace("…", "").isascii():
        return ImageFont.load_default(size)
    import pymupdf

    return ImageFont.truetype(BytesIO(pymupdf.Font("cjk").buffer), size)
