"""MaxSim in one Triton kernel: each page is read once, and no page-by-query matrix is kept.

    score[m, n] = sum over rows i of query m of max over rows j of page n of  query[i] . page[j]

Pages and queries are packed and ragged. One program scores one page by one query: it holds a tile
of query rows, walks over the page in tiles of rows, keeps the running maximum in registers, and
adds the maxima up. Sums are float32 (int32 for codes). The plain version is reference.py; on a
machine without a GPU the kernels run in Triton's interpreter (TRITON_INTERPRET=1).
"""

from typing import Any

import torch

from .kernels import backward_kernel, forward_kernel, next_power, query_tile


class _Fused(torch.autograd.Function):
    """Forward and backward for float rows. Where the maximum is shared, the first row has it."""

    @staticmethod
    def forward(
        ctx: Any,
        query: torch.Tensor,
        starts: torch.Tensor,
        rows: torch.Tensor,
        offsets: torch.Tensor,
    ) -> torch.Tensor:
        learns = query.requires_grad or rows.requires_grad
        scores, best = _forward(query.to(rows.dtype), starts, rows, offsets, None, keep=learns)
        ctx.save_for_backward(query, starts, rows, offsets, best)
        return scores

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, starts, rows, offsets, best = ctx.saved_tensors
        to_query = torch.zeros(query.shape, dtype=torch.float32, device=query.device)
        to_rows = torch.zeros(rows.shape, dtype=torch.float32, device=rows.device)
        n, m = len(offsets) - 1, len(starts) - 1
        if n and m and len(query):
            tile = query_tile(starts)
            backward_kernel[(n, m)](
                grad.contiguous(), query.to(rows.dtype), starts, rows, best, to_query, to_rows,
                n, rows.shape[1], WIDTH=next_power(rows.shape[1]), QUERY=tile,
            )  # fmt: skip
        return to_query.to(query.dtype), None, to_rows.to(rows.dtype), None


def fused_maxsim(
    query: torch.Tensor, starts: torch.Tensor, rows: torch.Tensor, offsets: torch.Tensor
) -> torch.Tensor:
    """float32 [m, n]; differentiable in `query` [q, d] and `rows` [r, d].

    rows: float16, bfloat16 or float32, contiguous; the query is rounded to the same. starts
    [m + 1] and offsets [n + 1]: int64, where each query and page starts, and the end. Pages
    without rows score -inf and pass no gradient on; queries without rows score 0.
    """
    _check(query, rows)
    scores: torch.Tensor = _Fused.apply(query, starts, rows.contiguous(), offsets)
    return scores


def fused_maxsim_int8(
    query: torch.Tensor,
    starts: torch.Tensor,
    codes: torch.Tensor,
    offsets: torch.Tensor,
    scales: torch.Tensor,
) -> torch.Tensor:
    """The estimate of `Int8Codes` [m, n]: whole numbers inside, `scales` [n] per page outside."""
    _check(query, codes)
    sizes = query.abs().amax(dim=1).clamp_min(1e-30) / 127
    asked = (query / sizes[:, None]).round().to(torch.int8)
    scores, _ = _forward(asked, starts, codes.contiguous(), offsets, (sizes, scales), keep=False)
    return scores


def _forward(
    query: torch.Tensor,
    starts: torch.Tensor,
    rows: torch.Tensor,
    offsets: torch.Tensor,
    sizes: tuple[torch.Tensor, torch.Tensor] | None,
    *,
    keep: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores [m, n], and with `keep` the best page row of each query row [q, n] (else [0])."""
    n, m = len(offsets) - 1, len(starts) - 1
    scores = torch.zeros((m, n), dtype=torch.float32, device=rows.device)
    kept = (len(query), n) if keep else (0,)
    best = torch.zeros(kept, dtype=torch.int64, device=rows.device)
    if n and m:
        whole = sizes is not None
        of_query, of_page = sizes if sizes is not None else (scores, scores)
        forward_kernel[(n, m)](
            query.contiguous(), starts, rows, offsets, of_query, of_page, scores, best,
            n, rows.shape[1], WIDTH=next_power(rows.shape[1]), QUERY=query_tile(starts),
            WHOLE=whole, KEEP=keep,
        )  # fmt: skip
    return scores, best


def _check(query: torch.Tensor, rows: torch.Tensor) -> None:
    if query.ndim != 2 or rows.ndim != 2 or query.shape[1] != rows.shape[1]:
        raise ValueError(
            f"query rows {tuple(query.shape)} and page rows {tuple(rows.shape)}: both must be "
            "[rows, d] with the same d"
        )
