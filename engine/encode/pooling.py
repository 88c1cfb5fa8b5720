"""From hidden states to one vector: mean, cut, unit length."""

from typing import Any

import numpy as np
from jaxtyping import Float

from ..errors import EncodeError

LEAST = 1e-3  # of the lengths by which states are weighed: those of the template have none


def mean_of(hidden: Any, keep: Any, weights: Any = None) -> Any:
    """Mean over the kept tokens, unit length. hidden [length, width], keep [length] bool,
    weights [length] or None."""
    import torch.nn.functional as F

    if not bool(keep.any()):
        keep = ~keep
    kept = hidden[keep].float()
    if weights is not None:
        kept = kept * weights[keep, None]
    return F.normalize(kept.mean(0), dim=-1)


def truncate(
    dense: Float[np.ndarray, "*n dim"],
    truncate_dim: int | None,
    dims: tuple[int, ...],
    dims_from: int = 0,
) -> Float[np.ndarray, "*n cut"]:
    """The first `truncate_dim` numbers at unit length; only dims that were trained.

    `dims_from`: if not 0, all from there up were. Source: Kusupati et al. 2022, Matryoshka
    Representation Learning.
    """
    if truncate_dim is None:
        return dense
    trained = truncate_dim in dims or 0 < dims_from <= truncate_dim <= max(dims)
    if not trained or isinstance(truncate_dim, bool):
        listed = f"any number from {max(dims)} down to {dims_from}"
        raise EncodeError(
            f"truncate_dim={truncate_dim}: this model's dense vectors can be cut to "
            f"{listed if dims_from else ', '.join(map(str, dims))}"
        )
    cut = dense[..., :truncate_dim]
    length = np.maximum(np.linalg.norm(cut, axis=-1, keepdims=True), 1e-12)
    unit: Float[np.ndarray, "*n cut"] = cut / length
    return unit
