"""What reading is taught by."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Classes:
    """All pieces as unit rows, with the scale and prior that turn cosines into logits."""

    rows: Float[Tensor, "pieces dim"]
    scale: Float[Tensor, ""]
    prior: Float[Tensor, " pieces"]

    def logits(self, rows: Float[Tensor, "n dim"]) -> Float[Tensor, "n pieces"]:
        return (rows * self.scale) @ self.rows.T + self.prior


def piece_loss(
    rows: Float[Tensor, "blocks cells dim"], facts: Int[Tensor, "facts 3"], classes: Classes
) -> Float[Tensor, ""]:
    """Cross entropy of every piece whose middle lies in a cell, over all pieces; mean of facts.

    Several pieces in one cell are several facts about one row: the best a row can do is to lie
    between them, which is what MaxSim needs.
    """
    place = facts[:, 0] * rows.shape[1] + facts[:, 1]
    used, which = torch.unique(place, return_inverse=True)
    logits = classes.logits(rows.flatten(0, 1)[used]).float()
    total = torch.logsumexp(logits, -1)
    return (total[which] - logits[which, facts[:, 2]]).mean()


def silence_loss(
    rows: Float[Tensor, "blocks cells dim"],
    silent: Bool[Tensor, "blocks cells"],
    classes: Classes,
    at_most: int,
) -> Float[Tensor, ""]:
    """Cells without text belong to piece 0, so that they are near no word."""
    chosen = silent.flatten().nonzero()[:, 0]
    if len(chosen) == 0:
        return rows.sum() * 0
    step = max(1, len(chosen) // at_most)
    logits = classes.logits(rows.flatten(0, 1)[chosen[::step][:at_most]]).float()
    return F.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.long))


def letter_loss(
    logits: Float[Tensor, "blocks patches letters"], facts: Int[Tensor, "marks 3"]
) -> Float[Tensor, ""]:
    """Which letters have their middle in a 14-px patch: several may, most patches have none.

    Binary cross entropy, a letter that is there weighing four times one that is not.
    """
    target = torch.zeros_like(logits)
    target[facts[:, 0], facts[:, 1], facts[:, 2]] = 1
    return F.binary_cross_entropy_with_logits(
        logits, target, pos_weight=torch.full_like(logits[0, 0], 4)
    )


def text_loss(
    rows: Float[Tensor, "batch length dim"], ids: Int[Tensor, "batch length"], classes: Classes
) -> Float[Tensor, ""]:
    """A text row stays its own piece, whatever the language model adds; specials do not count."""
    real = ids > 7
    return F.cross_entropy(classes.logits(rows[real]).float(), ids[real])
