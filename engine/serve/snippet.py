"""The few lines of a page that hold most of a question, and where its words stand in them."""

from dataclasses import dataclass
from functools import lru_cache

from ..explain.words import content_words, likeness, words_like

LENGTH = 200  # letters
BEFORE = 24  # of them, before the first word that counts


@dataclass(frozen=True)
class Snippet:
    """text: one line. marks: [start, end) of words of the question in it, in order."""

    text: str
    marks: tuple[tuple[int, int], ...]


def snippet_of(text: str, query: str) -> Snippet:
    """The stretch of `LENGTH` letters with the most different words of the question, of equal ones
    that where they stand closest together; without any, the beginning of the page. Another form of
    a word counts a little less than the word, see `explain/words.py`."""
    plain = _one_line(text)
    keys = [word.key for word in content_words(query)]
    found = []
    for _, word in words_like(keys, plain):
        alike = {key: worth for key in keys if (worth := likeness(key, word.key))}
        if alike:
            found.append((word.start, word.end, alike))
    start = 0
    if found:
        best = max(range(len(found)), key=lambda first: (*_worth(found, first), -first))
        start = max(0, found[best][0] - BEFORE)
        start = plain.find(" ", start, found[best][0]) + 1 or found[best][0] if start else 0
    end = start + LENGTH
    before, after = "… " if start else "", " …" if end < len(plain) else ""
    shift = len(before) - start
    marks = tuple((a + shift, b + shift) for a, b, _ in found if a >= start and b <= end)
    return Snippet(f"{before}{plain[start:end]}{after}", marks)


@lru_cache(maxsize=512)  # pages: one or two megabytes
def _one_line(text: str) -> str:
    return " ".join(text.split())


def _worth(found: list[tuple[int, int, dict[str, float]]], first: int) -> tuple[float, int]:
    """What a stretch that begins with this word holds of the question, and, to be added to that,
    how little room it takes: minus its letters."""
    begin = found[first][0]
    held: dict[str, float] = {}
    reached = begin
    for _, end, alike in found[first:]:
        if end > begin + LENGTH - BEFORE:
            break
        for key, worth in alike.items():
            if worth > held.get(key, 0.0):
                held[key], reached = worth, end
    return sum(held.values()), begin - reached
