"""Pictures through the vision tower of a backbone."""

from typing import Any

import numpy as np

from .sequence import Seen
from .vision import see


def look(visual: Any, backbone: str, pictures: list[Seen], like: Any) -> tuple[Any, list[Any]]:
    """Merged cells [cells, width] of all pictures, and what later layers get beside them.

    `like`: a tensor on the device and in the dtype of the model. Qwen2.5-VL looks through windows,
    all of one size at once (see `vision`); the others have none and use their own pass.
    """
    import torch

    pixels = torch.from_numpy(np.concatenate([p.patches for p in pictures]))
    pixels = pixels.to(like.device, like.dtype)
    if backbone == "qwen2_5_vl":
        return see(visual, pixels, [p.grid for p in pictures]), []
    merge = visual.spatial_merge_size
    grids = [(1, rows * merge, columns * merge) for rows, columns in (p.grid for p in pictures)]
    out = visual(pixels, grid_thw=torch.tensor(grids, device=like.device))
    return out.pooler_output, list(getattr(out, "deepstack_features", None) or [])
