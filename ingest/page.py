"""One page: its picture, its words and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

# x0, y0, x1, y1 as fractions of the upright page, in [0, 1]; origin top left.
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Word:
    """A word of the text layer and the box it stands in."""

    text: str
    box: Box


@dataclass(frozen=True)
class Page:
    """A page as a viewer shows it: picture and boxes are upright.

    number: counted from 1 in file order, not the printed page label.
    image: RGB, sides as the pixel budget says, transparency laid on white.
    words, text: of the file's own text layer, in file order (the first 50,000 words); empty
        for pictures and scans.
    width, height: of the upright page, in points (1/72 inch); of a picture, in pixels.
    rotation: 0, 90, 180 or 270, the clockwise turn stored in the file, already applied.
    section: path of outline titles joined with " > "; "" where the outline says nothing.
    engine: library and version that drew the page. ocr: the one that read text and words off
        the picture; "" where they are the file's own.
    links: addresses that the page leads to. fields: name and value of what was filled in.
    notes: what readers wrote on it. Told, never followed; some hundred of each at most.
    """

    document: str
    number: int
    image: Image
    words: tuple[Word, ...]
    text: str
    width: float
    height: float
    rotation: int
    section: str
    engine: str = ""
    ocr: str = ""
    links: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
