"""Where on a page the words of a question are seen."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, UInt8

from ..errors import SearchError

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Heatmap:
    """Evidence for a question on the visual grid of one page.

    The grid has h rows and w columns of cells, [0, 0] at the top left of the upright page.
    words: the words of the question that have a map, in order; special tokens are none.
    maps: evidence for each word, in [0, 1]: 0 is what any place of the library looks like to the
        word, 1 what its best place in the library does, so maps of one search can be compared,
        also between pages.
    weights: how much each word counts, summing to 1.
    whole: evidence for the whole question, in [0, 1].
    seen: cells that hold something; blank ones are False and always 0.
    """

    question: str
    words: tuple[str, ...]
    maps: Float[np.ndarray, "words h w"]
    weights: Float[np.ndarray, " words"]
    whole: Float[np.ndarray, "h w"]
    seen: Bool[np.ndarray, "h w"]
    _picture: "Callable[[], Image]" = field(repr=False, compare=False)

    def of(self, word: str | int | None = None) -> Float[np.ndarray, "h w"]:
        """The map of one word (or of its place in `words`); of the whole question for None."""
        if word is None:
            return self.whole
        if isinstance(word, str):
            if word not in self.words:
                known = ", ".join(self.words)
                raise SearchError(f"no word {word!r} in the question; words with a map: {known}")
            word = self.words.index(word)
        chosen: Float[np.ndarray, "h w"] = self.maps[word]
        return chosen

    def levels(self, word: str | int | None = None) -> UInt8[np.ndarray, "h w"]:
        """The same in 0 to 255, for a page in a browser."""
        return np.round(self.of(word) * 255).astype(np.uint8)

    def image(self, word: str | int | None = None, *, opacity: float = 0.7) -> "Image":
        """The page with the map laid over it, and a legend below: RGB."""
        from .paint import paint

        named = self.question if word is None else self.words[self._place(word)]
        return paint(self._picture(), self.of(word), named, opacity)

    def _place(self, word: str | int) -> int:
        return self.words.index(word) if isinstance(word, str) else word

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.image().save(buffer, format="PNG")
        return buffer.getvalue()
