"""Exact MaxSim on a CPU: whole pages as blocks, each a float32 product and a maximum."""

import numpy as np
from jaxtyping import Float

from .asked import Asked
from .blocks import filled_blocks
from .packed import Packed
from .workers import each, scratch, tensor

# Rows of a block: 8,400 rows of 128 float32 are 4.3 MB. The product itself is a fifth faster on a
# third of that, which fits a core's own cache, but the calls around it then cost more than that.
BLOCK_ROWS = 8_400
# Numbers of a block's product: for more query rows the blocks are shorter. 64 MiB.
BLOCK_PRODUCTS = 1 << 24


def score_floats(query: Asked, pages: Packed, threads: int | None) -> Float[np.ndarray, "m n"]:
    """Every page by every query, float32.

    float16 rows are widened block by block: half the memory, and no slower, while a product in
    float16 is a tenth of the speed. Products in bfloat16 were left out: torch rounds their sums.
    """
    import torch

    scores = np.full((len(query), len(pages)), -np.inf, dtype=np.float32)
    asked = tensor(query.rows)
    limit = min(BLOCK_ROWS, max(1, BLOCK_PRODUCTS // max(1, len(asked))))

    def score(block: tuple[np.ndarray, slice]) -> None:
        own, rows = block
        wide = scratch("rows", (rows.stop - rows.start, pages.dim), torch.float32)
        wide.copy_(tensor(pages.rows[rows]))
        similarity = scratch("products", (len(asked), len(wide)), torch.float32)
        torch.mm(asked, wide.T, out=similarity)
        starts = pages.offsets[own] - rows.start
        # Maximum over each page: torch's segment and scatter reductions are 25 times slower.
        best = np.maximum.reduceat(similarity.numpy(), starts, axis=1)
        scores[:, own] = query.sums(best)

    each(score, filled_blocks(pages.offsets, limit), threads)
    return scores
