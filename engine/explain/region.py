"""A place on a page that speaks for a question."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from quire.ingest.page import Box

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Region:
    """A box on a page, with what it is and how much it says.

    box: x0, y0, x1, y1 as fractions of the upright page, origin top left.
    kind: what stands there: "text", "heading", "list", "caption", "formula", "table", "table row",
        "picture", "header", "footer", "line", or "area" for a place without words or blocks.
    score: evidence in [0, 1] for the question that was asked: 1 when every word of it that says
        anything is found there. Comparable between the pages of one search.
    text: the words of the text layer inside the box, "" for pictures and scans.
    """

    box: Box
    kind: str
    score: float
    text: str
    _picture: "Callable[[], Image]" = field(repr=False, compare=False)

    def crop(self, margin: float = 0.008) -> "Image":
        """The picture of the place, RGB, with `margin` (a fraction of the page) around it."""
        page = self._picture()
        x0, y0, x1, y1 = self.box
        left, top = max(0.0, x0 - margin) * page.width, max(0.0, y0 - margin) * page.height
        right, bottom = min(1.0, x1 + margin) * page.width, min(1.0, y1 + margin) * page.height
        left, top = min(int(left), page.width - 1), min(int(top), page.height - 1)
        return page.crop((left, top, max(left + 1, round(right)), max(top + 1, round(bottom))))

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"box": list(self.box), "kind": self.kind, "score": self.score, "text": self.text}
