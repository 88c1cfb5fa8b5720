"""MaxSim on a GPU: pages that stay there, or pass through in blocks.

Where Triton is installed (torch's builds for CUDA bring it) one fused kernel reads each page once
and keeps no page-by-query matrix; elsewhere torch multiplies blocks. What happens when the device
has no memory left, or is lost, is in yielding.py.
"""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from .asked import Asked
from .floats import score_floats
from .int8 import Int8Codes, score_int8
from .packed import Packed
from .workers import tensor
from .yielding import yielding

if TYPE_CHECKING:
    import torch

# Page rows that are moved and scored at a time: few, large launches. 256 MiB of float16 rows of
# 128. Pages that are already there are scored in one go if memory allows.
BLOCK_ROWS = 1 << 20
ALL_ROWS = 1 << 62


@dataclass(frozen=True)
class OnDevice:
    """Pages that were moved to a device once, to be scored there often."""

    rows: "torch.Tensor"
    scales: "torch.Tensor | None"
    home: Packed | Int8Codes  # what they were made from, for when the device is lost

    @classmethod
    def load(cls, pages: Packed | Int8Codes, device: str) -> "OnDevice":
        """Raises torch.OutOfMemoryError when they do not fit."""
        rows, scales = _parts(pages)
        return cls(_move(rows, device), None if scales is None else _move(scales, device), pages)

    def __len__(self) -> int:
        return len(self.home)

    @property
    def dim(self) -> int:
        return self.home.dim

    @property
    def nbytes(self) -> int:
        return int(self.rows.nbytes)

    def score(self, query: Asked) -> Float[np.ndarray, "m n"]:
        """float32; by the CPU if the device fails."""
        offsets = self.home.offsets

        def on_device(own: slice) -> Float[np.ndarray, "m some"]:
            rows = self.rows[int(offsets[own.start]) : int(offsets[own.stop])]
            scales = None if self.scales is None else self.scales[own]
            return _score(query, rows, _starts(self.home, own), scales)

        return yielding(
            np.diff(offsets),
            ALL_ROWS if fused_works(str(self.rows.device)) else BLOCK_ROWS,
            on_device,
            lambda own: _on_cpu(query, self.home, own, None),
        )


def score_passing(
    query: Asked, pages: Packed | Int8Codes, device: str, threads: int | None
) -> Float[np.ndarray, "m n"]:
    """Move the pages to the device block by block and score them there."""
    rows, scales = _parts(pages)

    def on_device(own: slice) -> Float[np.ndarray, "m some"]:
        return _score(
            query,
            _move(rows[pages.offsets[own.start] : pages.offsets[own.stop]], device),
            _starts(pages, own),
            None if scales is None else _move(scales[own], device),
        )

    return yielding(
        np.diff(pages.offsets),
        BLOCK_ROWS,
        on_device,
        lambda own: _on_cpu(query, pages, own, threads),
    )


def _parts(pages: Packed | Int8Codes) -> tuple[np.ndarray, np.ndarray | None]:
    if isinstance(pages, Int8Codes):
        return pages.codes, np.asarray(pages.scales)
    return pages.rows, None


def _starts(pages: Packed | Int8Codes, own: slice) -> np.ndarray:
    """Where each of these pages starts among their own rows, and where the last one ends."""
    offsets = pages.offsets[own.start : own.stop + 1].astype(np.int64)
    starts: np.ndarray = offsets - offsets[0]
    return starts


def _move(array: np.ndarray, device: str) -> "torch.Tensor":
    moved: torch.Tensor = tensor(np.ascontiguousarray(array)).to(device)
    return moved


def _on_cpu(
    query: Asked, pages: Packed | Int8Codes, own: slice, threads: int | None
) -> Float[np.ndarray, "m some"]:
    span = slice(int(pages.offsets[own.start]), int(pages.offsets[own.stop]))
    if isinstance(pages, Int8Codes):
        codes = Int8Codes(pages.codes[span], _starts(pages, own), pages.scales[own])
        return score_int8(query, codes, threads)
    return score_floats(query, Packed(pages.rows[span], _starts(pages, own)), threads)


@cache
def fused_works(device: str) -> bool:
    """Is there a compiler for the fused kernel, and a device that it compiles for?"""
    if not device.startswith("cuda") or find_spec("triton") is None:
        return False
    import torch

    return torch.cuda.get_device_capability(device) >= (8, 0)


def _score(
    query: Asked, rows: "torch.Tensor", starts: np.ndarray, scales: "torch.Tensor | None"
) -> Float[np.ndarray, "m n"]:
    """Pages on a device by a query that is not there yet."""
    device = str(rows.device)
    asked, offsets = _move(query.rows, device), _move(starts, device)
    if fused_works(device):
        from .fused import fused_maxsim, fused_maxsim_int8

        begins = _move(query.starts, device)
        if scales is None:
            found = fused_maxsim(asked, begins, rows, offsets)
        else:
            found = fused_maxsim_int8(asked, begins, rows, offsets, scales)
        fused: Float[np.ndarray, "m n"] = found.cpu().numpy()
        return fused
    scores = query.sums(_best_by_scatter(asked, rows, offsets, scales).cpu().numpy())
    scores[:, np.diff(starts) == 0] = -np.inf  # by a query without rows, too
    return scores


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
