"""MaxSim: every query row takes its best page row, and the bests are summed.

Source: Khattab and Zaharia 2020 (ColBERT), equation 3. Nothing is normalised here: query rows may
have any length, so a row's length is its weight. Empty pages score -inf and so rank last. There is
no padding anywhere: zero rows beside a short page would lift its negative maxima to zero, and its
score would depend on the pages it shares a batch with.
"""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from .packed import Packed

if TYPE_CHECKING:
    import torch

# Page rows per matrix product. On a CPU, 8192 rows of 128 float32 are 4 MiB and stay in cache:
# blocks of 2048 or 16384 rows were 15 to 20 % slower. A GPU wants few, large launches.
BLOCK_ROWS = 8_192
BLOCK_ROWS_GPU = 1 << 20


def maxsim_plain(query: Float[np.ndarray, "q d"], pages: Packed) -> Float[np.ndarray, " n"]:
    """The definition, one page at a time in float64. Slow; every other way is held to it."""
    wide = query.astype(np.float64)
    scores = np.full(len(pages), -np.inf)
    for i in range(len(pages)):
        page = pages.page(i).astype(np.float64)
        if len(page):
            scores[i] = (wide @ page.T).max(axis=1).sum()
    return scores


def maxsim(
    query: Float[np.ndarray, "q d"], pages: Packed, *, device: str = "cpu"
) -> Float[np.ndarray, " n"]:
    """Score every page, float32 [n].

    float16 rows are widened to float32 block by block: half the memory, and no slower, while a
    product in float16 is about a tenth of the speed on a CPU. `device` is "cpu" or "cuda".
    A page scores the same alone as in any batch, up to float32 rounding.
    """
    import torch

    if query.shape[1] != pages.dim and len(pages):
        raise ValueError(f"query rows have {query.shape[1]} dimensions, page rows {pages.dim}")
    scores = np.full(len(pages), -np.inf, dtype=np.float32)
    asked = torch.from_numpy(np.ascontiguousarray(query, dtype=np.float32)).to(device)
    filled = np.flatnonzero(pages.lengths)
    limit = BLOCK_ROWS if asked.device.type == "cpu" else BLOCK_ROWS_GPU
    for block in _blocks(pages.lengths[filled], limit):
        own = filled[block]
        start, end = int(pages.offsets[own[0]]), int(pages.offsets[own[-1] + 1])
        # torch warns about arrays that may not be written to, so those blocks are copied.
        rows = torch.from_numpy(np.require(pages.rows[start:end], requirements=["C", "W"]))
        rows = rows.to(device).to(torch.float32)
        scores[own] = _sum_of_best(asked @ rows.T, pages.lengths[own])
    return scores


def _sum_of_best(
    similarity: "torch.Tensor", lengths: Int[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """[query rows, page rows] and the rows per page (none 0) -> float32 [n]."""
    import torch

    if (lengths == lengths[0]).all():
        best = similarity.view(len(similarity), len(lengths), int(lengths[0])).amax(dim=2)
    elif similarity.device.type == "cpu":
        # On a CPU this is 25 times faster than torch's own segment or scatter reductions.
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        best = torch.from_numpy(np.maximum.reduceat(similarity.numpy(), starts, axis=1))
    else:
        best = _best_by_scatter(similarity, lengths)
    scores: Float[np.ndarray, " n"] = best.sum(dim=0).cpu().numpy()
    return scores


def _best_by_scatter(similarity: "torch.Tensor", lengths: Int[np.ndarray, " n"]) -> "torch.Tensor":
    """Best page row per query row and page, [query rows, n]: every device can do this one."""
    import torch

    counts = torch.from_numpy(np.asarray(lengths, dtype=np.int64)).to(similarity.device)
    owner = torch.repeat_interleave(torch.arange(len(counts), device=similarity.device), counts)
    best = similarity.new_full((len(similarity), len(counts)), -torch.inf)
    return best.scatter_reduce_(1, owner.expand_as(similarity), similarity, "amax")


def _blocks(lengths: Int[np.ndarray, " n"], limit: int) -> list[slice]:
    """Runs of whole pages of at most `limit` rows together; a longer page is a run of its own."""
    blocks, start, rows = [], 0, 0
    for i, length in enumerate(lengths):
        if rows and rows + length > limit:
            blocks.append(slice(start, i))
            start, rows = i, 0
        rows += int(length)
    if start < len(lengths):
        blocks.append(slice(start, len(lengths)))
    return blocks
