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
    """How much of the question the page's best region holds, and what to quote of it: "" where
    nothing holds enough."""
    texts = [region.text for region in hit.regions(3) if region.text]
    if not texts:
        return 0.0, ""
    held, text = max(((hit.covers(text), text) for text in texts), key=lambda pair: pair[0])
    return (held, pick(text, hit.covers)) if held >= LEAST else (held, "")


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
