"""Adds documents to a library under a progress bar; `index` and `eval` both do."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from quire.ingest.document import Document
from quire.ingest.failure import Failure

from . import output
from .exits import UsageError
from .progress import Bar, bar

if TYPE_CHECKING:
    from quire.ingest.find import Found

    from ..library import Library
    from ..store.report import Report


class Pages:
    """Shows pages as they are stored.

    How many pages there will be is known of opened documents only, so the bar moves by documents
    (`total` of them are new) and within one by its pages.
    """

    def __init__(self, shown: Bar, total: int) -> None:
        self._shown = shown
        self._total = total
        self._documents = 0
        self._failures = 0
        self._pages = 0

    def start(self, total: int) -> None:
        """`total` counts documents that are there already, too, and so says little."""

    def page(self, document: Document, number: int) -> None:
        self._pages += 1
        part = number / document.pages
        self._at(self._documents + part)
        if number == document.pages:
            self._documents += 1
            name = Path(document.paths[0]).name
            self._shown.line(f"{name}: {output.count(number, 'page')}")

    def failed(self, failure: Failure) -> None:
        self._failures += 1
        self._documents += 1
        self._shown.failed(self._failures)
        self._at(self._documents)

    def done(self) -> None: ...

    def _at(self, documents: float) -> None:
        self._shown.at(min(documents, self._total), self._total, self._pages)


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


def add(library: "Library", found: "Found", paths: Sequence[str], *, as_json: bool) -> "Report":
    """Add what was found at the paths, and tell each failure on standard error."""
    known = {document.id for document in library.documents()}
    new = sum(source.id not in known for source in found.documents)
    with bar("Indexing", "pages", as_json=as_json) as shown:
        progress = Pages(shown, new + len(found.failures))
        report = library.add(paths, on_error="report", progress=progress)
    for failure in report.failures:
        output.note(f"Failed: {failure}")
    return report
