"""MaxSim as it is defined. Every faster way is held to this by tests."""

import numpy as np
from jaxtyping import Float

from .packed import Packed


def maxsim_plain(query: Float[np.ndarray, "q d"], pages: Packed) -> Float[np.ndarray, " n"]:
    """One page at a time in float64, which is slow. Pages without rows score -inf.

    Source: Khattab and Zaharia 2020 (ColBERT), equation 3.
    """
    wide = query.astype(np.float64)
    scores = np.full(len(pages), -np.inf)
    for i in range(len(pages)):
        page = pages.page(i).astype(np.float64)
        if len(page):
            scores[i] = (wide @ page.T).max(axis=1).sum()
    return scores
