"""How much of a question one passage of a page answers to: the signal that relevance is made of."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from .words import likeness, words_like

PASSAGE = 60  # words: a paragraph, or a table row with its head


def read_coverage(
    keys: Sequence[str], weights: Float[np.ndarray, " words"], text: str
) -> tuple[float, tuple[int, int]]:
    """The share of the question's weight that the best passage of `text` holds, in [0, 1], and
    which letters that passage spans.

        coverage = max over passages of sum over words of weight * (is it, or a form of it, there)

    `weights` sum to 1. A passage is `PASSAGE` words in a row; the first of equal ones counts.
    """
    found: list[tuple[int, int, int, Float[np.ndarray, " words"]]] = []
    known: dict[str, Float[np.ndarray, " words"] | None] = {}
    for place, word in words_like(keys, text):
        if word.key not in known:
            alike = np.array([likeness(key, word.key) for key in keys])
            known[word.key] = alike if alike.any() else None
        alike_here = known[word.key]
        if alike_here is not None:
            found.append((place, word.start, word.end, alike_here))
    best, span = 0.0, (0, 0)
    for first, (place, start, _, _) in enumerate(found):
        held = np.zeros(len(keys))
        for other, _, end, alike_here in found[first:]:
            if other - place >= PASSAGE:
                break
            held = np.maximum(held, alike_here)
            covered = float(weights @ held)
            if covered > best + 1e-9:
                best, span = covered, (start, end)
    return min(best, 1.0), span


def seen_coverage(
    weights: Float[np.ndarray, " words"], maps: Float[np.ndarray, "words h w"]
) -> float:
    """The share of the question's weight that is seen on a page, in [0, 1]: the best cell of each
    word, wherever it is."""
    if not maps.size:
        return 0.0
    return float(np.clip(weights @ maps.reshape(len(maps), -1).max(axis=1), 0, 1))
