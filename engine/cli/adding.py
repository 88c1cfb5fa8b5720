"""Adds documents to a library under a progress bar; `index` and `eval` both do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .exits import UsageError
from .progress import bar

if TYPE_CHECKING:
    from quire.ingest.find import Found

    from ..library import Library, Report


def found_in(paths: Sequence[str]) -> "Found":
    """What there is to read at the paths; UsageError when nothing looks like a document.

    Asked before a model is loaded or a library made, for a slip in a path should cost nothing.
    """
    from quire.ingest.find import find

    found = find(paths)
    if not found.documents and not found.failures:
        names = ", ".join(repr(path) for path in paths)
        raise UsageError(f"no document in {names}: name a folder that holds PDFs or pictures")
    return found


def add(library: "Library", paths: Sequence[str], *, as_json: bool) -> "Report":
    """Add everything at the paths, telling how it goes."""
    with bar("Indexing", "pages", as_json=as_json) as shown:
        return library.add(paths, on_error="report", progress=shown)
