"""int8 codes: half of float16, four times the speed, and nearly the same order of pages."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int, Int8, Int32

from .asked import Asked
from .blocks import filled_blocks
from .machine import features
from .packed import Packed, offsets_of
from .tiles import Best, block_rows, fused
from .workers import each, scratch, tensor

if TYPE_CHECKING:
    import torch

BLOCK_ROWS = 8_400
BLOCK_PRODUCTS = 1 << 24
LARGEST = 127
QUICK = frozenset({"avx512vnni", "avxvnni", "amx-int8"})


@dataclass(frozen=True)
class Int8Codes:
    """Rows of n pages as int8; a row of page i is `codes * scales[i]`, to within half a step.

    One scale a page, its largest magnitude / 127, so that the maximum over a page's rows can be
    taken of whole numbers. For a query row q and a page row x of length 1,

        |q . x - estimate| <= |q|_1 * scale / 2 + |q|_max / 127 / 2 * (sqrt(d) + d * scale / 2)

    and the error of a score is at most the sum of that over the query's rows.
    """

    codes: Int8[np.ndarray, "r d"]
    offsets: Int[np.ndarray, " n_and_1"]
    scales: Float[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.scales)

    @property
    def dim(self) -> int:
        return int(self.codes.shape[1])

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes + self.scales.nbytes

    def select(self, chosen: Int[np.ndarray, " k"]) -> "Int8Codes":
        """The chosen pages in this order, a copy."""
        spans = [slice(self.offsets[i], self.offsets[i + 1]) for i in chosen]
        codes = np.concatenate([self.codes[:0], *(self.codes[span] for span in spans)])
        return Int8Codes(codes, offsets_of(np.diff(self.offsets)[chosen]), self.scales[chosen])


def encode_int8(pages: Packed) -> Int8Codes:
    """Raises ValueError naming the first page with a row that is not finite."""
    codes = np.empty(pages.rows.shape, dtype=np.int8)
    scales = np.ones(len(pages), dtype=np.float32)
    for i in range(len(pages)):
        page = pages.page(i).astype(np.float32)
        largest = np.abs(page).max(initial=0.0)
        if not np.isfinite(largest):
            raise ValueError(f"page {i} has rows that are not finite: encode it again")
        if largest > 0:
            scales[i] = largest / LARGEST
            codes[pages.offsets[i] : pages.offsets[i + 1]] = np.rint(page / scales[i])
        else:
            codes[pages.offsets[i] : pages.offsets[i + 1]] = 0
    return Int8Codes(codes, pages.offsets, scales)


def score_int8(query: Asked, pages: Int8Codes, threads: int | None) -> Float[np.ndarray, "m n"]:
    """Estimate every page by every query, float32: the same numbers on every processor."""
    scores = np.full((len(query), len(pages)), -np.inf, dtype=np.float32)
    sizes = np.maximum(np.abs(query.rows).max(axis=1, initial=0.0, keepdims=True), 1e-30) / LARGEST
    asked = np.rint(query.rows / sizes).astype(np.int8)
    best, limit = fused(asked, pages.codes, pages.offsets), block_rows(len(pages.codes))
    if best is None:
        best = _product(asked, pages)
        limit = min(BLOCK_ROWS, max(1, BLOCK_PRODUCTS // max(1, len(asked))))

    def score(block: tuple[np.ndarray, slice]) -> None:
        own, rows = block
        # In one layout, for the order in which numpy adds up hangs on it.
        found = best(own, rows).astype(np.float32, order="C") * sizes
        scores[:, own] = query.sums(found) * pages.scales[own]

    if len(asked):
        each(score, filled_blocks(pages.offsets, limit), threads)
    else:
        scores[:, np.diff(pages.offsets) > 0] = 0
    return scores


def _product(asked: Int8[np.ndarray, "q d"], pages: Int8Codes) -> Best:
    """By torch."""
    import torch

    product, given = _whole if _whole_is_right() else _widened, torch.from_numpy(asked)

    def best(own: np.ndarray, rows: slice) -> Int32[np.ndarray, "q some"]:
        starts = pages.offsets[own] - rows.start
        most = np.maximum.reduceat(product(given, pages.codes[rows]), starts, axis=1)
        return most.astype(np.int32)

    return best


def _whole(asked: "torch.Tensor", codes: Int8[np.ndarray, "r d"]) -> np.ndarray:
    """int8 times int8 in int32, by AMX or AVX-512 VNNI where the processor has it."""
    import torch

    rows = tensor(codes)
    out = scratch("whole", (len(asked), len(rows)), torch.int32)
    torch._int_mm(asked, rows.T, out=out)
    found: np.ndarray = out.numpy()
    return found


def _widened(asked: "torch.Tensor", codes: Int8[np.ndarray, "r d"]) -> np.ndarray:
    """The same in floats, whose sums of whole numbers are exact below 2**24 (or 2**53)."""
    import torch

    kind = torch.float32 if codes.shape[1] * LARGEST**2 < 1 << 24 else torch.float64
    found: np.ndarray = (asked.to(kind) @ tensor(codes).to(kind).T).numpy()
    return found


@cache
def _whole_is_right() -> bool:
    """Is this processor's int8 product quick, and does it hold its largest sums?

    Before VNNI, pairs of products were added in 16 bits, where 2 * 255 * 127 does not fit; and
    torch takes ten times as long for it as for a product of floats.
    """
    import torch

    if "avx2" in features() and not features() & QUICK:
        return False
    rows = torch.full((64, 256), LARGEST, dtype=torch.int8)
    rows[1::2] = -LARGEST
    wide = rows.to(torch.int64)
    try:
        return bool((torch._int_mm(rows, rows.T).to(torch.int64) == wide @ wide.T).all())
    except RuntimeError:
        return False
