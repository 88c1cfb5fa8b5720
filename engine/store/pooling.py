"""Fewer rows a page, from the start: what a library keeps of what the encoder gives."""

from dataclasses import dataclass

import numpy as np

from ..encode.protocol import PageEncoder, Vectors
from ..errors import EngineError
from ..score.pool import groups_of, mean_rows, wanted
from .sides import PIXELS, Side

FACTORS = (1, 2, 3, 4)
COMPACT_ROWS = 40  # 10.2 KB in float16; with 1-bit codes and a page's one vector below 12 KB


@dataclass(frozen=True)
class Pooling:
    """How many rows a page keeps: one in `factor`, and no more than `most` (None: any number).

    `places`: a row that stands for several still knows the cells of all of them, 4 bytes each, so
    that heat maps and regions show them; else the one that is most like it. It changes what is
    stored, so it is part of the library's fingerprint.
    """

    factor: int = 1
    most: int | None = None
    places: bool = True

    def __post_init__(self) -> None:
        if self.factor not in FACTORS:
            raise EngineError(f"pooling={self.factor!r}: choose 1 (none), 2, 3 or 4")
        if self.most is not None and self.most < 1:
            raise EngineError(f"most={self.most!r}: keep at least one row of a page, or None: all")

    def __str__(self) -> str:
        return ("all rows" if self.factor == 1 else f"1 of {self.factor} rows") + (
            "" if self.most is None else f", at most {self.most}"
        )

    def apply(self, vectors: Vectors) -> Vectors:
        """The same page with the means of rows that are alike."""
        rows = vectors.multi
        count = wanted(len(rows), self.factor, self.most)
        if count == len(rows) or not np.isfinite(rows).all():  # those are refused when written
            return vectors
        groups = groups_of(rows, count)
        means = mean_rows(rows, groups)
        if self.places:
            owners = groups.astype(np.int16)
            return Vectors(means, vectors.dense, vectors.cells, vectors.grid, owners=owners)
        alike = np.einsum("pd,pd->p", rows.astype(np.float32), means[groups].astype(np.float32))
        order = np.lexsort((-alike, groups))
        firsts = order[np.searchsorted(groups[order], np.arange(len(means)))]
        return Vectors(means, vectors.dense, vectors.cells[firsts], vectors.grid)


WHOLE = Pooling()  # every row
COMPACT = Pooling(most=COMPACT_ROWS, places=False)


def usual_pooling(encoder: PageEncoder, side: Side = PIXELS) -> Pooling:
    """What a library of this encoder keeps when nothing is asked for.

    Every row, unless the encoder says how many of a picture are best (`most_rows`, 0: all).
    """
    if side != PIXELS:
        return WHOLE
    return Pooling(most=getattr(encoder, "most_rows", 0) or None)
