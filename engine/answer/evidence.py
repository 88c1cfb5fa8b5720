"""What a generator is given, and what it must be."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from ..search.hits import Hit, Hits

# A page is shown to a generator when it is at least this share as relevant as the best one.
NEXT_TO_BEST = 0.5
# What a generator writes when the pages do not answer; nothing else may stand there.
NOT_THERE = "NOT IN DOCUMENTS"


@runtime_checkable
class Generator(Protocol):
    """Writes an answer from pages."""

    @property
    def name(self) -> str: ...

    def write(self, question: str, pages: Sequence[Hit]) -> Iterator[str]:
        """The answer, piece by piece: sentences that end in [n], n being the place of the page
        from 1; or `NOT_THERE`. Raises AnswerError when it cannot go on."""
        ...


def choose(hits: Hits, most: int) -> list[Hit]:
    """The pages worth showing, best first: one at least, `most` at most.

    As many as are nearly as relevant as the best, so that a clear case costs one page and an open
    one several.
    """
    if not len(hits):
        return []
    best = max(hit.relevance for hit in hits)
    kept = [hit for hit in hits if hit.relevance >= NEXT_TO_BEST * best]
    return kept[:most]
