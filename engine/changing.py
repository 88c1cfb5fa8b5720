"""What goes into a library, and what comes out again."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from quire.ingest.document import Document
from quire.ingest.failure import ReadFailed
from quire.ingest.find import Found, Source
from quire.ingest.limits import Limits
from quire.ingest.ocr import chosen as chosen_ocr
from quire.ingest.options import Reading
from quire.ingest.page import Page
from quire.ingest.read import read
from quire.ingest.seen import Seen

from .encode.protocol import PageEncoder
from .errors import EngineError
from .search.scope import Where, check_metadata, documents_in
from .store.adding import Adder, readable
from .store.check import find_problems
from .store.coding import update_codes
from .store.contents import read_contents
from .store.deleting import delete_named
from .store.disk import disk_errors
from .store.gathering import gathered
from .store.layout import Layout
from .store.lock import writing
from .store.manifest import Manifest
from .store.repairing import Repairer, Repairs
from .store.report import Progress, Report, Silent
from .store.sidecar import Sidecar, notes_of
from .store.syncing import sync, synced_folder
from .store.tables import Tables
from .store.tasks import encode_for
from .store.trying import tried_with
from .store.writing import Writer


class Changeable:
    """Adds filling and emptying to a library, which brings the tables and the encoder."""

    _layout: Layout
    _tables: Tables
    manifest: Manifest

    def __init__(self) -> None:
        self._seen: Seen = Seen()  # a file that looks as before is not hashed again

    @property
    def encoder(self) -> PageEncoder:
        raise NotImplementedError

    def add(
        self,
        paths: str | Path | Iterable[str | Path],
        metadata: Mapping[str, Any] | Sidecar | None = None,
        on_error: Literal["report", "raise"] = "report",
        progress: Progress | None = None,
        limits: Limits | None = None,
        how: Reading | None = None,
        retry: bool = False,
    ) -> Report:
        """Read files, folders with all below them, and http(s) addresses into the library.

        Bytes that are there already are not read again: a new path, or new keys of `metadata`,
        are noted. A path that now holds other bytes takes its old document out. `metadata`: a flat
        dict for every document, or of a `read_sidecar` for each its own. Files that cannot be read
        are reported, or the first of them raised with `on_error="raise"`; of a document the pages
        that can be read are added. What failed is remembered (see `failures`) and read again when
        limits, passwords or programs have changed, or with `retry`, as are documents that lack
        pages. Libraries in the folders are passed over. Whatever ends it early, documents that
        were finished stay. Raises IngestError for a path that does not exist, LibraryBusy while
        another process writes, WrongLibrary for another engine than its own.
        """
        if on_error not in ("report", "raise"):
            raise EngineError(f"on_error={on_error!r}: choose 'report' or 'raise'")
        notes = notes_of(metadata, check_metadata)
        named = [paths] if isinstance(paths, str | Path) else list(paths)

        def work(adder: Adder, found: Found) -> None:
            if found.failures and on_error == "raise":
                raise ReadFailed(found.failures[0])
            adder.add(found, notes, on_error)

        return self._take_in(named, work, progress, limits, how, retry)

    def sync(
        self,
        folder: str | Path,
        metadata: Mapping[str, Any] | Sidecar | None = None,
        progress: Progress | None = None,
        limits: Limits | None = None,
        how: Reading | None = None,
        retry: bool = False,
    ) -> Report:
        """Make the library match a folder: add what is new, take out what is gone.

        Files are known by their bytes: one that was moved or renamed gets its new path and is not
        read again; equal bytes at several paths are one document with all of them. Documents and
        paths outside the folder stay as they are, as do those whose files cannot be looked at. All
        else is as in `add`. Raises NoFolder for what is none.
        """
        notes, root = notes_of(metadata, check_metadata), synced_folder(folder)

        def work(adder: Adder, found: Found) -> None:
            sync(adder, root, found, notes)

        return self._take_in([root], work, progress, limits, how, retry)

    def delete(
        self, targets: str | Path | Iterable[str | Path] = (), *, where: Where | None = None
    ) -> list[Document]:
        """Take documents out, by id, path, folder or filter, and return those that are gone.

        A document with several paths only loses those that are named, or lie below a folder that
        is. where: as in `search`; takes out the documents of which every page matches. Files stay,
        but for those that were uploaded. Raises EngineError for an id or path that is not there,
        and then takes nothing out; SearchError for a filter that cannot be applied.
        """
        named = [targets] if isinstance(targets, str | Path) else list(targets)
        with disk_errors(self._layout), writing(self._layout):
            writer = self._writer()
            if where is not None:
                named += documents_in(read_contents(self._tables), where)
            gone = delete_named(self._tables, writer, named)
            self._settle()
        return gone

    def repair(self) -> Repairs:
        """Mend what can be mended from what is there; see `check` for what may be wrong.

        What belongs to no document goes. A document with pages or vectors that are not what was
        written goes too, and is to be added again. Lost images are drawn again where the file and
        the library that drew them are still there; the text index is made anew if it fails.
        """
        with disk_errors(self._layout), writing(self._layout):
            before = find_problems(self._tables, self.manifest)
            repairer = Repairer(self._tables, self._writer(), self.manifest, self._redrawn)
            repairs = repairer.run(before)
            self._settle()
            left = find_problems(self._tables, self.manifest)
            repairs.left = [problem.text for problem in left]
        return repairs

    def _redrawn(self, source: Source) -> Iterator[Page]:
        how = self.manifest.reading(None, self._layout.root)
        with read(source, self.encoder.budget, how=replace(how, ocr="never")) as opened:
            yield from readable(opened, [])

    def _take_in(
        self,
        paths: list[str | Path],
        work: Callable[[Adder, Found], None],
        progress: Progress | None,
        limits: Limits | None,
        how: Reading | None,
        retry: bool,
    ) -> Report:
        """Look at the paths, and do the work on what is found, as the one writer."""
        began = perf_counter()
        bounds, chosen = limits or Limits(), self.manifest.reading(how, self._layout.root)
        chosen_ocr(chosen)  # raises when an engine was asked for and is not there
        encoder = self.encoder
        with (
            gathered(paths, bounds, self._seen) as found,
            disk_errors(self._layout),
            writing(self._layout),
        ):
            adder = Adder(
                self._tables,
                self._writer(),
                lambda pages, kind: encode_for(encoder, pages, kind, self.manifest.rows),
                lambda source: read(source, encoder.budget, bounds, how=chosen),
                progress or Silent(),
                tried=tried_with(bounds, chosen),
                retry=retry,
            )
            try:
                work(adder, found)
                if adder.changed:
                    self._tables.tidy()
            finally:  # documents that were finished stay
                update_codes(self._tables, self.manifest)
        adder.report.seconds = perf_counter() - began
        return adder.report

    def _settle(self) -> None:
        """After a change that came to its end."""
        self._tables.tidy()
        update_codes(self._tables, self.manifest)

    def _writer(self) -> Writer:
        manifest = self.manifest
        return Writer(self._tables, manifest.dim, manifest.dense_dim, manifest.pooling)
