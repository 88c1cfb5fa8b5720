"""What a page with text can be asked, without anybody's help: spans, headings and captions."""

import re
from collections.abc import Sequence
from statistics import median

import numpy as np

from quire.ingest.page import Page, Word

FEWEST_WORDS = 30  # a page that says less is a picture or a divider
SPAN = (6, 16)  # words
LEFT_OUT = 0.3  # share of a span's words that are not asked: people leave words out
HEADING = (2, 12)  # words
LARGER = 1.2  # a heading's letters, as a multiple of the page's usual ones
CAPTION = re.compile(
    r"\W*(?:fig(?:ure|\.)?|table|chart|exhibit|abb(?:ildung|\.)|tabelle|tableau|graphique|figura|"
    r"tabla|tabela|gráfico|cuadro|図|表|图)\s*[\dIVX]+[\d.]*\s*[.:|–—-]?\s*(.+)",
    re.IGNORECASE,
)


def questions_of(page: Page, rng: np.random.Generator, count: int) -> list[str]:
    """At most `count` different questions: a heading, a caption, and spans for the rest.

    Three in ten words of a span are left out. None for a page without much text.
    """
    words = [word for word in page.text.split() if any(map(str.isalnum, word))]
    if len(words) < FEWEST_WORDS:
        return []
    lines = lines_of(page.words)
    told = [texts[int(rng.integers(len(texts)))] for texts in (headings(lines), captions(lines))
            if texts]  # fmt: skip
    found = list(dict.fromkeys(told))[: max(0, count - 1)]
    for _ in range(4 * count):
        if len(found) >= count:
            break
        asked = span(words, rng)
        if asked not in found:
            found.append(asked)
    return found


def span(words: Sequence[str], rng: np.random.Generator) -> str:
    """Some neighbouring words, in their order, less those that are left out; three at the least."""
    length = min(len(words), int(rng.integers(SPAN[0], SPAN[1] + 1)))
    start = int(rng.integers(len(words) - length + 1))
    kept = np.flatnonzero(rng.random(length) >= LEFT_OUT)
    if len(kept) < 3:
        kept = np.arange(min(3, length))
    return " ".join(words[start + int(i)].strip(".,;:()[]\"'“”") for i in kept)


def lines_of(words: Sequence[Word]) -> list[list[Word]]:
    """Words that stand side by side, from left to right; in the order of the file."""
    lines: list[list[Word]] = []
    for word in words:
        before = lines[-1][-1] if lines else None
        if before and _beside(before, word):
            lines[-1].append(word)
        else:
            lines.append([word])
    return lines


def headings(lines: Sequence[Sequence[Word]]) -> list[str]:
    """Lines in larger letters than most, of a heading's length."""
    if not lines:
        return []
    usual = median(_height(word) for line in lines for word in line)
    large = (line for line in lines if median(map(_height, line)) >= LARGER * usual)
    return [_said(line) for line in large if _is_phrase(line)]


def captions(lines: Sequence[Sequence[Word]]) -> list[str]:
    """What the captions of figures and tables say behind their number."""
    matches = (CAPTION.fullmatch(_said(line)) for line in lines)
    return [found[1] for found in matches if found and len(found[1].split()) >= 3]


def _beside(left: Word, right: Word) -> bool:
    (_, top, end, bottom), (start, other_top, _, other_bottom) = left.box, right.box
    middle = (other_top + other_bottom) / 2
    return top <= middle <= bottom and -0.01 <= start - end <= 0.05


def _height(word: Word) -> float:
    return word.box[3] - word.box[1]


def _said(line: Sequence[Word]) -> str:
    return " ".join(word.text for word in line)


def _is_phrase(line: Sequence[Word]) -> bool:
    letters = sum(letter.isalpha() for word in line for letter in word.text)
    return HEADING[0] <= len(line) <= HEADING[1] and letters >= 6
