"""Adds documents to a library under a progress bar, as several commands do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from quire.ingest.document import Document
from quire.ingest.failure import Failure

from . import output
from .exits import UsageError
from .progress import Bar, bar
from .stopping import Stop, stoppable

if TYPE_CHECKING:
    from quire.ingest.limits import Limits
    from quire.ingest.options import Reading

    from ..library import Library
    from ..store.report import Report
    from ..store.sidecar import Sidecar

STOPPING = "Stopping after this document; Ctrl-C once more stops at once."


class Pages:
    """Shows pages as they are stored.

    How many pages there will be is known of opened documents only, so the bar moves by documents
    that are new, and within one by its pages.
    """

    def __init__(self, shown: Bar, stop: Stop) -> None:
        self._shown = shown
        self._stop = stop
        self._total = 0
        self._current: Document | None = None
        self._done = 0  # documents, and files that failed
        self._failures = 0
        self._pages = 0
        self._lost = 0  # pages of the current document

    def start(self, total: int) -> None:
        self._total = total

    def page(self, document: Document, number: int) -> None:
        if self._current is None or self._current.id != document.id:
            self._finish()
            self._current = document
        self._pages += 1
        self._at(self._done + number / document.pages)

    def failed(self, failure: Failure) -> None:
        self._failures += 1
        if failure.page is None:
            self._finish()
            self._done += 1
        else:
            self._lost += 1  # told after the document's pages
        self._shown.failed(self._failures)
        self._at(self._done)

    def stop(self) -> bool:
        return self._stop.asked()

    def done(self) -> None:
        self._finish()

    def _finish(self) -> None:
        """The current document is done: tell it."""
        if self._current is None:
            return
        name, pages = Path(self._current.paths[0]).name, self._current.pages - self._lost
        lost = f", {output.count(self._lost, 'page')} lost" if self._lost else ""
        self._shown.line(f"{name}: {output.count(pages, 'page')}{lost}")
        self._current, self._lost = None, 0
        self._done += 1

    def _at(self, documents: float) -> None:
        self._shown.at(min(documents, self._total), self._total, self._pages)


def check_paths(paths: Sequence[str]) -> None:
    """UsageError when nothing at the paths looks like a document.

    Asked before a model is loaded or a library made, for a slip in a path should cost nothing.
    Addresses are not asked yet.
    """
    from quire.ingest.fetch import is_address
    from quire.ingest.find import finds_any

    here = [path for path in paths if not is_address(path)]
    if not finds_any(here) and len(here) == len(paths):
        names = ", ".join(repr(path) for path in paths)
        raise UsageError(f"no document in {names}: name a folder that holds PDFs or pictures")


@dataclass(frozen=True)
class Wishes:
    """How documents are to be read, and what is to be noted of them; see `Library.add`."""

    metadata: "Sidecar | None" = None
    limits: "Limits | None" = None
    how: "Reading | None" = None
    retry: bool = False


def add(
    library: "Library",
    paths: Sequence[str],
    wishes: Wishes = Wishes(),
    *,
    as_json: bool,
) -> "Report":
    """Add what lies at the paths, and tell each failure on standard error."""
    with stoppable(STOPPING) as stop:
        report = shown(partial(library.add, paths), wishes, stop, as_json=as_json)
    for failure in report.failures:
        output.note(f"Failed: {failure}")
    return report


def shown(work: "Callable[..., Report]", wishes: Wishes, stop: Stop, *, as_json: bool) -> "Report":
    """Do the work, `Library.add` or one like it, under a bar."""
    with bar("Indexing", "pages", as_json=as_json) as drawn:
        return work(
            metadata=wishes.metadata,
            progress=Pages(drawn, stop),
            limits=wishes.limits,
            how=wishes.how,
            retry=wishes.retry,
        )
