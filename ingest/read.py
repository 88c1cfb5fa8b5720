"""Documents as pages, one after the other; every file is opened in a process that may die."""

import os
from pathlib import Path

from .budget import PixelBudget
from .errors import IngestError
from .failure import ReadFailed
from .find import Found, Source, find
from .limits import Limits
from .opened import OpenDocument
from .options import Reading
from .unchanged import original

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
    return OpenDocument(source, original(source, limits), budget, limits, workers, how)


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
    found = find([path], limits)
    if found.failures:
        raise ReadFailed(found.failures[0])
    return read(found.documents[0], budget, limits, how=how)
