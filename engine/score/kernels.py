"""The Triton kernels of fused.py, and how their tiles are chosen."""

from typing import Any

import torch
import triton
import triton.language as tl

# Page rows a tile, warps, stages: what suits depends on the card, so the first call of a width
# tries these and keeps the quickest. The interpreter has nothing to choose from.
_TILES = [(64, 4, 2), (64, 4, 3), (128, 4, 2), (128, 4, 3), (128, 8, 3), (256, 8, 2)]
_ONE = [(32, 4, 2)]


def widens(kind: torch.dtype) -> bool:
    """The interpreter multiplies bfloat16 as the whole numbers that stand for it: not so."""
    return bool(triton.knobs.runtime.interpret) and kind == torch.bfloat16


def _configs() -> list[Any]:
    tiles = _ONE if triton.knobs.runtime.interpret else _TILES
    return [triton.Config({"ROWS": r}, num_warps=w, num_stages=s) for r, w, s in tiles]


def next_power(width: int, least: int = 16) -> int:
    """The next power of two, and no less than a product of tiles takes (32 for int8)."""
    return max(least, 1 << (width - 1).bit_length())


def query_tile(starts: torch.Tensor) -> int:
    """Query rows of a tile: those of the longest query, 16 to 64; longer ones take several."""
    return min(64, next_power(int(starts.diff().max())))


@triton.jit
def _larger(a, b):
    """What is not a number stays so: a page with such rows must not score by its other rows."""
    return tl.maximum(a, b, propagate_nan=tl.PropagateNan.ALL)


@triton.autotune(configs=_configs(), key=["width", "QUERY", "WHOLE", "SPLIT", "KEEP"])
@triton.jit
def forward_kernel(
    query, starts, rows, offsets, of_query, of_page, scores, best, m, n, width,
    WIDTH: tl.constexpr, QUERY: tl.constexpr, WHOLE: tl.constexpr, SPLIT: tl.constexpr,
    KEEP: tl.constexpr, WIDEN: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    # Neighbours score the same page by other queries, so that it is read from memory once.
    page = (tl.program_id(0) // m).to(tl.int64)
    asked = (tl.program_id(0) % m).to(tl.int64)
    first, last = tl.load(offsets + page), tl.load(offsets + page + 1)
    begin, end = tl.load(starts + asked), tl.load(starts + asked + 1)
    columns = tl.arange(0, WIDTH)
    real = columns < width
    total = 0.0
    for at in range(begin, end, QUERY):
        i = at + tl.arange(0, QUERY)
        tile = tl.load(
            query + i[:, None] * width + columns[None, :],
            mask=(i < end)[:, None] & real[None, :],
            other=0,
        )
        if (
            SPLIT
        ):  # a float32 query as the sum of two of the rows' kind, which loses next to nothing
            coarse = tile.to(rows.dtype.element_ty)
            tile = (tile - coarse.to(tl.float32)).to(rows.dtype.element_ty)
        if WIDEN:
            tile = tile.to(tl.float32)
            if SPLIT:
                coarse = coarse.to(tl.float32)
        most = tl.full([QUERY], float("-inf"), tl.float32)
        where = tl.full([QUERY], -1, tl.int32)
        for down in range(first, last, ROWS):
            j = down + tl.arange(0, ROWS)
            held = tl.load(
                rows + j[:, None] * width + columns[None, :],
                mask=(j < last)[:, None] & real[None, :],
                other=0,
            )
            if WIDEN:
                held = held.to(tl.float32)
            if WHOLE:
                similar = tl.dot(tile, tl.trans(held), out_dtype=tl.int32).to(tl.float32)
            else:
                similar = tl.dot(tile, tl.trans(held), input_precision="ieee")
                if SPLIT:
                    similar = tl.dot(coarse, tl.trans(held), acc=similar)
            similar = tl.where((j < last)[None, :], similar, float("-inf"))
            here = tl.reduce(similar, 1, _larger)
            if KEEP:
                place = (down - first).to(tl.int32) + tl.argmax(similar, axis=1)
                where = tl.where(here > most, place, where)
            most = _larger(most, here)
        if WHOLE:
            most *= tl.load(of_query + i, mask=i < end, other=1.0)
        if KEEP:
            tl.store(best + i * n + page, where, mask=i < end)
        total += tl.sum(tl.where(i < end, most, 0.0))
    if WHOLE:
        total *= tl.load(of_page + page)
    total = tl.where(first == last, float("-inf"), total)
    tl.store(scores + asked * n + page, total)


@triton.jit
def backward_kernel(
    grad, query, starts, rows, offsets, best, to_query, to_rows, m, n, width,
    WIDTH: tl.constexpr, QUERY: tl.constexpr,
):  # fmt: skip
    """d score / d query row is its best page row, and the other way round."""
    page = (tl.program_id(0) // m).to(tl.int64)
    asked = (tl.program_id(0) % m).to(tl.int64)
    first = tl.load(offsets + page)
    begin, end = tl.load(starts + asked), tl.load(starts + asked + 1)
    columns = tl.arange(0, WIDTH)
    real = columns < width
    given = tl.load(grad + asked * n + page)
    for at in range(begin, end, QUERY):
        i = at + tl.arange(0, QUERY)
        place = tl.load(best + i * n + page, mask=i < end, other=-1)
        j = first + place
        mask = ((i < end) & (place >= 0))[:, None] & real[None, :]
        here = i[:, None] * width + columns[None, :]
        there = j[:, None] * width + columns[None, :]
        held = tl.load(rows + there, mask=mask, other=0).to(tl.float32)
        tile = tl.load(query + here, mask=mask, other=0).to(tl.float32)
        tl.atomic_add(to_query + here, given * held, mask=mask)
        tl.atomic_add(to_rows + there, given * tile, mask=mask)
