"""Whole pages that are scored together."""

import numpy as np
from jaxtyping import Int


def blocks(lengths: Int[np.ndarray, " n"], limit: int) -> list[slice]:
    """Runs of whole pages of at most `limit` rows together; a longer page is a run of its own."""
    ends = np.cumsum(lengths)
    found: list[slice] = []
    start = 0
    while start < len(lengths):
        before = int(ends[start - 1]) if start else 0
        stop = int(np.searchsorted(ends, before + limit, side="right"))
        found.append(slice(start, max(stop, start + 1)))
        start = found[-1].stop
    return found


def filled_blocks(
    offsets: Int[np.ndarray, " n_and_1"], limit: int
) -> list[tuple[Int[np.ndarray, " m"], slice]]:
    """The pages that have rows, in blocks: their indices, and the slice of rows they lie in."""
    lengths = np.diff(offsets)
    filled = np.flatnonzero(lengths)
    found = []
    for block in blocks(lengths[filled], limit):
        own = filled[block]
        found.append((own, slice(int(offsets[own[0]]), int(offsets[own[-1] + 1]))))
    return found
