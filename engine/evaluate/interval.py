"""How far a mean over questions can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 10_000


@dataclass(frozen=True)
class Figure:
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


def bootstrap(values: Sequence[float], *, seed: int = 0, draws: int = DRAWS) -> Figure:
    """The mean over questions with its percentile bootstrap interval (2.5 to 97.5 %).

    Questions are drawn with replacement, `draws` times; equal input and seed give equal output.
    One value is its own interval; no value raises ValueError, for there is no mean.
    Source: Efron 1979, the percentile method.
    """
    if not values:
        raise ValueError("no values: a mean needs at least one")
    every = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    # How often each question was drawn says all about its resample, and is small in memory.
    counts = rng.multinomial(len(every), np.full(len(every), 1 / len(every)), size=draws)
    low, high = np.percentile(counts @ every / len(every), [2.5, 97.5])
    return Figure(float(every.mean()), float(low), float(high))
