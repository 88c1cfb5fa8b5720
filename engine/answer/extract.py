"""The built-in generator: it quotes, and needs no model."""

import re
from collections.abc import Callable, Iterator, Sequence

from ..search.hits import Hit
from .evidence import NOT_THERE

LONGEST = 320  # letters of a quotation
MOST_PAGES = 3  # that are quoted
SENTENCES = 2  # of a passage, at most
LEAST = 0.1  # score of a region: one that says less is not quoted
NEXT = 0.75  # of the best page's: less, and a further page is not quoted
ROUND = str.maketrans("[]", "()")
_STOP = re.compile(r"(?<=[.!?])\s+(?=[^a-z])|(?<=[。！？])")


class Extractive:
    """Quotes the sentences that hold most of the question, from the best regions of each page.

    What a page without a text layer says cannot be quoted; it is pointed at.
    """

    name = "extractive"

    def write(self, question: str, pages: Sequence[Hit]) -> Iterator[str]:
        """See `Generator`."""
        told: list[str] = []
        best = 0.0
        for number, hit in enumerate(pages, start=1):
            held, quote = _passage(hit)
            # The first page is the one that search trusts most, so it is always heard.
            if quote and (not told or held >= NEXT * best):
                told.append(f'"{quote}" [{number}]')
                best = max(best, held)
            elif number == 1 and not hit.text.strip():
                told.append(f"See the picture of page {hit.page} [{number}]")
            if len(told) == MOST_PAGES:
                break
        if not told:
            yield NOT_THERE
        for place, line in enumerate(told):
            yield line if place == 0 else f"\n{line}"


def _passage(hit: Hit) -> tuple[float, str]:
    """How much of the question the page's best region holds, and what to quote of it: 0 and ""
    where none holds enough."""
    regions = [region for region in hit.regions() if region.text]
    # A heading names what is said below it, and is quoted only where nothing else speaks.
    speaking = [region for region in regions if region.kind != "heading"] or regions
    if not speaking or speaking[0].score < LEAST:
        return 0.0, ""
    held = max(speaking[0].score, hit.covers(speaking[0].text))
    return held, pick(speaking[0].text, hit.covers)


def pick(text: str, covers: Callable[[str], float]) -> str:
    """The best sentences of a passage, in their order, without quotation marks and brackets of
    their own: those would be taken for ours."""
    plain = " ".join(re.sub(r"[\"“”„«»]", "'", text).translate(ROUND).split())
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
