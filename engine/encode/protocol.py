"""What the rest of the engine needs of a model, and nothing more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int16
from PIL import Image

from quire.adapters.tasks import RETRIEVAL
from quire.ingest.budget import PixelBudget

Kind = Literal["multi", "dense", "both", "sparse"]


@dataclass(frozen=True)
class Vectors:
    """Both heads of one item, from one forward pass.

    `cells` names the cell of the visual grid that a row looks at, counted row by row from the
    top left; -1 for rows that look at none (text). `grid` is (rows, columns), (0, 0) for text.
    `owners`: where rows were averaged one may look at several cells: the row of each of `cells`.
    None: one cell a row, in their order.
    `sparse` weighs words, where the model does: token id -> weight.
    """

    multi: Float[np.ndarray, "rows dim"]
    dense: Float[np.ndarray, " dense"]
    cells: Int16[np.ndarray, " cells"]
    grid: tuple[int, int]
    sparse: Mapping[int, float] | None = None
    owners: Int16[np.ndarray, " cells"] | None = None

    @property
    def looking(self) -> Int16[np.ndarray, " cells"]:
        """The row that looks at each of `cells`."""
        return np.arange(len(self.cells), dtype=np.int16) if self.owners is None else self.owners


@dataclass(frozen=True)
class Parts:
    """Pictures and texts that make one document together, pictures first."""

    pictures: tuple[Image.Image, ...] = ()
    texts: tuple[str, ...] = ()


@runtime_checkable
class PageEncoder(Protocol):
    """Turns queries and pages into vectors. Real encoders and test stand-ins both fit."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def budget(self) -> PixelBudget: ...
    @property
    def dim(self) -> int: ...
    @property
    def dense_dims(self) -> tuple[int, ...]: ...

    def describe(self) -> dict[str, Any]: ...
    def encode_query(
        self, texts: str | Sequence[str], *, task: str = "retrieval", vectors: Kind = "multi"
    ) -> Any: ...
    def encode_document(
        self, items: Any, *, task: str = "retrieval", vectors: Kind = "multi"
    ) -> Any: ...


def tasks_of(encoder: PageEncoder) -> tuple[str, ...]:
    """Tasks that the encoder has weights for; `retrieval` alone where it does not say."""
    tasks: tuple[str, ...] = getattr(encoder, "tasks", (RETRIEVAL,))
    return tasks
