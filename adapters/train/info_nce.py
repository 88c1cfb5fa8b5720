"""InfoNCE: of all candidates the right one must score highest."""

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

# Instead of minus infinity, whose difference with itself is no number.
NOTHING = -1e4


def info_nce(
    scores: Float[Tensor, "n m"],
    right: Int[Tensor, " n"],
    temperature: float,
    left_out: Bool[Tensor, "n m"],
) -> Float[Tensor, ""]:
    """Mean over the queries of -log softmax(scores / temperature)[right].

    Candidates that are `left_out` of a query have no part in it. Source: van den Oord et al. 2018,
    Representation Learning with Contrastive Predictive Coding (arXiv 1807.03748), equation 4.
    """
    return F.cross_entropy((scores / temperature).masked_fill(left_out, NOTHING), right)
