"""Work that a device does in blocks, and what happens when it cannot."""

import logging
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from .blocks import blocks

log = logging.getLogger(__name__)

Scores = Float[np.ndarray, "m _"]


def yielding(
    lengths: Int[np.ndarray, " n"],
    limit: int,
    on_device: Callable[[slice], Scores],
    on_cpu: Callable[[slice], Scores],
) -> Float[np.ndarray, "m n"]:
    """Score n pages of so many rows (at least one page), in runs of whole pages.

    A run has at most `limit` rows. A device that is out of memory is given half as much, until one
    page is too much; then, or when it fails in another way, the CPU does what is left. Each of
    these is said once, in the log. Other errors are raised.
    """
    import torch

    found: list[Scores] = []
    start, n = 0, len(lengths)
    while start < n:
        run = blocks(lengths[start:], limit)[0]
        own = slice(start, start + run.stop)
        try:
            found.append(on_device(own))
        except RuntimeError as error:  # out of memory is one, too
            if isinstance(error, torch.OutOfMemoryError) and run.stop > 1:
                limit = max(1, int(lengths[own].sum()) // 2)
                log.warning("the device is out of memory: blocks of %d rows from here on", limit)
                continue
            reason = str(error).partition("\n")[0]
            log.warning("the device cannot score (%s): the CPU does what is left", reason)
            own = slice(start, n)
            found.append(on_cpu(own))
        start = own.stop
    return np.concatenate(found, axis=1)
