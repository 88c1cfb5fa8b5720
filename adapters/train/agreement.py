"""The dense vector learns to rank as the rows do."""

import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from .info_nce import NOTHING


def agreement(
    dense: Float[Tensor, "n m"],
    late: Float[Tensor, "n m"],
    temperature: float,
    left_out: Bool[Tensor, "n m"],
) -> Float[Tensor, ""]:
    """Mean over the queries of KL(softmax(dense / temperature) || softmax(late / temperature)).

    The late scores are taken as given: they are the better of the two, and should not be pulled
    down. Source of the formula: Günther et al. 2025, jina-embeddings-v4 (arXiv 2506.18902),
    training phase 1; whether its gradient reaches the late scores it leaves open.
    """
    own, other = (
        F.log_softmax((scores / temperature).masked_fill(left_out, NOTHING), -1)
        for scores in (dense, late.detach())
    )
    return F.kl_div(other, own, reduction="batchmean", log_target=True)
