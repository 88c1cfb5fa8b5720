"""Three ways to be like a teacher."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

TEMPERATURE = 0.05


def point_loss(
    own: Float[Tensor, "texts dim"], taught: Float[Tensor, "texts dim"]
) -> Float[Tensor, ""]:
    """One minus the cosine of each text's vector and the teacher's (unit length), in [0, 2]."""
    return (1 - (F.normalize(own, dim=-1) * taught).sum(-1)).mean()


def alike_loss(
    own: Float[Tensor, "texts width"], taught: Float[Tensor, "texts dim"], dims: Sequence[int]
) -> Float[Tensor, ""]:
    """That texts are as alike as the teacher finds them, at every length a vector can be cut to.

    For each of `dims`: 10 times the mean squared difference of the cosines of any two texts, and
    0.7 times the Kullback-Leibler divergence of each text's distribution over all others (softmax
    of cosines / 0.05) from the teacher's. Source of the second: Hinton et al. 2015, Distilling the
    Knowledge in a Neural Network; of cutting: Kusupati et al. 2022, Matryoshka Representation
    Learning.
    """
    self_ = torch.eye(len(own), dtype=torch.bool, device=own.device)
    wanted = taught @ taught.T
    shares = F.softmax((wanted / TEMPERATURE).masked_fill(self_, float("-inf")), -1)
    total = own.sum() * 0
    for dim in dims:
        cut = F.normalize(own[:, :dim], dim=-1)
        cosines = cut @ cut.T
        logs = F.log_softmax((cosines / TEMPERATURE).masked_fill(self_, -1e4), -1)
        total = total + 10 * F.mse_loss(cosines[~self_], wanted[~self_])
        total = total + 0.7 * F.kl_div(logs, shares, reduction="batchmean")
    return total


def late_loss(late: Float[Tensor, "m n"], wanted: Float[Tensor, "m n"]) -> Float[Tensor, ""]:
    """That late scores order texts as the teacher does: the Kullback-Leibler divergence of softmax
    (`late` / 0.05) from softmax (`wanted` / 0.05), per question. Both lie in [-1, 1].
    """
    shares = F.softmax(wanted / TEMPERATURE, -1)
    return F.kl_div(F.log_softmax(late / TEMPERATURE, -1), shares, reduction="batchmean")
