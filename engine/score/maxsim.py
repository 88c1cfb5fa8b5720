"""MaxSim: every query row takes its best page row, and the bests are summed.

Source: Khattab and Zaharia 2020 (ColBERT), equation 3. Nothing is normalised here: query rows may
have any length, so a row's length is its weight. Pages without rows score -inf and so rank last.
There is no padding anywhere: zero rows beside a short page would lift its negative maxima to zero,
and its score would depend on the pages it shares a batch with.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from .asked import asked
from .bits import BitCodes, score_bits
from .floats import score_floats
from .int8 import Int8Codes, score_int8
from .packed import Packed

if TYPE_CHECKING:
    from .cuda import OnDevice

Pages = Packed | Int8Codes | BitCodes
Query = Float[np.ndarray, "q d"]


def maxsim(
    query: Query | Sequence[Query],
    pages: "Pages | OnDevice",
    *,
    device: str = "cpu",
    threads: int | None = None,
) -> Float[np.ndarray, "*m n"]:
    """Score every page: float32 [n] for one query, [m, n] for a list of m.

    `Packed` floats are scored exactly, up to float32 rounding, and a page scores the same alone as
    in any batch. Codes are estimates, whose error their class states. Several queries at once
    cost less than one after the other. `device` is "cpu" or "cuda" (1-bit codes are always scored
    on the CPU); `threads` is how many the CPU may use, as many as torch would by default.
    Raises ValueError for a query of another width, and for numbers that are not finite.
    """
    single = isinstance(query, np.ndarray)
    queries: list[Query] = [query] if isinstance(query, np.ndarray) else list(query)
    if not len(pages):
        scores = np.zeros((len(queries), 0), dtype=np.float32)
        return scores[0] if single else scores
    rows = asked(queries, pages.dim)
    if isinstance(pages, BitCodes):
        scores = score_bits(rows, pages, threads)
    elif not isinstance(pages, Packed | Int8Codes):
        scores = pages.score(rows)
    elif device != "cpu":
        from .cuda import score_passing

        scores = score_passing(rows, pages, device, threads)
    elif isinstance(pages, Int8Codes):
        scores = score_int8(rows, pages, threads)
    else:
        scores = score_floats(rows, pages, threads)
    wrong = ~(scores < np.inf).all(axis=0)
    if wrong.any():
        raise ValueError(
            f"page {int(np.argmax(wrong))} has rows that are not finite: encode it again"
        )
    return scores[0] if single else scores
