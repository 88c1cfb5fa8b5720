"""What one page shows and says of the words of a question. Pure functions on arrays."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from quire.ingest.page import Word as PageWord

from ..encode.protocol import Vectors
from .question import Question
from .words import likeness
from .words import words as words_of

# Cosines of one page times rows of one question: [q, p] in float32, a few megabytes at most.


def seen_cells(vectors: Vectors) -> Bool[np.ndarray, "h w"]:
    """The cells that have a row; blank ones have none."""
    h, w = vectors.grid
    seen = np.zeros(h * w, dtype=bool)
    seen[vectors.cells[vectors.cells >= 0]] = True
    return seen.reshape(h, w)


def seen_maps(question: Question, vectors: Vectors) -> Float[np.ndarray, "words h w"]:
    """How much each cell looks like each word, in [0, 1].

        evidence(row, cell) = (cosine - low) / (high - low), cut to [0, 1]
        evidence(word, cell) = mean over the word's rows, weighted by their lengths

    Pieces of one word may stand in neighbouring cells, so a word of several rows lets each of
    them be found one cell to the left or right. Cells without a row, and rows without a cell
    (special tokens of some families), have no part.
    """
    h, w = vectors.grid
    maps = np.zeros((len(question.words), h, w), dtype=np.float32)
    if not h * w or not len(question.words):
        return maps
    placed = vectors.cells >= 0
    cosines = question.rows @ vectors.multi.T.astype(np.float32)
    rise = (question.high - question.low)[:, None]
    rows = np.zeros((len(question.rows), h * w), dtype=np.float32)
    found = np.clip((cosines - question.low[:, None]) / rise, 0, 1)
    np.maximum.at(rows.T, vectors.cells[placed], found.T[vectors.looking[placed]])
    planes = rows.reshape(-1, h, w)
    seen = seen_cells(vectors)
    for place, own in enumerate(question.belongs):
        weights = question.lengths[own]
        if weights.sum() > 0:
            near = _beside(planes[own]) if own.sum() > 1 else planes[own]
            maps[place] = np.einsum("r,rhw->hw", weights / weights.sum(), near) * seen
    return maps


def read_hits(
    question: Question, page: Sequence[PageWord]
) -> Float[np.ndarray, "words page_words"]:
    """How much each word of the text layer is each word of the question, in [0, 1]."""
    hits = np.zeros((len(question.words), len(page)), dtype=np.float32)
    known: dict[str, Float[np.ndarray, " words"]] = {}
    for place, written in enumerate(page):
        for word in words_of(written.text):
            if word.key not in known:
                alike = [likeness(asked.key, word.key) for asked in question.words]
                known[word.key] = np.array(alike, dtype=np.float32)
            hits[:, place] = np.maximum(hits[:, place], known[word.key])
    return hits


def _beside(planes: Float[np.ndarray, "r h w"]) -> Float[np.ndarray, "r h w"]:
    """The best of each cell and its neighbours left and right."""
    wide = planes.copy()
    wide[:, :, 1:] = np.maximum(wide[:, :, 1:], planes[:, :, :-1])
    wide[:, :, :-1] = np.maximum(wide[:, :, :-1], planes[:, :, 1:])
    return wide
