"""What a run of adding tells: step by step, and at the end."""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from quire.ingest.document import Document
from quire.ingest.failure import Failure


@runtime_checkable
class Progress(Protocol):
    """Is told how adding goes; the core itself never prints."""

    def start(self, total: int) -> None:
        """So many files will be dealt with: documents that are new, and failures so far."""

    def page(self, document: Document, number: int) -> None:
        """Page `number` of `document.pages` was encoded."""

    def failed(self, failure: Failure) -> None:
        """A file could not be read."""

    def stop(self) -> bool:
        """Is the run to end here? Asked before each document that would be read."""

    def done(self) -> None:
        """All documents were dealt with. Not called after an exception."""


class Silent:
    """Progress that nobody looks at."""

    def start(self, total: int) -> None: ...
    def page(self, document: Document, number: int) -> None: ...
    def failed(self, failure: Failure) -> None: ...
    def stop(self) -> bool:
        return False

    def done(self) -> None: ...


@dataclass
class Report:
    """What one `add` or `sync` did.

    added: documents that are new. skipped: documents that were there already.
    replaced: documents taken out because their only path now holds other bytes.
    moved: documents that lie elsewhere now. removed: documents whose files are gone.
    failures: files, and pages of documents added, that could not be read, and why.
    left: documents not read yet when the run was told to stop; the same call goes on with them.
    pages: encoded and stored. seconds: in all.
    """

    added: list[Document] = field(default_factory=list)
    skipped: list[Document] = field(default_factory=list)
    replaced: list[Document] = field(default_factory=list)
    moved: list[Document] = field(default_factory=list)
    removed: list[Document] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    left: int = 0
    pages: int = 0
    seconds: float = 0.0
