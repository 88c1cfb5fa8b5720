"""What the reading process makes of one page. Imported on both sides; needs no library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .budget import PixelBudget
from .wire import BoxedWord

# A page of fine print has some 3,000 words; far beyond that it is not for people.
MAX_WORDS = 50_000
MAX_TEXT = 1_000_000  # characters


@dataclass(frozen=True)
class Drawing:
    """An upright page. pixels: across * down * 3 bytes, RGB, row by row, no padding."""

    pixels: bytes
    across: int
    down: int
    width: float
    height: float
    rotation: int
    words: Sequence[BoxedWord] = ()
    text: str = ""
    section: str = ""
    links: Sequence[str] = ()
    fields: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()


class Reader(Protocol):
    """An open file. Page numbers count from 1."""

    pages: int
    title: str

    def info(self) -> Mapping[str, Any]:
        """What the file says about itself: strings, and "outline" as [level, title, page]."""
        ...

    def draw(self, number: int, budget: PixelBudget) -> Drawing: ...

    def close(self) -> None: ...


def clean(text: str) -> str:
    """Text that every store takes: no lone surrogates, no control characters but line breaks."""
    if text.isprintable():  # most words by far
        return text
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if (c >= " " and c != "\x7f") or c in "\n\t" else " " for c in text)
