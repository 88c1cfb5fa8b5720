"""CoSENT: of two pairs of texts, the one that people scored higher must be more alike."""

import torch
from jaxtyping import Float
from torch import Tensor


def cosent(
    likeness: Float[Tensor, " n"], scores: Float[Tensor, " n"], temperature: float
) -> Float[Tensor, ""]:
    """ln(1 + sum over pairs i, j with scores[i] > scores[j] of exp((s_j - s_i) / temperature)).

    `likeness` s are cosines; only the order of `scores` counts. 0 where all scores are equal.
    Sources: Su 2022, CoSENT (kexue.fm/archives/8847); Günther et al. 2025, jina-embeddings-v4
    (arXiv 2506.18902), training phase 2, task text-matching.
    """
    wrong = (likeness[None, :] - likeness[:, None]) / temperature
    counted = wrong[scores[:, None] > scores[None, :]]
    return torch.logsumexp(torch.cat([counted.new_zeros(1), counted]), 0)
