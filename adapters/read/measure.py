"""How much is read: the share of pieces that a row ranks first, or among its first eight."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .losses import Classes


@dataclass(frozen=True)
class Reading:
    """Shares in [0, 1] over `pieces` pieces."""

    first: float
    among_eight: float
    pieces: int


def reading(
    rows: Float[Tensor, "blocks cells dim"], facts: Int[Tensor, "facts 3"], classes: Classes
) -> Reading:
    """A piece counts as read first if no piece outside its cell's own scores higher."""
    place = facts[:, 0] * rows.shape[1] + facts[:, 1]
    used, which = torch.unique(place, return_inverse=True)
    logits = classes.logits(rows.flatten(0, 1)[used]).float()
    own = torch.zeros_like(logits, dtype=torch.bool)
    own[which, facts[:, 2]] = True
    score = logits[which, facts[:, 2]]
    others = logits.masked_fill(own, float("-inf")).topk(8, -1).values[which]
    first = (score > others[:, 0]).float().mean().item()
    return Reading(first, (score > others[:, 7]).float().mean().item(), len(facts))
