"""1-bit codes of rotated, centred rows: a fifteenth of float16, for finding candidates.

A row less the centre, turned by a fixed random rotation, keeps the sign of each of its numbers
and one factor: the one for which factor * signs comes closest to the row. The rotation spreads
what a row holds evenly over its numbers, so that signs tell most. The query is not cut to signs:
it keeps the 16 odd levels that four planes of bits give, and scores are counted bits. On 1,122
real pages the first 200 held .975 of the true top ten so (as with a float query), .925 with one
plane, which costs half: a first pass by signs alone does not pay. One factor a row matters as
much: .924 without. Source of rotation, centre and factors: RaBitQ (Gao and Long 2024).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, Float16, Int, UInt32

from .asked import Asked
from .blocks import blocks
from .packed import Packed
from .popcount import LANES, PLANES, TOGETHER, scan_kernel
from .workers import each

WORD = 32  # bits
SEED = 20_240  # of the rotation: part of what the codes are, so it never changes
PAGES = 256  # scored by one thread at a time


@dataclass(frozen=True)
class BitCodes:
    """Signs and factors of n pages, in blocks of 16 rows.

    Page i has blocks `offsets[i]` to `offsets[i + 1]`; its last row is repeated to fill its last
    block, which changes no maximum. words: the signs, [block, word, row in block]. factors:
    [block, row in block]. centre: what was taken off every row.
    """

    words: UInt32[np.ndarray, "b w lanes"]
    factors: Float16[np.ndarray, "b lanes"]
    offsets: Int[np.ndarray, " n_and_1"]
    centre: Float[np.ndarray, " d"]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def dim(self) -> int:
        return len(self.centre)

    @property
    def nbytes(self) -> int:
        return self.words.nbytes + self.factors.nbytes


@cache
def rotation(dim: int) -> Float[np.ndarray, "d turned"]:
    """Orthonormal rows, the same everywhere to 1e-6; `turned` is dim rounded up to whole words."""
    turned = -(-dim // WORD) * WORD
    noise = np.random.default_rng(SEED).normal(size=(turned, turned))
    q, r = np.linalg.qr(noise)
    whole = q * np.sign(np.diag(r))  # so that there is one answer
    part: Float[np.ndarray, "d turned"] = np.ascontiguousarray(whole[:dim], dtype=np.float32)
    return part


def encode_bits(pages: Packed, centre: Float[np.ndarray, " d"] | None = None) -> BitCodes:
    """`centre` is by default the mean of all rows.

    Raises ValueError naming the first page with a row that is not finite.
    """
    if centre is None:
        mean = pages.rows.mean(axis=0, dtype=np.float64) if len(pages.rows) else np.zeros(pages.dim)
        centre = np.nan_to_num(mean).astype(np.float32)
    counts = -(-pages.lengths // LANES)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    turn = rotation(pages.dim)
    words = np.empty((int(offsets[-1]), turn.shape[1] // WORD, LANES), dtype=np.uint32)
    factors = np.empty((int(offsets[-1]), LANES), dtype=np.float16)
    for i in np.flatnonzero(pages.lengths):
        page = pages.page(int(i)).astype(np.float32)
        if not np.isfinite(page).all():
            raise ValueError(f"page {i} has rows that are not finite: encode it again")
        turned = (page - centre) @ turn
        filled = np.minimum(np.arange(counts[i] * LANES), len(page) - 1)
        signs = np.packbits(turned > 0, axis=1, bitorder="little").view("<u4")[filled]
        own = slice(offsets[i], offsets[i + 1])
        words[own] = signs.reshape(counts[i], LANES, -1).transpose(0, 2, 1)
        factors[own] = np.abs(turned).mean(axis=1)[filled].reshape(counts[i], LANES)
    return BitCodes(words, factors, offsets, centre)


def decode_bits(pages: BitCodes) -> Packed:
    """The rows that the codes stand for (those repeated to fill a block too), float32."""
    octets = pages.words.transpose(0, 2, 1).reshape(-1, pages.words.shape[1]).copy().view(np.uint8)
    signs = np.unpackbits(octets, axis=1, bitorder="little").astype(np.float32) * 2 - 1
    rows = (signs * pages.factors.reshape(-1, 1)) @ rotation(pages.dim).T + pages.centre
    return Packed(rows.astype(np.float32), pages.offsets * LANES)


def score_bits(
    query: Asked,
    pages: BitCodes,
    threads: int | None,
    chosen: Int[np.ndarray, " k"] | None = None,
    planes: int = PLANES,
) -> Float[np.ndarray, "m k"]:
    """Estimate the chosen pages (all by default) by every query, float32.

    This is MaxSim with the decoded rows, but for the rounding of the query to `planes` bits, from
    1 to 4 (`levels`): one takes a quarter of the time of four.
    """
    index = np.arange(len(pages)) if chosen is None else chosen
    index = np.ascontiguousarray(index, dtype=np.int64)
    scores = np.empty((len(query), len(index)), dtype=np.float32)
    for i in range(len(query)):
        rows = query.rows[query.starts[i] : query.starts[i + 1]]
        whole, scales = levels(rows @ rotation(pages.dim), planes)
        _scan(pages, index, _planes(whole, planes), scales, scores[i], threads)
        scores[i] += (rows.astype(np.float64) @ pages.centre).sum()
    return scores


def levels(
    rows: Float[np.ndarray, "q d"], planes: int = PLANES
) -> tuple[Int[np.ndarray, "q d"], Float[np.ndarray, " q"]]:
    """Rows as odd numbers within 2**planes, and for each row the scale that fits them best."""
    most = 2**planes
    step = np.maximum(np.abs(rows).max(axis=1, initial=0, keepdims=True), 1e-30) * 2 / most
    whole = 2 * np.floor(rows / step).astype(np.int64).clip(-most // 2, most // 2 - 1) + 1
    scales = (whole * rows).sum(axis=1) / (whole * whole).sum(axis=1)
    return whole, scales.astype(np.float32)


def _planes(whole: Int[np.ndarray, "q d"], planes: int) -> UInt32[np.ndarray, "q planes w"]:
    """Bit b of (number + largest) / 2; a set bit stands for +1, a clear one for -1."""
    plain = (whole + 2**planes - 1) // 2
    bits = (plain[:, None, :] >> np.arange(planes)[None, :, None]) & 1
    packed: UInt32[np.ndarray, "q planes w"] = np.packbits(
        bits.astype(bool), axis=2, bitorder="little"
    ).view("<u4")
    return packed


def _scan(
    pages: BitCodes,
    index: Int[np.ndarray, " k"],
    query: UInt32[np.ndarray, "q planes w"],
    scales: Float[np.ndarray, " q"],
    out: Float[np.ndarray, " k"],
    threads: int | None,
) -> None:
    planes = query.shape[1]
    kernel = scan_kernel(query.shape[2], planes)
    more = -len(query) % TOGETHER[planes]  # rows of no weight
    query = np.ascontiguousarray(np.pad(query, ((0, more), (0, 0), (0, 0))))
    scales = np.pad(scales, (0, more))
    offsets = np.ascontiguousarray(pages.offsets, dtype=np.int64)

    def scan(part: slice) -> None:
        own, found = index[part], out[part]
        kernel(
            len(own), own.ctypes.data, offsets.ctypes.data, pages.words.ctypes.data,
            pages.factors.ctypes.data, len(query), query.ctypes.data, scales.ctypes.data,
            found.ctypes.data,
        )  # fmt: skip

    each(scan, blocks(np.ones(len(index), dtype=np.int64), PAGES), threads)
