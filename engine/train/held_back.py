"""How well questions find their pages, before and after."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from quire.adapters.train.encoded import Encoded, joined
from quire.adapters.train.examples import Pair
from quire.adapters.train.late import late_scores

from ..evaluate.interval import Figure, bootstrap
from ..evaluate.measures import DEPTH, measure

MEASURE = "nDCG@10"
TOGETHER = 4  # items that are encoded at once

Encode = Callable[[Sequence[Any], bool], Encoded]


@dataclass(frozen=True)
class Measured:
    """nDCG@10 of each question, over all pages that any of them asks for."""

    values: tuple[float, ...]

    def __str__(self) -> str:
        return f"{MEASURE} {shown(self.figure)}"

    @property
    def figure(self) -> Figure:
        return bootstrap(self.values)

    def gain(self, before: "Measured") -> Figure:
        """By how much a question does better than `before`, with its interval."""
        pairs = zip(self.values, before.values, strict=True)
        return bootstrap([after - once for after, once in pairs])


def shown(figure: Figure) -> str:
    """Mean and 95 % interval."""
    return f"{figure.mean:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def measure_held_back(encode: Encode, pairs: Sequence[Pair]) -> Measured:
    """Rank the pages (or texts) of all pairs by late interaction for each query."""
    pages = list(dict.fromkeys(pair.right for pair in pairs))
    with torch.no_grad():
        seen = _encoded(encode, pages, False)
        scores = late_scores(_encoded(encode, [pair.query for pair in pairs], True), seen).cpu()
    rankings, judgements = {}, {}
    for number, (pair, own) in enumerate(zip(pairs, scores, strict=True)):
        best = torch.argsort(own, descending=True, stable=True)[:DEPTH]
        rankings[str(number)] = [str(int(i)) for i in best]
        judgements[str(number)] = {str(pages.index(pair.right)): 1}
    values = measure(judgements, rankings)
    return Measured(tuple(values[str(i)][MEASURE] for i in range(len(pairs))))


def _encoded(encode: Encode, items: Sequence[Any], query: bool) -> Encoded:
    return joined([encode(items[i : i + TOGETHER], query) for i in range(0, len(items), TOGETHER)])
