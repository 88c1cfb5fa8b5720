"""Fewer rows a page, from the start: what a library keeps of what the encoder gives."""

from dataclasses import dataclass

import numpy as np

from ..encode.protocol import Vectors
from ..errors import EngineError
from ..score.pool import groups_of, mean_rows, wanted

FACTORS = (1, 2, 3, 4)
COMPACT_ROWS = 40  # 10.2 KB in float16; with 1-bit codes and a page's one vector below 12 KB


@dataclass(frozen=True)
class Pooling:
    """How many rows a page keeps: one in `factor`, and if `compact` no more than 40.

    It changes what is stored, so it is part of the library's fingerprint.
    """

    factor: int = 1
    compact: bool = False

    def __post_init__(self) -> None:
        if self.factor not in FACTORS:
            raise EngineError(f"pooling={self.factor!r}: choose 1 (none), 2, 3 or 4")

    @property
    def most(self) -> int | None:
        return COMPACT_ROWS if self.compact else None

    def __str__(self) -> str:
        return ("all rows" if self.factor == 1 else f"1 of {self.factor} rows") + (
            f", at most {self.most}" if self.compact else ""
        )

    def apply(self, vectors: Vectors) -> Vectors:
        """Each kept row looks at the cell of that of its rows which is most like it."""
        rows = vectors.multi
        count = wanted(len(rows), self.factor, self.most)
        if count == len(rows) or not np.isfinite(rows).all():  # those are refused when written
            return vectors
        groups = groups_of(rows, count)
        means = mean_rows(rows, groups)
        alike = np.einsum("pd,pd->p", rows.astype(np.float32), means[groups].astype(np.float32))
        order = np.lexsort((-alike, groups))
        firsts = order[np.searchsorted(groups[order], np.arange(len(means)))]
        return Vectors(means, vectors.dense, vectors.cells[firsts], vectors.grid)


WHOLE = Pooling()  # every row
