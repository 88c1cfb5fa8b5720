"""The terms of the loss, put together."""

from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from .agreement import agreement
from .cosent import cosent
from .encoded import Encoded
from .false_negatives import false_negatives
from .info_nce import info_nce
from .late import late_scores
from .matryoshka import cut, dense_scores
from .plan import Plan

Terms = dict[str, Float[Tensor, ""]]  # weighted: their sum is the loss


def search_loss(
    plan: Plan,
    dims: Sequence[int],
    queries: Encoded,
    documents: Encoded,
    right: Int[Tensor, " n"],
    known: Bool[Tensor, "n m"],
) -> Terms:
    """Retrieval and code: InfoNCE on late scores, InfoNCE on the dense vector at every length, and
    the agreement of the two.

    The late scores say which candidates are left out, in all terms. A model without rows of its
    own has its dense vector as the one row, so there is nothing to agree on.
    """
    late = late_scores(queries, documents)
    out = false_negatives(late, right, plan.margin, known)
    tables = dense_scores(queries.dense, documents.dense, dims)
    terms = {
        "late": plan.late_weight * info_nce(late, right, plan.temperature, out),
        "dense": plan.dense_weight
        * _mean(info_nce(t, right, plan.temperature, out) for t in tables),
    }
    if queries.rows.shape[1] > 1 or documents.rows.shape[1] > 1:
        agreed = _mean(agreement(t, late, plan.temperature, out) for t in tables)
        terms["agreement"] = plan.agreement_weight * agreed
    return terms


def likeness_loss(
    plan: Plan,
    dims: Sequence[int],
    first: Encoded,
    second: Encoded,
    right: Int[Tensor, " n"],
    known: Bool[Tensor, "n m"],
) -> Terms:
    """Similarity without scores: InfoNCE on the dense vector, at every length."""
    tables = dense_scores(first.dense, second.dense, dims)
    out = false_negatives(tables[0], right, plan.margin, known)
    return {"dense": _mean(info_nce(t, right, plan.temperature, out) for t in tables)}


def scored_loss(
    plan: Plan,
    dims: Sequence[int],
    first: Encoded,
    second: Encoded,
    scores: Float[Tensor, " n"],
) -> Terms:
    """Similarity with scores: CoSENT on the dense vector, at every length."""
    cosines = [(cut(first.dense, d) * cut(second.dense, d)).sum(-1) for d in dims]
    return {"order": _mean(cosent(c, scores, plan.scored_temperature) for c in cosines)}


def _mean(values: Iterable[Tensor]) -> Float[Tensor, ""]:
    return torch.stack(list(values)).mean()
