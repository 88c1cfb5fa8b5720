"""Candidates that are no wrong answers, though nobody marked them as right."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def false_negatives(
    scores: Float[Tensor, "n m"],
    right: Int[Tensor, " n"],
    margin: float,
    known: Bool[Tensor, "n m"],
) -> Bool[Tensor, "n m"]:
    """Which candidates a query leaves out: those that score higher than its right one by more than
    `margin`, and those `known` to be right too. The right one itself never.

    Source: the mask of the training objective of Qwen3-Embedding (Zhang et al. 2025, arXiv
    2506.05176), where the margin of cosines is 0.1 and known are equal texts.
    """
    own = scores.detach().gather(1, right[:, None])
    out = (scores.detach() > own + margin) | known
    return out.scatter(1, right[:, None], torch.zeros_like(right[:, None], dtype=torch.bool))
