"""Dense vectors that can be cut: one table of cosines for each length."""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def dense_scores(
    queries: Float[Tensor, "n width"], documents: Float[Tensor, "m width"], dims: Sequence[int]
) -> list[Float[Tensor, "n m"]]:
    """Cosines of the first `dim` numbers of every query and document, for each of `dims`.

    Source: Kusupati et al. 2022, Matryoshka Representation Learning (arXiv 2205.13147), equation
    1: the loss is taken at every length, all lengths counting alike.
    """
    return [cut(queries, dim) @ cut(documents, dim).T for dim in dims]


def cut(vectors: Float[Tensor, "n width"], dim: int) -> Float[Tensor, "n dim"]:
    """The first `dim` numbers at unit length."""
    return F.normalize(vectors[:, :dim], dim=-1)
