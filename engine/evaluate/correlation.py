"""Rank correlation of a similarity with what people said."""

import numpy as np
from jaxtyping import Float

from .interval import Figure

# Every draw sorts all pairs anew, so fewer than for a plain mean.
DRAWS = 1_000


def ranks(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The place of each value from 1 (smallest); equal values share the mean of their places."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count).astype(np.float64)
    shared: Float[np.ndarray, " n"] = (last - (count - 1) / 2)[place]
    return shared


def spearman(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> float:
    """Pearson's correlation of the ranks, in [-1, 1]; 0 when one side never varies.

    Source: Spearman 1904, with mean ranks for ties.
    """
    x, y = ranks(a), ranks(b)
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size else 0.0


def spearman_interval(
    a: Float[np.ndarray, " n"],
    b: Float[np.ndarray, " n"],
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Figure:
    """Spearman's correlation with its 95 % percentile bootstrap interval over pairs."""
    if len(a) == 0:
        raise ValueError("no pairs: a correlation needs at least one")
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(len(a), size=len(a)) for _ in range(draws)]
    low, high = np.percentile([spearman(a[pick], b[pick]) for pick in drawn], [2.5, 97.5])
    return Figure(spearman(a, b), float(low), float(high))
