"""MaxSim in one Triton kernel: each page is read once, and no page-by-query matrix is kept.

    score[m, n] = sum over rows i of query m of max over rows j of page n of  query[i] . page[j]

Pages and queries are packed and ragged. One program scores one page by one query: it holds a tile
of query rows, walks over the page in tiles of rows, keeps the running maximum in registers, and
adds the maxima up. Sums are float32 (int32 for codes). The plain version is reference.py; on a
machine without a GPU the kernels run in Triton's interpreter (TRITON_INTERPRET=1).
"""

from typing import Any

import torch

from .int8 import LARGEST
from .kernels import backward_kernel, forward_kernel, next_power, query_tile, widens

KINDS = (torch.float16, torch.bfloat16, torch.float32)


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
        scores, best = _forward(query, starts, rows, offsets, None, keep=learns)
        ctx.save_for_backward(query, starts, rows, offsets, best)
        return scores

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, starts, rows, offsets, best = ctx.saved_tensors
        to_query = torch.zeros(query.shape, dtype=torch.float32, device=query.device)
        to_rows = torch.zeros(rows.shape, dtype=torch.float32, device=rows.device)
        n, m = len(offsets) - 1, len(starts) - 1
        if n and m and len(query):
            backward_kernel[(n * m,)](
                grad.contiguous(), query, starts, rows, offsets, best, to_query, to_rows,
                m, n, rows.shape[1], WIDTH=next_power(rows.shape[1]), QUERY=query_tile(starts),
            )  # fmt: skip
        return to_query.to(query.dtype), None, to_rows.to(rows.dtype), None


def fused_maxsim(
    query: torch.Tensor, starts: torch.Tensor, rows: torch.Tensor, offsets: torch.Tensor
) -> torch.Tensor:
    """float32 [m, n]; differentiable in `query` [q, d] and `rows` [r, d].

    rows: float16, bfloat16 or float32; the query is of the same kind or float32. starts [m + 1]
    and offsets [n + 1]: int64, where each query and page starts, and the end. Pages without rows
    score -inf and pass no gradient on; queries without rows score 0; a page with a row that is not
    a number scores NaN. Raises ValueError for other kinds and for rows of different width.
    """
    _check(query, rows)
    if rows.dtype not in KINDS or query.dtype not in (rows.dtype, torch.float32):
        raise ValueError(
            f"a query of {query.dtype} and rows of {rows.dtype}: rows may be float16, bfloat16 or "
            "float32, and the query the same or float32"
        )
    scores: torch.Tensor = _Fused.apply(query.contiguous(), starts, rows.contiguous(), offsets)
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
    largest = query.abs().amax(dim=1) if len(query) else query.new_zeros(0)
    sizes = largest.clamp_min(1e-30) / LARGEST
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
    """Scores [m, n], and with `keep` the place in its page of each query row's best row [q, n]."""
    n, m = len(offsets) - 1, len(starts) - 1
    scores = torch.zeros((m, n), dtype=torch.float32, device=rows.device)
    kept = (len(query), n) if keep else (0,)
    best = torch.zeros(kept, dtype=torch.int32, device=rows.device)
    if n and m:
        whole = sizes is not None
        of_query, of_page = sizes if sizes is not None else (scores, scores)
        forward_kernel[(n * m,)](
            query, starts, rows, offsets, of_query, of_page, scores, best, m, n, rows.shape[1],
            WIDTH=next_power(rows.shape[1], 32 if whole else 16), QUERY=query_tile(starts),
            WHOLE=whole, SPLIT=not whole and query.dtype != rows.dtype, KEEP=keep,
            WIDEN=widens(rows.dtype),
        )  # fmt: skip
    return scores, best


def _check(query: torch.Tensor, rows: torch.Tensor) -> None:
    if query.ndim != 2 or rows.ndim != 2 or query.shape[1] != rows.shape[1]:
        raise ValueError(
            f"query rows {tuple(query.shape)} and page rows {tuple(rows.shape)}: both must be "
            "[rows, d] with the same d"
        )
