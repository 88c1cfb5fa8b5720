"""Ragged multivectors as one array, so that no page needs padding."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Packed:
    """The rows of n pages, one after the other.

    Page i is `rows[offsets[i] : offsets[i + 1]]`; a page may have no rows. `rows` is float16 or
    float32. `offsets` starts at 0, never falls and ends at the number of rows (checked here).
    """

    rows: Float[np.ndarray, "r d"]
    offsets: Int[np.ndarray, " n_and_1"]

    def __post_init__(self) -> None:
        if self.rows.dtype not in (np.float16, np.float32):
            raise TypeError(f"rows are {self.rows.dtype}: pack float16 or float32")
        steps = np.diff(self.offsets)
        if not len(self.offsets) or self.offsets[0] != 0 or self.offsets[-1] != len(self.rows):
            raise ValueError(
                f"offsets must run from 0 to the {len(self.rows)} rows, got {self.offsets!r}"
            )
        if (steps < 0).any():
            raise ValueError(f"offsets fall after page {int(np.argmax(steps < 0))}")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def dim(self) -> int:
        return int(self.rows.shape[1])

    @property
    def lengths(self) -> Int[np.ndarray, " n"]:
        """Rows per page."""
        return np.diff(self.offsets)

    def page(self, index: int) -> Float[np.ndarray, "p d"]:
        """The rows of one page, a view."""
        return self.rows[self.offsets[index] : self.offsets[index + 1]]

    def select(self, indices: Int[np.ndarray, " k"] | Sequence[int]) -> "Packed":
        """The named pages in the named order, a copy; an index may come twice."""
        chosen = np.asarray(indices, dtype=np.int64).reshape(-1)
        offsets = offsets_of(self.lengths[chosen])
        rows = np.empty((int(offsets[-1]), self.dim), dtype=self.rows.dtype)
        for i, index in enumerate(chosen):
            rows[offsets[i] : offsets[i + 1]] = self.page(int(index))
        return Packed(rows, offsets)


def offsets_of(lengths: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n_and_1"]:
    """Where each page starts, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def pack(pages: Sequence[Float[np.ndarray, "_ d"]], *, dim: int | None = None) -> Packed:
    """Put pages into one array, in order and in the dtype of the first one.

    `dim` is needed only for no pages at all.
    """
    if not pages:
        return Packed(np.zeros((0, dim or 0), dtype=np.float32), np.zeros(1, dtype=np.int64))
    widths = {page.shape[1] for page in pages}
    if len(widths) > 1:
        raise ValueError(f"pages have rows of {sorted(widths)} dimensions: pack pages of one width")
    lengths = np.array([len(page) for page in pages], dtype=np.int64)
    return Packed(np.concatenate(pages), offsets_of(lengths))
