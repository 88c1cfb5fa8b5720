"""Query rows laid out for the fused kernel (lanes.py), and who may use it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Int

from .lanes import SIZE, TAKES, TALLEST, Kind, Shape, best_module
from .machine import compiled, features
from .workers import scratch

LEAST_ROWS, MOST_ROWS = 8_400, 67_200  # of a block: a call costs 0.03 ms, as much as 600 rows

NO_SHIFT = np.zeros(0, np.int32)

# (places of pages, the slice that their rows lie in) -> [query row, page]: the largest product.
Best = Callable[[np.ndarray, slice], np.ndarray]

_made: dict[Shape, Any] = {}
_lock = threading.Lock()


def shape_here(kind: Kind) -> Shape | None:
    """What suits this processor; None where nothing is quicker than torch.

    Without F16C each float16 would be widened by a call.
    """
    has = features()
    if kind not in SIZE:
        return None
    if kind == "int8":
        if {"avx512f", "avx512bw", "avx512vnni"} <= has:
            return Shape(kind, 16)
        return Shape(kind, 8) if "avx2" in has else None
    if {"avx512f", "avx512bw"} <= has:
        return Shape(kind, 16)
    return Shape(kind, 8) if {"avx2", "fma", "f16c"} <= has else None


def best_kernel(shape: Shape) -> Any:
    """The compiled function (0.2 s the first time); it releases the GIL while it runs."""
    with _lock:
        if shape not in _made:
            without = "" if shape.lanes == 16 else "-avx512f"
            module = best_module(shape)
            _made[shape] = compiled(module, "best", TAKES, optimise=False, without=without)
        return _made[shape]


def block_rows(rows: int) -> int:
    """Page rows that one thread takes at once: few calls, and yet all threads end together."""
    return min(MOST_ROWS, max(LEAST_ROWS, rows // 16))


@dataclass(frozen=True)
class Tiled:
    """Query rows, in tiles that the kernel keeps in registers; `tile` queries at a time."""

    shape: Shape
    table: Int[np.ndarray, "tiles 2"]  # first row, rows
    query: np.ndarray  # per tile [step, row], as 32 bits
    steps: int
    count: int
    shift: Int[np.ndarray, " rows"]  # what int8 results are too large by

    def best(
        self, rows: np.ndarray, first: Int[np.ndarray, " n"], last: Int[np.ndarray, " n"]
    ) -> np.ndarray:
        """[query row, page]: float32, or int32 for int8.

        Page i is rows[first[i] : last[i]] and has rows. All results of a page whose rows are not
        finite are NaN.
        """
        import torch

        first, last = (np.ascontiguousarray(side, dtype=np.int64) for side in (first, last))
        out = np.empty((len(first), self.count), np.int32 if self._exact else np.float32)
        block = self.shape.rows * rows.shape[1]
        turned = scratch("turned", (2, block * max(4, SIZE[self.shape.kind])), torch.uint8)
        tops = scratch("tops", (self.count + 1, self.shape.vector), torch.uint8)
        best_kernel(self.shape)(
            len(first), first.ctypes.data, last.ctypes.data, rows.ctypes.data, len(self.table),
            self.table.ctypes.data, self.query.ctypes.data, turned.data_ptr(), tops.data_ptr(),
            out.ctypes.data, self.steps, self.count,
        )  # fmt: skip
        return (out - self.shift).T if self.shift.any() else out.T

    @property
    def _exact(self) -> bool:
        return self.shape.kind == "int8"


def tiled(query: np.ndarray, rows: np.ndarray, shape: Shape | None = None) -> Tiled | None:
    """The rows of queries for pages like `rows`; None where torch has to do it.

    query: float32 [q, d] for floats, int8 for int8. That is so on other processors, for no query
    rows at all, and for widths that are not whole vectors.
    """
    shape = shape or shape_here(cast(Kind, rows.dtype.name))
    q, dim = query.shape
    if not q or shape is None or not rows.flags.c_contiguous:
        return None
    if not dim or dim * SIZE[shape.kind] % shape.vector:
        return None
    if shape.widened:
        query = query.reshape(q, -1, 2, 2).swapaxes(2, 3).astype(np.int16).reshape(q, dim)
    words = np.ascontiguousarray(query).view(np.int32)  # float32, four int8 or two int16
    tallest = TALLEST[shape.lanes]
    parts = np.array_split(np.arange(q), -(-q // tallest))  # alike to within one row
    table = np.array([[part[0], len(part)] for part in parts], dtype=np.int64)
    laid = np.concatenate([words[part].T.reshape(-1) for part in parts])
    # int8: one side goes in without sign, see `best_module`.
    shifted = shape.kind == "int8" and not shape.widened
    shift = 128 * query.sum(axis=1, dtype=np.int32) if shifted else NO_SHIFT
    return Tiled(shape, table, laid, words.shape[1], q, shift)


def fused(query: np.ndarray, rows: np.ndarray, offsets: Int[np.ndarray, " n_and_1"]) -> Best | None:
    """The best row of the pages at some places, by the kernel; None where torch has to do it."""
    laid = tiled(query, rows)
    if laid is None:
        return None
    return lambda own, _: laid.best(rows, offsets[own], offsets[own + 1])
