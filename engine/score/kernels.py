"""The Triton kernels of fused.py, and how their tiles are chosen."""

from typing import Any

import torch
import triton
import triton.language as tl

# Page rows a tile, warps, stages: what suits depends on the card, so the first call of a width
# tries these and keeps the quickest. The interpreter has nothing to choose from.
_TILES = [(64, 4, 2), (64, 4, 3), (128, 4, 2), (128, 4, 3), (128, 8, 3), (256, 8, 2)]
_ONE = [(32, 4, 2)]


def _configs() -> list[Any]:
    tiles = _ONE if triton.knobs.runtime.interpret else _TILES
    return [triton.Config({"ROWS": r}, num_warps=w, num_stages=s) for r, w, s in tiles]


def next_power(width: int) -> int:
    """The next power of two, 16 at least: what a tile's side must be."""
    return max(16, 1 << (width - 1).bit_length())


def query_tile(starts: torch.Tensor) -> int:
    """Query rows of a tile: those of the longest query, 16 to 64; longer ones take several."""
    return min(64, next_power(int(starts.diff().max())))


@triton.autotune(configs=_configs(), key=["width", "QUERY", "WHOLE"])
@triton.jit
def forward_kernel(
    query, starts, rows, offsets, of_query, of_page, scores, best, n, width,
    WIDTH: tl.constexpr, QUERY: tl.constexpr, WHOLE: tl.constexpr, KEEP: tl.constexpr,
    ROWS: tl.constexpr,
):  # fmt: skip
    page = tl.program_id(0).to(tl.int64)
    asked = tl.program_id(1).to(tl.int64)
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
        most = tl.full([QUERY], float("-inf"), tl.float32)
        where = tl.full([QUERY], -1, tl.int64)
        for down in range(first, last, ROWS):
            j = down + tl.arange(0, ROWS)
            held = tl.load(
                rows + j[:, None] * width + columns[None, :],
                mask=(j < last)[:, None] & real[None, :],
                other=0,
            )
            if WHOLE:
                similar = tl.dot(tile, tl.trans(held), out_dtype=tl.int32).to(tl.float32)
            else:
                similar = tl.dot(tile, tl.trans(held), input_precision="ieee")
            similar = tl.where((j < last)[None, :], similar, float("-inf"))
            here = tl.max(similar, axis=1)
            if KEEP:
                place = down + tl.argmax(similar, axis=1).to(tl.int64)
                where = tl.where(here > most, place, where)
            most = tl.maximum(most, here)
        if WHOLE:
            most *= tl.load(of_query + i, mask=i < end, other=0.0)
        if KEEP:
            tl.store(best + i * n + page, where, mask=i < end)
        total += tl.sum(tl.where(i < end, most, 0.0))
    if WHOLE:
        total *= tl.load(of_page + page)
    total = tl.where(first == last, float("-inf"), total)
    tl.store(scores + asked * n + page, total)


@triton.jit
def backward_kernel(
    grad, query, starts, rows, best, to_query, to_rows, n, width,
    WIDTH: tl.constexpr, QUERY: tl.constexpr,
):  # fmt: skip
    """d score / d query row is its best page row, and the other way round."""
    page = tl.program_id(0).to(tl.int64)
    asked = tl.program_id(1).to(tl.int64)
    begin, end = tl.load(starts + asked), tl.load(starts + asked + 1)
    columns = tl.arange(0, WIDTH)
    real = columns < width
    given = tl.load(grad + asked * n + page)
    for at in range(begin, end, QUERY):
        i = at + tl.arange(0, QUERY)
        j = tl.load(best + i * n + page, mask=i < end, other=-1)
        mask = ((i < end) & (j >= 0))[:, None] & real[None, :]
        here = i[:, None] * width + columns[None, :]
        there = j[:, None] * width + columns[None, :]
        held = tl.load(rows + there, mask=mask, other=0).to(tl.float32)
        tile = tl.load(query + here, mask=mask, other=0).to(tl.float32)
        tl.atomic_add(to_query + here, given * held, mask=mask)
        tl.atomic_add(to_rows + there, given * tile, mask=mask)
