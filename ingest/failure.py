"""Why a file did not become pages: kinds that a program can act on, sentences for people."""

from dataclasses import dataclass
from enum import StrEnum

from .errors import IngestError


class Kind(StrEnum):
    """What stopped a file. The value is what reports and JSON show."""

    PASSWORD = "password"  # needs a password to open
    DAMAGED = "damaged"  # broken beyond repair, or the reader crashed on it
    EMPTY = "empty"  # 0 bytes
    NO_PAGES = "no pages"  # opens, but holds no page
    TOO_BIG = "too big"  # beyond a limit on bytes, pages, pixels or shape
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    UNREADABLE = "unreadable"  # permissions, vanished or changed while we looked
    REFUSED = "refused"  # an address that is not fetched
    MISSING = "program missing"  # what reads this kind of file is not installed
    UNSUPPORTED = "unsupported"  # named like a document, but the content is none we read


@dataclass(frozen=True)
class Failure:
    """One file, or one page of it, that could not be read.

    reason: one sentence that says what was wrong and the mend.
    page: counted from 1; None where the whole file is meant.
    """

    path: str
    kind: Kind
    reason: str
    page: int | None = None

    def __str__(self) -> str:
        where = self.path if self.page is None else f"{self.path}, page {self.page}"
        return f"{where}: {self.kind}: {self.reason}"


class ReadFailed(IngestError):
    """A file or page could not be read; `failure` says which, and why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure
