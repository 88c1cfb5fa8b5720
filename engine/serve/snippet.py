"""The few lines of a page that hold most of a question, and where its words stand in them."""

from dataclasses import dataclass

import numpy as np

from ..explain.coverage import read_coverage
from ..explain.words import content_words, likeness, words

LENGTH = 240  # letters
BEFORE = 40  # of them, before the passage


@dataclass(frozen=True)
class Snippet:
    """text: one line. marks: [start, end) of words of the question in it, in order."""

    text: str
    marks: tuple[tuple[int, int], ...]


def snippet_of(text: str, query: str) -> Snippet:
    """Words of the question count alike; without any on the page, its beginning."""
    plain = " ".join(text.split())
    keys = [word.key for word in content_words(query)]
    start = 0
    if keys:
        _, (first, _) = read_coverage(keys, np.full(len(keys), 1 / len(keys)), plain)
        start = max(0, first - BEFORE)
        start = plain.find(" ", start) + 1 if start else 0
    shown = plain[start : start + LENGTH]
    marks = tuple(
        (word.start, word.end)
        for word in words(shown)
        if any(likeness(key, word.key) for key in keys)
    )
    before, after = "… " if start else "", " …" if start + LENGTH < len(plain) else ""
    moved = tuple((a + len(before), b + len(before)) for a, b in marks)
    return Snippet(f"{before}{shown}{after}", moved)
