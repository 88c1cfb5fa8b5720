"""Does the page bear out what is claimed of it?"""

import re
from collections.abc import Sequence

from quire.ingest.page import Box
from quire.ingest.page import Word as PageWord

from ..explain.region import Region
from ..explain.words import words
from ..search.hits import Hit
from .answer import Citation, Claim
from .claims import Sentence

# The share of a claim's words, by rarity, that one passage of its page must hold.
HELD = 0.5
WHOLE_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# For a page without text, where only what is seen can speak: relevance to the claim.
SEEN_ENOUGH = 0.5


def check(sentence: Sentence, pages: Sequence[Hit]) -> Claim:
    """The sentence with each of its citations looked at."""
    cited = [_citation(sentence, number, pages) for number in sentence.numbers]
    return Claim(sentence.text, tuple(cited))


def _citation(sentence: Sentence, number: int, pages: Sequence[Hit]) -> Citation:
    quote = sentence.quotes[0] if sentence.quotes else ""
    if not 1 <= number <= len(pages):
        last = f"the last is [{len(pages)}]" if pages else "there are none"
        return Citation(number, None, None, quote, False, f"there is no page [{number}]: {last}")
    hit = pages[number - 1]
    if not hit.text.strip():
        return _seen(sentence, number, hit)
    if sentence.quotes:
        return _quoted(sentence, number, hit)
    return _held(sentence, number, hit)


def _quoted(sentence: Sentence, number: int, hit: Hit) -> Citation:
    """Every quotation must stand on the page, word by word."""
    placed = [find_quote(quote, hit.stored().words) for quote in sentence.quotes]
    for quote, found in zip(sentence.quotes, placed, strict=True):
        if not found and not _stands_in(quote, hit.text):
            return Citation(
                number, hit, None, quote, False, f"{quote!r} does not stand on page {hit.page}"
            )
    quote = sentence.quotes[0]
    boxes = placed[0]
    region = None
    if boxes:
        box = (
            min(b[0] for b in boxes), min(b[1] for b in boxes),
            max(b[2] for b in boxes), max(b[3] for b in boxes),
        )  # fmt: skip
        region = Region(box, "quote", 1.0, quote, hit.image)
    return Citation(number, hit, region, quote, True, f"the quoted words stand on page {hit.page}")


def _held(sentence: Sentence, number: int, hit: Hit) -> Citation:
    """Enough of the words, and every number, must stand together on the page."""
    about = hit.about(sentence.text)
    region = next(iter(about.regions(1)), None)
    absent = _numbers(sentence.text) - _numbers(hit.text)
    if absent:
        told = ", ".join(n for n in WHOLE_NUMBER.findall(sentence.text) if absent & _numbers(n))
        return Citation(number, hit, region, "", False, f"{told} does not stand on page {hit.page}")
    held = about.covers(hit.text)
    said = f"a passage of page {hit.page} holds {held:.0%} of what the sentence says"
    return Citation(number, hit, region, "", held >= HELD, said)


def _seen(sentence: Sentence, number: int, hit: Hit) -> Citation:
    about = hit.about(sentence.text)
    region = next(iter(about.regions(1)), None)
    said = f"page {hit.page} has no text to compare with; relevance {about.relevance:.2f} by looks"
    return Citation(number, hit, region, "", about.relevance >= SEEN_ENOUGH, said)


def find_quote(quote: str, page: Sequence[PageWord]) -> list[Box]:
    """The boxes of the words that the quotation is made of, where they stand in a row; else []."""
    wanted = [word.key for word in words(quote)]
    have = [(word.key, i) for i, own in enumerate(page) for word in words(own.text)]
    keys = [key for key, _ in have]
    for start in range(len(keys) - len(wanted) + 1):
        if wanted and keys[start : start + len(wanted)] == wanted:
            return [page[i].box for _, i in have[start : start + len(wanted)]]
    return []


def _stands_in(quote: str, text: str) -> bool:
    """The same in the page's text, whose words may be cut otherwise than its boxes."""
    wanted, have = ("\n".join(word.key for word in words(t)) for t in (quote, text))
    return bool(wanted) and f"\n{wanted}\n" in f"\n{have}\n"


def _numbers(text: str) -> set[str]:
    return {word.key for word in words(text) if word.key.isdigit()}
