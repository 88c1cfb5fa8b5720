"""Two passes over 1-bit codes: signs of the query for all pages, finer numbers for the likely ones.

By signs alone the true top ten may lie anywhere in the first few hundred; nobody wants to score so
many exactly. But it hardly ever lies outside the first eighth. So a quick pass keeps that eighth,
and the pass that costs four times as much looks at nothing else.
"""

import numpy as np
from jaxtyping import Float, Int

from .asked import Asked
from .bits import BitCodes, score_bits

LEAST = 1_024  # pages that the second pass looks at, if there are so many
SHARE = 8  # and at one in so many of all


def sift_bits(
    query: Asked,
    pages: BitCodes,
    threads: int | None,
    chosen: Int[np.ndarray, " k"] | None = None,
) -> Float[np.ndarray, "m k"]:
    """Estimate the chosen pages (all by default) by every query, float32.

    Pages of the second pass have the estimate of `score_bits`. The others have that of the first,
    moved by what the two differ on average, and never above the least of the second.
    """
    index = np.arange(len(pages)) if chosen is None else np.asarray(chosen, dtype=np.int64)
    kept = max(LEAST, len(index) // SHARE)
    if kept >= len(index):
        return score_bits(query, pages, threads, index)
    scores = score_bits(query, pages, threads, index, planes=1)
    for i, rough in enumerate(scores):
        best = np.argpartition(-rough, kept)[:kept]
        [fine] = score_bits(query.one(i), pages, threads, index[best])
        full = np.isfinite(fine)  # pages without rows are -inf in both
        if full.any():
            moved = rough + (fine[full] - rough[best][full]).mean()
            rough[:] = np.minimum(moved, fine[full].min())
        rough[best] = fine
    return scores
