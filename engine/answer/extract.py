"""The built-in generator: it quotes, and needs no model."""

import re
from collections.abc import Callable, Iterator, Sequence

from ..search.hits import Hit
from .evidence import NOT_THERE

LONGEST = 320  # letters of a quotation
MOST_PAGES = 3  # that are quoted
SENTENCES = 2  # of a passage, at most
LEAST = 0.15  # of the question must be in a passage, else it is not quoted
NEXT = 0.75  # of the best page's: less, and a further page is not quoted
_STOP = re.compile(r"(?<=[.!?])\s+(?=[^a-z])|(?<=[。！？])")


class Extractive:
    """Quotes the sentences that hold most of the question, from the best regions of each page.

    What a page without a text layer says cannot be quoted; it is pointed at.
    """

    name = "extractive"

    def write(self, question: str, pages: Sequence[Hit]) -> Iterator[str]:
        """See `Generator`."""
        found = [passage for i, hit in enumerate(pages, 1) if (passage := _passage(i, hit))]
        best = max((score for score, _ in found), default=0.0)
        # The first page is the one that search trusts most, so it is always heard.
        kept = [told for i, (score, told) in enumerate(found) if i == 0 or score >= NEXT * best]
        if not kept:
            yield NOT_THERE
        for i, told in enumerate(kept[:MOST_PAGES]):
            yield told if i == 0 else f"\n{told}"


def _passage(number: int, hit: Hit) -> tuple[float, str] | None:
    """What the page says, quoted, and how much of the question that holds; None for nothing."""
    regions = hit.regions(3)
    if not hit.text.strip():
        return (
            (hit.relevance, f"See the picture of page {hit.page} [{number}].") if regions else None
        )
    for region in regions:
        quote = pick(region.text, hit.covers)
        held = hit.covers(region.text)
        if quote and held >= LEAST:
            return held, f'"{quote}" [{number}]'
    return None


def pick(text: str, covers: Callable[[str], float]) -> str:
    """The best sentences of a passage, in their order, without quotation marks of their own."""
    plain = " ".join(re.sub(r"[\"“”„«»]", "'", text).split())
    parts = [part.strip() for part in _STOP.split(plain) if part.strip()]
    if not parts:
        return ""
    worth = [covers(part) for part in parts]
    first = max(range(len(parts)), key=lambda i: worth[i])
    # An answer often stands in the sentence after the one that the question repeats.
    kept = " ".join(parts[first : first + SENTENCES])
    if len(kept) > LONGEST:
        kept = parts[first]
    return kept if len(kept) <= LONGEST else kept[: LONGEST - 1].rsplit(" ", 1)[0]
