"""The vision tower's pass, with all windows of one size in one attention call.

Computes what `Qwen2_5_VisionTransformerPretrainedModel` computes with the same weights (a test
holds them to 1e-5). The native pass calls attention once a window, forty times a layer for a page,
and turns queries and keys in eight passes over memory; this one needs a quarter of the calls.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .images import MERGE

PIECE = 1024  # patches that go through all layers of a CPU at once


@dataclass(frozen=True)
class Windows:
    """The patches of some pictures in the order that attention wants them.

    `cells` maps that order back: the cell at place i there is cell `cells[i]` row by row.
    `groups` are (start, windows, patches a window): runs of windows of one size.
    `places` are the (y, x) of every patch on its page, in patches.
    """

    cells: Int[np.ndarray, " cells"]
    groups: list[tuple[int, int, int]]
    places: Int[np.ndarray, "2 patches"]


def windows_of(grids: list[tuple[int, int]], side: int) -> Windows:
    """Windows of `side` x `side` cells over pictures of (rows, columns) cells.

    Windows at the right and lower edge are what is left. Those of one size lie side by side.
    """
    found: dict[tuple[int, int], list[Int[np.ndarray, " cells"]]] = {}
    whole_y, whole_x, start = [], [], 0
    for rows, columns in grids:
        number = start + np.arange(rows * columns).reshape(rows, columns)
        y, x = np.mgrid[0:rows, 0:columns]
        whole_y.append(y.reshape(-1))
        whole_x.append(x.reshape(-1))
        for top in range(0, rows, side):
            for left in range(0, columns, side):
                part = number[top : top + side, left : left + side]
                found.setdefault(part.shape, []).append(part.reshape(-1))
        start += rows * columns
    groups, at = [], 0
    for shape, parts in found.items():
        patches = shape[0] * shape[1] * MERGE**2
        groups.append((at, len(parts), patches))
        at += len(parts) * patches
    cells = np.concatenate([part for parts in found.values() for part in parts])
    dy, dx = np.mgrid[0:MERGE, 0:MERGE].reshape(2, -1)
    y = np.concatenate(whole_y)[cells, None] * MERGE + dy
    x = np.concatenate(whole_x)[cells, None] * MERGE + dx
    return Windows(cells, groups, np.stack([y.reshape(-1), x.reshape(-1)]))


def see(visual: Any, pixels: Any, grids: list[tuple[int, int]]) -> Float[Any, "cells width"]:
    """Merged cells of all pictures, row by row, one picture after the other.

    pixels [patches, 588] as `images.patches` makes them, for a tower whose `patch_embed` takes
    such; grids in cells. Blocks that look at the whole picture (`fullatt_block_indexes`) look at
    each picture by itself.
    """
    import torch

    config = visual.config
    windows = windows_of(grids, config.window_size // config.patch_size // MERGE)
    order = torch.from_numpy(windows.cells).to(pixels.device)
    x = visual.patch_embed(pixels.view(len(order), MERGE**2, -1)[order].flatten(0, 1))
    places = torch.from_numpy(windows.places.T).to(pixels.device)
    cos, sin = visual.rotary_pos_emb(x, places)
    half = cos.shape[-1] // 2  # both halves of a head turn by the same angles
    turns = cos[:, None, None, :half].to(x.dtype), sin[:, None, None, :half].to(x.dtype)
    pieces = windows.groups if x.is_cuda else list(_pieces(windows.groups))
    whole, back = _whole_pictures(order, grids) if config.fullatt_block_indexes else ([], None)
    everywhere = range(len(visual.blocks))
    for looks_far, numbers in groupby(everywhere, lambda n: n in config.fullatt_block_indexes):
        blocks = [visual.blocks[number] for number in numbers]
        if looks_far:
            for block in blocks:
                x = _through(block, x, turns, whole, back)
            continue
        for start, count, patches in pieces:
            part = slice(start, start + count * patches)
            own, few = (turns[0][part], turns[1][part]), x[part]
            for block in blocks:
                few = _through(block, few, own, [(0, count, patches)])
            x[part] = few
    merged = visual.merger(x)
    out = torch.empty_like(merged)
    out[order] = merged
    return out


def _pieces(groups: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Groups cut so that what is computed between two layers stays in the cache of a core."""
    for start, count, patches in groups:
        few = max(1, PIECE // patches)
        for first in range(0, count, few):
            yield start + first * patches, min(few, count - first), patches


def _through(
    block: Any, x: Any, turns: Any, groups: list[tuple[int, int, int]], order: Any = None
) -> Any:
    """One block of the tower. See `_attend`."""
    import torch.nn.functional as F

    x = x + _attend(block.attn, _norm(block.norm1, x), turns, groups, order)
    y = _norm(block.norm2, x)
    gate = F.silu(block.mlp.gate_proj(y), inplace=True)
    x += block.mlp.down_proj(gate.mul_(block.mlp.up_proj(y)))
    return x


def _whole_pictures(order: Any, grids: list[tuple[int, int]]) -> tuple[list[Any], Any]:
    """Groups of whole pictures, and the patch order that makes each picture one run."""
    import torch

    groups, at = [], 0
    for rows, columns in grids:
        patches = rows * columns * MERGE**2
        groups.append((at, 1, patches))
        at += patches
    place = torch.argsort(order)[:, None] * MERGE**2 + torch.arange(MERGE**2, device=order.device)
    return groups, place.reshape(-1)


def _norm(norm: Any, x: Any) -> Any:
    import torch

    if x.dtype == torch.float32 or x.is_cuda:
        return torch.rms_norm(x, (x.shape[-1],), norm.weight, norm.variance_epsilon)
    # In bfloat16 on a CPU that makes four float32 copies of x; this makes none.
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
    scale = (length.square_() / x.shape[-1] + norm.variance_epsilon).rsqrt_()
    return x.mul(scale.to(x.dtype)).mul_(norm.weight)


def _attend(
    attention: Any, x: Any, turns: Any, groups: list[tuple[int, int, int]], order: Any = None
) -> Any:
    """Self-attention inside each run of patches. `order` rearranges the patches first."""
    import torch
    import torch.nn.functional as F

    length, width = x.shape
    heads = attention.num_heads
    qkv = attention.qkv(x).view(length, 3, heads, width // heads)
    cos, sin = turns
    both = qkv[:, :2]
    left, right = both.chunk(2, -1)
    turned = torch.empty_like(both)
    half = left.shape[-1]
    torch.mul(left, cos, out=turned[..., :half]).addcmul_(right, sin, value=-1)
    torch.mul(right, cos, out=turned[..., half:]).addcmul_(left, sin)
    q, k, v = turned[:, 0], turned[:, 1], qkv[:, 2]
    if order is not None:
        q, k, v = q[order], k[order], v[order]
    out = torch.empty_like(x)
    for start, count, patches in groups:
        part = slice(start, start + count * patches)
        shape = (count, patches, heads, width // heads)
        mixed = F.scaled_dot_product_attention(
            q[part].view(shape).transpose(1, 2),
            k[part].view(shape).transpose(1, 2),
            v[part].view(shape).transpose(1, 2),
        )
        out[part] = mixed.transpose(1, 2).reshape(count * patches, width)
    if order is not None:
        back = torch.empty_like(out)
        back[order] = out
        out = back
    return attention.proj(out)
