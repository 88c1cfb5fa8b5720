"""MaxSim on a GPU: pages that stay there, or pass through in blocks.

Where Triton is installed (torch's builds for CUDA bring it) one fused kernel reads each page once
and keeps no page-by-query matrix; elsewhere torch multiplies blocks. A device that runs out of
memory gets smaller blocks; one that is lost hands over to the CPU, and the log says so.
"""

import logging
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from .asked import Asked
from .blocks import filled_blocks
from .floats import score_floats
from .int8 import Int8Codes, score_int8
from .packed import Packed, offsets_of
from .workers import tensor

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

# Page rows moved and scored at a time: few, large launches. 256 MiB of float16 rows of 128.
BLOCK_ROWS = 1 << 20


@dataclass(frozen=True)
class OnDevice:
    """Pages that were moved to a device once, to be scored there often."""

    rows: "torch.Tensor"
    offsets: "torch.Tensor"
    scales: "torch.Tensor | None"
    home: Packed | Int8Codes  # what they were made from, for when the device is lost

    @classmethod
    def load(cls, pages: Packed | Int8Codes, device: str) -> "OnDevice":
        """Raises torch.OutOfMemoryError when they do not fit."""
        rows, scales = _parts(pages)
        return cls(
            _move(rows, device),
            _move(pages.offsets.astype(np.int64), device),
            None if scales is None else _move(scales, device),
            pages,
        )

    def __len__(self) -> int:
        return len(self.home)

    @property
    def dim(self) -> int:
        return self.home.dim

    @property
    def nbytes(self) -> int:
        return self.rows.nbytes + self.offsets.nbytes

    def score(self, query: Asked) -> Float[np.ndarray, "m n"]:
        """float32; by the CPU if the device fails."""
        try:
            return _score(query, self.rows, self.offsets, self.scales)
        except RuntimeError as error:  # out of memory is one, too
            _say(error)
            return _on_cpu(query, self.home, None)


def score_passing(
    query: Asked, pages: Packed | Int8Codes, device: str, threads: int | None
) -> Float[np.ndarray, "m n"]:
    """Move the pages to the device block by block and score them there."""
    import torch

    rows, scales = _parts(pages)
    scores = np.full((len(query), len(pages)), -np.inf, dtype=np.float32)
    todo = [own for own, _ in filled_blocks(pages.offsets, BLOCK_ROWS)][::-1]
    while todo:
        own = todo.pop()
        span = slice(int(pages.offsets[own[0]]), int(pages.offsets[own[-1] + 1]))
        try:
            scores[:, own] = _score(
                query,
                _move(rows[span], device),
                _move(offsets_of(np.diff(pages.offsets)[own]), device),
                None if scales is None else _move(scales[own], device),
            )
        except torch.OutOfMemoryError as error:
            if len(own) > 1:
                half = len(own) // 2
                log.info("the device is out of memory: blocks of %d pages instead", half)
                todo += [own[half:], own[:half]]
                continue
            _say(error)
            return _on_cpu(query, pages, threads)
        except RuntimeError as error:
            _say(error)
            return _on_cpu(query, pages, threads)
    return scores


def _parts(pages: Packed | Int8Codes) -> tuple[np.ndarray, np.ndarray | None]:
    if isinstance(pages, Int8Codes):
        return pages.codes, np.asarray(pages.scales)
    return pages.rows, None


def _move(array: np.ndarray, device: str) -> "torch.Tensor":
    moved: torch.Tensor = tensor(np.ascontiguousarray(array)).to(device)
    return moved


def _say(error: RuntimeError) -> None:
    log.warning("the device cannot score (%s): the CPU does it", str(error).splitlines()[0])


def _on_cpu(
    query: Asked, pages: Packed | Int8Codes, threads: int | None
) -> Float[np.ndarray, "m n"]:
    if isinstance(pages, Int8Codes):
        return score_int8(query, pages, threads)
    return score_floats(query, pages, threads)


@cache
def fused_works(device: str) -> bool:
    """Is there a compiler for the fused kernel, and a device that it compiles for?"""
    return device.startswith("cuda") and find_spec("triton") is not None


def _score(
    query: Asked,
    rows: "torch.Tensor",
    offsets: "torch.Tensor",
    scales: "torch.Tensor | None",
) -> Float[np.ndarray, "m n"]:
    """Pages on a device by a query that is not there yet."""
    device = str(rows.device)
    asked, starts = _move(query.rows, device), _move(query.starts, device)
    if fused_works(device):
        from .fused import fused_maxsim, fused_maxsim_int8

        if scales is None:
            found = fused_maxsim(asked, starts, rows, offsets)
        else:
            found = fused_maxsim_int8(asked, starts, rows, offsets, scales)
        fused: Float[np.ndarray, "m n"] = found.cpu().numpy()
        return fused
    return query.sums(_best_by_scatter(asked, rows, offsets, scales).cpu().numpy())


def _best_by_scatter(
    asked: "torch.Tensor",
    rows: "torch.Tensor",
    offsets: "torch.Tensor",
    scales: "torch.Tensor | None",
) -> "torch.Tensor":
    """Best page row per query row and page, [query rows, n]; -inf where a page has none."""
    import torch

    counts = offsets.diff()
    owner = torch.repeat_interleave(torch.arange(len(counts), device=rows.device), counts)
    similarity = asked @ rows.to(torch.float32).T
    best = similarity.new_full((len(asked), len(counts)), -torch.inf)
    best = best.scatter_reduce_(1, owner.expand_as(similarity), similarity, "amax")
    return best if scales is None else best * scales
