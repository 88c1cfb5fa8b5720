"""1-bit codes of rotated, centred rows: a tenth of float16, for finding candidates.

A row less the centre, turned by a fixed random rotation, keeps the sign of each of its numbers
and one factor: the one for which factor * signs comes closest to the row. The rotation spreads
what a row holds evenly over its numbers, so that signs tell most. The query is not cut to signs:
what four of its numbers can add up to is looked up in tables of whole numbers (`look_ups`). One
factor a row matters: on 1,122 real pages the first 200 held .924 of the true top ten without it,
.975 with it, .925 with it and a query cut to signs. Source of rotation, centre and factors:
RaBitQ (Gao and Long 2024).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from jaxtyping import Float, Int, Int16, UInt8

from . import lookup
from .asked import Asked
from .lookup import HALF, LEVELS, ROWS, TOGETHER, scan_kernel, vector_here
from .packed import Packed, offsets_of
from .workers import each

WORD = 32  # bits that a row's code is a multiple of
SEED = 20_240  # of the rotation: part of what the codes are, so it never changes
PAGES = 256  # scored by one thread at a time
LARGEST = 32_767
LINE = 64  # bytes
NUMBERS = 4  # of a query, that are added up in one look-up
MOST_NUMBERS = LARGEST // LEVELS // 8 * 8 * NUMBERS
# Where the rows of a block stand: 0 and 16 beside each other, then 1 and 17, and so on.
_PLACES = np.arange(ROWS).reshape(2, HALF).T.reshape(-1)


@dataclass(frozen=True)
class BitCodes:
    """Signs and factors of n pages, in blocks of 32 rows.

    Page i has blocks `offsets[i]` to `offsets[i + 1]`; its last row is repeated to fill its last
    block, which changes no maximum. octets: the signs, [block, octet, row in block], rows in the
    order of the kernel (`scan_kernel`). factors: [block, row in block], times the page's scale.
    centre: what was taken off every row.
    """

    octets: UInt8[np.ndarray, "b o 32"]
    factors: Int16[np.ndarray, "b 32"]
    scales: Float[np.ndarray, " n"]
    offsets: Int[np.ndarray, " n_and_1"]
    centre: Float[np.ndarray, " d"]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def dim(self) -> int:
        return len(self.centre)

    @property
    def nbytes(self) -> int:
        return self.octets.nbytes + self.factors.nbytes + self.scales.nbytes


# Pages at some places of some codes, and where their estimates go.
Scan = Callable[[BitCodes, np.ndarray, np.ndarray], None]


def octets_of(dim: int) -> int:
    """Bytes of a row's signs."""
    return -(-dim // WORD) * WORD // 8


@cache
def rotation(dim: int) -> Float[np.ndarray, "d turned"]:
    """Orthonormal rows, the same everywhere to 1e-6; `turned` is dim rounded up to whole words."""
    turned = 8 * octets_of(dim)
    noise = np.random.default_rng(SEED).normal(size=(turned, turned))
    q, r = np.linalg.qr(noise)
    whole = q * np.sign(np.diag(r))  # so that there is one answer
    part: Float[np.ndarray, "d turned"] = np.ascontiguousarray(whole[:dim], dtype=np.float32)
    return part


def encode_bits(pages: Packed, centre: Float[np.ndarray, " d"] | None = None) -> BitCodes:
    """`centre` is by default the mean of all rows.

    Raises ValueError naming the first page with a row that is not finite, and for rows of more
    than 8,736 numbers, whose sums would not fit.
    """
    if pages.dim > MOST_NUMBERS:
        raise ValueError(f"rows of {pages.dim} numbers: 1-bit codes hold at most {MOST_NUMBERS}")
    if centre is None:
        mean = pages.rows.mean(axis=0, dtype=np.float64) if len(pages.rows) else np.zeros(pages.dim)
        centre = np.nan_to_num(mean).astype(np.float32)
    counts = -(-pages.lengths // ROWS)
    offsets = offsets_of(counts)
    turn = rotation(pages.dim)
    octets = np.empty((int(offsets[-1]), octets_of(pages.dim), ROWS), dtype=np.uint8)
    factors = np.zeros((int(offsets[-1]), ROWS), dtype=np.int16)
    scales = np.ones(len(pages), dtype=np.float32)
    for i in np.flatnonzero(pages.lengths):
        page = pages.page(int(i)).astype(np.float32)
        if not np.isfinite(page).all():
            raise ValueError(f"page {i} has rows that are not finite: encode it again")
        turned = (page - centre) @ turn
        filled = np.minimum(np.arange(counts[i] * ROWS), len(page) - 1).reshape(-1, ROWS)
        own = slice(offsets[i], offsets[i + 1])
        signs = np.packbits(turned > 0, axis=1, bitorder="little")[filled[:, _PLACES]]
        octets[own] = signs.transpose(0, 2, 1)
        sizes = np.abs(turned).mean(axis=1)
        if sizes.max() > 0:
            scales[i] = sizes.max() / LARGEST
            factors[own] = np.rint(sizes / scales[i])[filled]
    return BitCodes(octets, factors, scales, offsets, centre)


def decode_bits(pages: BitCodes) -> Packed:
    """The rows that the codes stand for (those repeated to fill a block too), float32."""
    turned = [_turned(pages, i) for i in range(len(pages))]
    rows = np.concatenate([np.zeros((0, pages.octets.shape[1] * 8), np.float32), *turned])
    return Packed(rows @ rotation(pages.dim).T + pages.centre, pages.offsets * ROWS)


def _turned(pages: BitCodes, i: int) -> Float[np.ndarray, "rows turned"]:
    """Signs times factors of a page, float32."""
    own = slice(pages.offsets[i], pages.offsets[i + 1])
    standing = np.empty_like(pages.octets[own])
    standing[:, :, _PLACES] = pages.octets[own]
    octets = np.ascontiguousarray(standing.transpose(0, 2, 1)).reshape(-1, standing.shape[1])
    signs = np.unpackbits(octets, axis=1, bitorder="little").astype(np.float32) * 2 - 1
    turned: Float[np.ndarray, "rows turned"] = signs
    turned *= pages.factors[own].reshape(-1, 1) * pages.scales[i]
    return turned


def score_bits(query: Asked, pages: BitCodes, threads: int | None) -> Float[np.ndarray, "m n"]:
    """Estimate all pages by every query, float32; `scan_bits` says how."""
    return scan_bits(query, [(pages, np.arange(len(pages)))], threads)[0]


def scan_bits(
    query: Asked,
    parts: Sequence[tuple[BitCodes, Int[np.ndarray, " k"]]],
    threads: int | None,
) -> list[Float[np.ndarray, "m k"]]:
    """Estimate pages at some places in several sets of codes by every query, float32.

    This is MaxSim with the decoded rows, but for the rounding of what is looked up (`look_ups`)
    and of products to 15 bits. All sets are of rows of the same width.
    """
    scores = [np.empty((len(query), len(index)), dtype=np.float32) for _, index in parts]
    for i in range(len(query)):
        _scan_one(query.one(i).rows, parts, [own[i] for own in scores], threads)
    return scores


def _scan_one(
    rows: Float[np.ndarray, "q d"],
    parts: Sequence[tuple[BitCodes, Int[np.ndarray, " k"]]],
    scores: Sequence[Float[np.ndarray, " k"]],
    threads: int | None,
) -> None:
    """Fills in the scores of one query."""
    scan = scanning(rows @ rotation(rows.shape[1]))
    work = [
        (codes, index[at : at + PAGES], own[at : at + PAGES])
        for (codes, index), own in zip(parts, scores, strict=True)
        for at in range(0, len(index), PAGES)
    ]
    each(lambda some: scan(*some), work, threads)
    for (codes, _), own in zip(parts, scores, strict=True):
        own += (rows.astype(np.float64) @ codes.centre).sum()


def look_ups(
    rows: Float[np.ndarray, "q d"],
) -> tuple[UInt8[np.ndarray, "q fours 16"], Int[np.ndarray, " q"], Float[np.ndarray, " q"]]:
    """For each four numbers of a row and each of the 16 ways to sign them, their sum as a whole
    number; and per row what all sums are too large by together, and the size of a step.

    Sums are rounded to 31 steps between the row's largest and its negative. Bit i of a way says
    that number i is taken as it is, else with the other sign. d is a multiple of four.
    """
    ways = (np.arange(1 << NUMBERS)[:, None] >> np.arange(NUMBERS)) & 1
    fours = rows.reshape(len(rows), rows.shape[1] // NUMBERS, NUMBERS)
    steps = np.abs(fours).sum(axis=2).max(axis=1, initial=0) / LEVELS
    steps = np.maximum(steps, 1e-30)
    whole = np.rint(fours @ (2 * ways - 1).T / steps[:, None, None]).astype(np.int64)
    most = whole.max(axis=2)
    return (whole + most[:, :, None]).astype(np.uint8), most.sum(axis=1), steps.astype(np.float32)


def scanning(turned: Float[np.ndarray, "q turned"]) -> Scan:
    """What gives pages at some places the MaxSim of these query rows and signs times factors."""
    octets = turned.shape[1] // 8
    vector = vector_here(octets)
    if vector is None:
        return partial(plain_scan, turned)
    more = -len(turned) % TOGETHER[vector]  # rows of no weight
    tables, middles, steps = look_ups(
        np.concatenate([turned, np.zeros((more, turned.shape[1]), turned.dtype)])
    )
    tables = _laid(tables, vector)
    middles = middles.astype(np.int16)
    shift = (LARGEST // (LEVELS * 2 * octets)).bit_length() - 1
    steps *= np.float32(2 ** (16 - shift))
    kernel = scan_kernel(octets, shift, vector)

    def scan(pages: BitCodes, index: Int[np.ndarray, " k"], out: Float[np.ndarray, " k"]) -> None:
        index, offsets = (
            np.ascontiguousarray(given, dtype=np.int64) for given in (index, pages.offsets)
        )
        kernel(
            len(index), index.ctypes.data, offsets.ctypes.data, pages.octets.ctypes.data,
            pages.factors.ctypes.data, len(tables), tables.ctypes.data, middles.ctypes.data,
            steps.ctypes.data, out.ctypes.data,
        )  # fmt: skip
        out *= pages.scales[index]

    return scan


def plain_scan(
    turned: Float[np.ndarray, "q turned"],
    pages: BitCodes,
    index: Int[np.ndarray, " k"],
    out: Float[np.ndarray, " k"],
) -> None:
    """What the kernel finds, by numpy, for processors that look nothing up."""
    out[:] = -np.inf
    for place, page in enumerate(index):
        rows = _turned(pages, int(page))
        if len(rows):
            out[place] = (rows @ turned.T).max(axis=0).sum()


def _laid(tables: UInt8[np.ndarray, "q fours 16"], vector: int) -> UInt8[np.ndarray, "q bytes"]:
    """Each table once for every sixteen rows of a block that are looked up at once: of each load,
    first those of the lower halves of its octets. It begins at a multiple of 64 bytes, for a load
    across two lines of the cache takes two."""
    (q, fours, _), loaded = tables.shape, lookup.wide(vector) // ROWS
    by_load = tables.reshape(q, fours // loaded // 2, loaded, 2, 1, 16).transpose(0, 1, 3, 2, 4, 5)
    laid = np.repeat(by_load, ROWS // 16, axis=4)
    room = np.empty(laid.size + LINE, np.uint8)
    aligned = room[-room.ctypes.data % LINE :][: laid.size].reshape(laid.shape)
    aligned[...] = laid
    return aligned.reshape(q, fours * ROWS)
