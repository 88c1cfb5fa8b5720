"""From hidden states to one vector: mean, cut, unit length."""

from typing import Any

import numpy as np
from jaxtyping import Float

from ..errors import EncodeError


def mean_of(hidden: Any, keep: Any) -> Any:
    """Mean over the kept tokens, unit length. hidden [length, width], keep [length] bool."""
    import torch.nn.functional as F

    kept = hidden[keep] if bool(keep.any()) else hidden
    return F.normalize(kept.float().mean(0), dim=-1)


def truncate(
    dense: Float[np.ndarray, "*n dim"], truncate_dim: int | None, dims: tuple[int, ...]
) -> Float[np.ndarray, "*n cut"]:
    """The first `truncate_dim` numbers at unit length; only dims that were trained.

    Source: Kusupati et al. 2022, Matryoshka Representation Learning.
    """
    if truncate_dim is None:
        return dense
    if truncate_dim not in dims:
        raise EncodeError(
            f"truncate_dim={truncate_dim}: this model's dense vectors can be cut to "
            f"{', '.join(map(str, dims))}"
        )
    cut = dense[..., :truncate_dim]
    length = np.maximum(np.linalg.norm(cut, axis=-1, keepdims=True), 1e-12)
    unit: Float[np.ndarray, "*n cut"] = cut / length
    return unit
