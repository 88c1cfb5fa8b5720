"""What is learnt from. Items are texts, or what else the encoder's `encode` takes."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor

Item = Hashable


@dataclass(frozen=True)
class Pair:
    """A query, what answers it, and answers known to be wrong. `kind`: pairs of one kind share
    their steps, so that a text is not told from a page by being a text."""

    query: Item
    right: Item
    wrong: tuple[Item, ...] = ()
    kind: str = "text"


@dataclass(frozen=True)
class Scored:
    """Two texts and how alike they are; any scale will do, only the order counts."""

    first: Item
    second: Item
    score: float
    kind: str = "scored"


Example = Pair | Scored


class Known:
    """Which items answer a query, of all that is trained on."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._right: dict[Item, set[Item]] = {}
        for example in examples:
            if isinstance(example, Pair):
                self._right.setdefault(example.query, set()).add(example.right)

    def table(self, queries: Sequence[Item], candidates: Sequence[Item]) -> Bool[Tensor, "n m"]:
        """True where a candidate is a right answer, or the query itself."""
        return torch.tensor(
            [
                [other in self._right.get(query, ()) or other == query for other in candidates]
                for query in queries
            ]
        )
