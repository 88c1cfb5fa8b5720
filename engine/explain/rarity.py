"""How much a word says, from the pages it stands on."""

from collections import Counter
from collections.abc import Sequence
from math import log

from .words import words

MOST_PAGES = 2_000  # pages that are counted: 0.4 s once


class Rarity:
    """Inverse document frequency over the pages of a library.

        rarity(word) = ln(1 + (pages - holding + 0.5) / (holding + 0.5))

    as in BM25 (Robertson and Zaragoza 2009, in Lucene's form, which is never negative). Counted
    over at most `MOST_PAGES` pages that are evenly spread; pages without text do not count.
    Without any text all words are equally rare.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        written = [text for text in texts if text.strip()]
        step = -(-len(written) // MOST_PAGES) or 1
        chosen = written[::step]
        self.pages, self.most = len(chosen), MOST_PAGES
        self._holding: Counter[str] = Counter()
        for text in chosen:
            self._holding.update({word.key for word in words(text)})

    def holding(self, key: str) -> int:
        """On how many of the counted pages a word stands."""
        return self._holding[key]

    def of(self, key: str) -> float:
        """Above 0, and highest for a word that stands on no page."""
        holding = self._holding[key]
        return log(1 + (self.pages - holding + 0.5) / (holding + 0.5))
