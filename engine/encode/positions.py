"""Where a token stands: three-dimensional rotary positions, computed here and passed in.

The models' own fallback is one-dimensional and silent, so it is never relied upon.
Source: Qwen2-VL technical report (arXiv 2409.12191), section 2.1, "M-RoPE".
"""

import numpy as np
from jaxtyping import Int


def positions(
    ids: Int[np.ndarray, " length"], image_token: int, grids: list[tuple[int, int]]
) -> Int[np.ndarray, "3 length"]:
    """Time, height and width of every token of one sequence.

    Text counts on in all three. A picture of `grid` (rows, columns) cells stands still in time
    and spreads over height and width; what follows it starts behind its longer side.
    Image tokens must come in runs of rows x columns, in the order of `grids`.
    """
    if not grids:
        return np.tile(np.arange(len(ids)), (3, 1))
    out = np.zeros((3, len(ids)), np.int64)
    at, start, pictures = 0, 0, iter(grids)
    while at < len(ids):
        if ids[at] == image_token:
            rows, columns = next(pictures)
            cells = rows * columns
            out[0, at : at + cells] = start
            out[1, at : at + cells] = start + np.repeat(np.arange(rows), columns)
            out[2, at : at + cells] = start + np.tile(np.arange(columns), rows)
            at, start = at + cells, start + max(rows, columns)
        else:
            out[:, at] = start
            at, start = at + 1, start + 1
    return out
