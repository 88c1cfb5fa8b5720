"""One encoder for many threads: one at a time, and questions before pages."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition
from typing import Any

from quire.ingest.budget import PixelBudget

from ..encode.protocol import Kind, PageEncoder, tasks_of


class Turns:
    """A lock for which those in a hurry are let through first."""

    def __init__(self) -> None:
        self._free = Condition()
        self._busy = False
        self._hurried = 0

    @contextmanager
    def take(self, *, hurry: bool) -> Iterator[None]:
        with self._free:
            self._hurried += hurry
            self._free.wait_for(lambda: not self._busy and (hurry or not self._hurried))
            self._hurried -= hurry
            self._busy = True
        try:
            yield
        finally:
            with self._free:
                self._busy = False
                self._free.notify_all()


class SharedEncoder:
    """The same encoder, safe for threads: its tasks are switched in place, so it takes turns.

    Pages are encoded one by one while documents are added, so that a question waits for one page
    at the most. Two at a time gain nothing on a CPU, where a page fills a batch.
    """

    def __init__(self, encoder: PageEncoder) -> None:
        self._encoder = encoder
        self._turns = Turns()
        self.fingerprint: str = encoder.fingerprint
        self.budget: PixelBudget = encoder.budget
        self.dim: int = encoder.dim
        self.dense_dims: tuple[int, ...] = encoder.dense_dims
        self.tasks: tuple[str, ...] = tasks_of(encoder)

    @property
    def name(self) -> str:
        return str(self._encoder.describe().get("name", "encoder"))

    @property
    def query_spans(self) -> Callable[..., Any] | None:
        """As `Encoder.query_spans`; None for an encoder that cannot tell."""
        tell = getattr(self._encoder, "query_spans", None)
        if tell is None:
            return None

        def told(text: str, *, task: str = "retrieval") -> Any:
            with self._turns.take(hurry=True):  # tokenizers are not for two threads either
                return tell(text, task=task)

        return told

    def describe(self) -> dict[str, Any]:
        return self._encoder.describe()

    def encode_query(
        self, texts: str | Sequence[str], *, task: str = "retrieval", vectors: Kind = "multi"
    ) -> Any:
        with self._turns.take(hurry=True):
            return self._encoder.encode_query(texts, task=task, vectors=vectors)

    def encode_document(
        self, items: Any, *, task: str = "retrieval", vectors: Kind = "multi"
    ) -> Any:
        if isinstance(items, list) and vectors == "both":  # pages of a document that is added
            return [self._one(item, task, vectors, hurry=False) for item in items]
        return self._one(items, task, vectors, hurry=True)

    def _one(self, items: Any, task: str, vectors: Kind, *, hurry: bool) -> Any:
        with self._turns.take(hurry=hurry):
            return self._encoder.encode_document(items, task=task, vectors=vectors)
