"""The kind of vector that was asked for, out of all that one pass gave."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import EncodeError
from .family import Family
from .pooling import truncate
from .protocol import Kind, Vectors


def shaped(
    family: Family, out: list[Vectors], single: bool, vectors: Kind, truncate_dim: int | None
) -> Any:
    """A list, [n, dim] for "dense", or the one item of a single input. See `Encoder`."""
    if vectors not in ("multi", "dense", "both", "sparse"):
        raise EncodeError(f"vectors={vectors!r}: choose 'multi', 'dense', 'both' or 'sparse'")
    if vectors == "sparse" and not family.sparse:
        raise EncodeError(f"{family.name} weighs no words: choose 'multi', 'dense' or 'both'")
    dims, least = family.dims, family.dims_from
    if vectors == "multi":
        found: Any = [v.multi for v in out]
    elif vectors == "sparse":
        found = [v.sparse for v in out]
    elif vectors == "both":
        found = [replace(v, dense=truncate(v.dense, truncate_dim, dims, least)) for v in out]
    else:
        stacked = np.stack([v.dense for v in out]) if out else np.zeros((0, dims[0]), np.float32)
        found = truncate(stacked, truncate_dim, dims, least)
    return found[0] if single else found
