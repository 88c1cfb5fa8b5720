"""What a random order of the pages is worth: exact, so that no seed moves the first row."""

from collections.abc import Sequence
from math import comb, log2

from .measures import DEPTH


def expected(grades: Sequence[int], n: int, lost: Sequence[int] = ()) -> dict[str, float]:
    """The mean of every measure over all orders of `n` pages.

    `grades` are the judged pages among the n (unjudged ones count 0); `lost` are judged pages
    that are not among them, which no order can find but which the measures still ask for.
    Needs n >= len(grades); with n = 0 everything is 0.

    Each place holds each page equally often, so a place's mean gain is the mean grade. The first
    relevant page stands at place i in comb(n - i, r - 1) of the comb(n, r) ways to place r.
    """
    gains = [max(grade, 0) for grade in grades]
    ideal = sorted([*gains, *(max(grade, 0) for grade in lost)], reverse=True)
    relevant = sum(gain >= 1 for gain in gains)
    asked = sum(gain >= 1 for gain in ideal)

    def ndcg(k: int) -> float:
        best = sum(gain / log2(place + 2) for place, gain in enumerate(ideal[:k]))
        if not n or not best:
            return 0.0
        return sum(gains) / n * sum(1 / log2(place + 2) for place in range(min(k, n))) / best

    def recall(k: int) -> float:
        return relevant / asked * min(k, n) / n if n and asked else 0.0

    def reciprocal() -> float:
        places = range(1, min(DEPTH, n) + 1) if relevant else range(0)
        return sum(comb(n - i, relevant - 1) / (i * comb(n, relevant)) for i in places)

    return {
        "nDCG@5": ndcg(5),
        "nDCG@10": ndcg(10),
        "recall@1": recall(1),
        "recall@5": recall(5),
        "recall@10": recall(10),
        "MRR@10": reciprocal(),
    }
