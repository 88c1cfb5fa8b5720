"""Asking: spans of what a block says must find that block among others, by MaxSim.

Reading teaches every row its own pieces; this teaches what search does with rows: the best of
many cells counts, so a cell that is a little like everything costs more than one that is unread.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

QUERIES, LONGEST = 16, 32  # of a step and process; pieces of a query
KEPT = 0.7  # share of a span's pieces that are asked: people leave words out
TEMPERATURE = 0.03
KNOWN = 0.5  # a block that holds so much of a query is no wrong answer to it


@dataclass(frozen=True)
class Asked:
    """Queries as pieces, padded with 0, and the block that each was taken from."""

    pieces: Int[np.ndarray, "queries longest"]
    block: Int[np.ndarray, " queries"]


def draw_queries(facts: Int[np.ndarray, "facts 3"], rng: np.random.Generator) -> Asked:
    """Spans of 4 to LONGEST neighbouring pieces of random blocks, some left out.

    `facts` (block, cell, piece) stand in the order of the text. Fewer queries than QUERIES leave
    rows of zeros, which ask nothing.
    """
    pieces = np.zeros((QUERIES, LONGEST), np.int64)
    block = np.zeros(QUERIES, np.int64)
    counts = np.bincount(facts[:, 0]) if len(facts) else np.zeros(0, np.int64)
    able = np.flatnonzero(counts >= 4)
    for i in range(QUERIES if len(able) else 0):
        block[i] = able[i % len(able)]
        said = facts[facts[:, 0] == block[i], 2]
        length = min(len(said), int(rng.integers(4, LONGEST + 1)))
        start = int(rng.integers(len(said) - length + 1))
        span = said[start : start + length]
        span = span[rng.random(length) < KEPT]
        pieces[i, : len(span)] = span
    return Asked(pieces, block)


def late_scores(
    queries: Float[Tensor, "queries longest dim"],
    lengths: Float[Tensor, "queries longest"],
    rows: Float[Tensor, "blocks cells dim"],
) -> Float[Tensor, "queries blocks"]:
    """MaxSim of weighted query rows, divided by their weights: in [-1, 1]; 0 for no weight."""
    blocks, cells, dim = rows.shape
    products = queries.reshape(-1, dim) @ rows.reshape(-1, dim).T
    best = products.view(*lengths.shape, blocks, cells).amax(-1).float()
    total = lengths.sum(1, keepdim=True).clamp(min=1e-6)
    return (best * lengths[..., None]).sum(1) / total


class Past:
    """Rows and pieces of the last blocks, as wrong answers for the next queries."""

    def __init__(self, blocks: int, vocabulary: int) -> None:
        self.blocks, self.vocabulary = blocks, vocabulary
        self.rows: list[Tensor] = []
        self.says: list[Tensor] = []

    def held(
        self, rows: Float[Tensor, "blocks cells dim"], facts: Int[Tensor, "facts 3"]
    ) -> tuple[Float[Tensor, "all cells dim"], Bool[Tensor, "all pieces"]]:
        """These blocks and then those remembered; and which pieces each of them says."""
        says = torch.zeros(len(rows), self.vocabulary, dtype=torch.bool)
        says[facts[:, 0], facts[:, 2]] = True
        both = torch.cat([rows, *self.rows]), torch.cat([says, *self.says])
        self.rows.insert(0, rows.detach())
        self.says.insert(0, says)
        while sum(map(len, self.rows)) > self.blocks:
            self.rows.pop(), self.says.pop()
        return both


def ask_loss(
    queries: Float[Tensor, "queries longest dim"],
    asked: Asked,
    weights: Float[Tensor, " pieces"],
    rows: Float[Tensor, "blocks cells dim"],
    says: Bool[Tensor, "blocks pieces"],
) -> Float[Tensor, ""]:
    """InfoNCE of late scores over all blocks; blocks that say much of the query too are left out.

    Source of the loss: van den Oord et al. 2018, Representation Learning with Contrastive
    Predictive Coding; of the late score: Khattab and Zaharia 2020, ColBERT.
    """
    pieces, own = torch.from_numpy(asked.pieces), torch.from_numpy(asked.block)
    lengths = weights[pieces] * (pieces > 0)
    scores = late_scores(queries, lengths, rows) / TEMPERATURE
    with torch.no_grad():
        there = says[:, pieces].permute(1, 0, 2).float()  # [queries, blocks, longest]
        share = (there * lengths[:, None]).sum(-1) / lengths.sum(1).clamp(min=1e-6)[:, None]
        known = share >= KNOWN
        known[torch.arange(len(own)), own] = False
    asks = lengths.sum(1) > 0
    if not bool(asks.any()):
        return rows.sum() * 0
    return F.cross_entropy(scores.masked_fill(known, float("-inf"))[asks], own[asks])
