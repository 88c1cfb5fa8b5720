"""Documents as pages, one after the other; every file is opened in a process that may die."""

import os
from pathlib import Path

from .budget import PixelBudget
from .document import document_id
from .errors import IngestError
from .failure import Failure, Kind, ReadFailed
from .find import Found, Source, find
from .limits import Limits
from .opened import OpenDocument
from .options import Reading

__all__ = ["Found", "Limits", "OpenDocument", "Reading", "Source", "find", "open_pages", "read"]

_DEFAULT_LIMITS = Limits()
_DEFAULT_READING = Reading()


def read(
    source: Source,
    budget: PixelBudget,
    limits: Limits = _DEFAULT_LIMITS,
    workers: int = 1,
    how: Reading = _DEFAULT_READING,
) -> OpenDocument:
    """Open a document that `find` came upon; iterate over the result for its pages.

    workers: reading processes for this one document; more than one draws pages side by side
    (worth it on idle cores; each opens the file for itself).
    Raises ReadFailed when the file cannot be opened, IngestError for workers below 1.
    """
    if workers < 1:
        raise IngestError(f"workers={workers}: at least one process must read")
    return OpenDocument(source, _unchanged(source, limits), budget, limits, workers, how)


def open_pages(
    path: str | Path,
    budget: PixelBudget,
    limits: Limits = _DEFAULT_LIMITS,
    how: Reading = _DEFAULT_READING,
) -> OpenDocument:
    """The pages of one file: `with open_pages(path, budget) as pages: for page in pages: ...`.

    Raises IngestError for a folder or a path that does not exist, ReadFailed for a file that
    is no document or cannot be opened.
    """
    if os.path.isdir(path):
        raise IngestError(f"{str(path)!r} is a folder: give one file, or use find and read")
    found = find([path])
    if found.failures:
        raise ReadFailed(found.failures[0])
    return read(found.documents[0], budget, limits, how=how)


def _unchanged(source: Source, limits: Limits) -> str:
    """A path of the source that still holds the bytes which `find` saw."""
    reason = "has no path"
    for path in (source.file,) if source.file else source.paths:
        try:
            size = os.path.getsize(path)
            if size > limits.max_bytes:
                reason = (
                    f"has {size:,} bytes and the limit is {limits.max_bytes:,}: split it, or allow "
                    "more with --limit max_bytes=..."
                )
                raise ReadFailed(Failure(path, Kind.TOO_BIG, reason))
            if document_id(path) == source.id:
                return path
            reason = "was changed after it was found: look for it again"
        except OSError as error:
            reason = f"{error.strerror or error}: check that it exists and may be read"
    raise ReadFailed(Failure(source.paths[0], Kind.UNREADABLE, reason))
