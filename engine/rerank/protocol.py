"""What search needs of a reranker, and nothing more."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float32
from PIL import Image

from quire.ingest.page import Page

Reads = Literal["text", "pages"]
Candidate: TypeAlias = str | Image.Image | Page


@runtime_checkable
class Reranker(Protocol):
    """Reads a query together with each candidate and says how well the two fit.

    `reads`: "text" takes strings, and of a `Page` its text layer; "pages" takes pictures too, and
    of a `Page` its picture. A string is always text and never a path.
    """

    @property
    def name(self) -> str: ...
    @property
    def reads(self) -> Reads: ...
    @property
    def fingerprint(self) -> str: ...

    def describe(self) -> dict[str, Any]: ...
    def score(self, query: str, candidates: Sequence[Candidate]) -> Float32[np.ndarray, " n"]: ...
