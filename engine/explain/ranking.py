"""The places of a page that speak most for a question."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from quire.ingest.block import Block
from quire.ingest.page import Box
from quire.ingest.page import Word as PageWord

from ..store.pages import StoredPage
from .evidence import read_hits, seen_cells, seen_maps
from .places import Place, area, common, places
from .question import Question
from .region import Region

if TYPE_CHECKING:
    from PIL.Image import Image

# What a word that is seen is worth beside one that is read. Where there is no text nothing is read,
# and what is seen is all there is.
SEEN_WORTH = 0.3
ABOUT_WORTH = 0.6  # what a word in the heading or the head of the table is worth to what is under
LENGTH_WEIGHT = 0.3  # as b of BM25: how much longer places have to say more
TYPICAL_WORDS = 40  # in a place
LEAST_WORDS = 12  # a shorter place counts as so long: a greeting is no answer
SEEN_WORDS = 0.25  # words in a place without text, for each cell of it
HEADING_WORTH = 0.8  # a heading names what the place under it says
OVERLAP = 0.4  # of the smaller one: more, and two places are the same
LEAST = 0.05  # evidence below this is none


def rank_regions(
    question: Question,
    page: StoredPage,
    blocks: Sequence[Block],
    picture: "Callable[[], Image]",
    k: int = 3,
) -> list[Region]:
    """The k best places, best first, none overlapping another by much; fewer if no more speak.

        evidence(word, place) = max(read, SEEN_WORTH * seen, ABOUT_WORTH * evidence(word, above))
        score(place) = sum over words of weight * evidence / (1 - b + b * length / typical)

    the latter with the length of BM25, scaled so that it stays in [0, 1]. Where a place has
    no words, a chart or a scan, `seen` counts in full.
    """
    maps = seen_maps(question, page.vectors)
    hits = read_hits(question, page.words)
    found = places(blocks, page.words, seen_cells(page.vectors))
    inside = [_inside(place.box, page.words) for place in found]
    evidence = [
        _evidence(place.box, maps * (SEEN_WORTH if own else 1.0), hits[:, own])
        for place, own in zip(found, inside, strict=True)
    ]
    scores = [
        _score(question, place, evidence, i, len(inside[i]), maps.shape[1:])
        for i, place in enumerate(found)
    ]
    return [
        Region(
            box=found[i].box,
            kind=found[i].kind,
            score=scores[i],
            text=" ".join(page.words[j].text for j in inside[i]),
            _picture=picture,
        )
        for i in _apart(found, scores, k)
    ]


def _apart(found: Sequence[Place], scores: Sequence[float], k: int) -> list[int]:
    chosen: list[int] = []
    for i in sorted(range(len(found)), key=lambda i: -scores[i]):
        if len(chosen) == k or scores[i] < LEAST:
            break
        box = found[i].box
        if all(
            common(box, found[j].box) <= OVERLAP * min(area(box), area(found[j].box))
            for j in chosen
        ):
            chosen.append(i)
    return chosen


def _score(
    question: Question,
    place: Place,
    evidence: Sequence[Float[np.ndarray, " words"]],
    own: int,
    words: int,
    grid: Sequence[int],
) -> float:
    about = [evidence[i] for i in place.under]
    best = np.max([evidence[own], *(ABOUT_WORTH * other for other in about)], axis=0)
    length = max(words or SEEN_WORDS * area(place.box) * grid[0] * grid[1], LEAST_WORDS)
    shrink = (1 - LENGTH_WEIGHT) / (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * length / TYPICAL_WORDS)
    kind = HEADING_WORTH if place.kind == "heading" else 1.0
    return float(min(1.0, question.weights @ best * shrink * kind))


def _evidence(
    box: Box, seen: Float[np.ndarray, "words h w"], read: Float[np.ndarray, "words inside"]
) -> Float[np.ndarray, " words"]:
    """The best evidence for each word inside a box."""
    best = read.max(axis=1) if read.shape[1] else np.zeros(len(read), dtype=np.float32)
    down, across = cells_of(box, seen.shape[1:])
    part = seen[:, down, across].reshape(len(seen), -1)
    if part.shape[1]:
        best = np.maximum(best, part.max(axis=1))
    return best


def cells_of(box: Box, grid: Sequence[int]) -> tuple[slice, slice]:
    """Rows and columns of the cells that lie in a box by two thirds, one at the least."""
    h, w = grid

    def cut(low: float, high: float, n: int) -> slice:
        start = min(max(int(np.floor(low * n + 1 / 3)), 0), max(n - 1, 0))
        return slice(start, max(int(np.ceil(high * n - 1 / 3)), start + 1))

    return cut(box[1], box[3], h), cut(box[0], box[2], w)


def _inside(box: Box, page: Sequence[PageWord]) -> list[int]:
    """The words whose middle lies in a box."""
    x0, y0, x1, y1 = box
    return [
        i
        for i, word in enumerate(page)
        if x0 <= (word.box[0] + word.box[2]) / 2 <= x1
        and y0 <= (word.box[1] + word.box[3]) / 2 <= y1
    ]
