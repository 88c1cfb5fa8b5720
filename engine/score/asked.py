"""Queries, checked once at the edge and laid one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Asked:
    """The rows of m queries. Query i is `rows[starts[i] : starts[i + 1]]`; it may have no rows."""

    rows: Float[np.ndarray, "q d"]
    starts: Int[np.ndarray, " m_and_1"]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def one(self, index: int) -> "Asked":
        """A query by itself."""
        rows = self.rows[self.starts[index] : self.starts[index + 1]]
        return Asked(rows, np.array([0, len(rows)]))

    def sums(self, best: Float[np.ndarray, "q n"]) -> Float[np.ndarray, "m n"]:
        """Per query the sum over its rows, float32."""
        sums = np.zeros((len(self), best.shape[1]), dtype=np.float32)
        for i in range(len(self)):
            best[self.starts[i] : self.starts[i + 1]].sum(axis=0, out=sums[i])
        return sums


def asked(queries: Sequence[Float[np.ndarray, "_ d"]], dim: int) -> Asked:
    """float32 and contiguous. Raises ValueError for rows that cannot be compared with pages."""
    for query in queries:
        if query.ndim != 2:
            raise ValueError(f"a query is rows [q, d], got shape {query.shape}")
        if query.shape[1] != dim:
            raise ValueError(f"query rows have {query.shape[1]} dimensions, page rows {dim}")
        if not np.isfinite(query).all():
            raise ValueError("the query holds numbers that are not finite: encode it again")
    starts = np.concatenate([[0], np.cumsum([len(query) for query in queries])]).astype(np.int64)
    rows = np.concatenate([*queries, np.zeros((0, dim))]).astype(np.float32)
    return Asked(rows, starts)
