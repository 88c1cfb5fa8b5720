"""From sources to stored documents: read, encode, write, one document after the other."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from quire.ingest.document import Document
from quire.ingest.failure import Failure, ReadFailed
from quire.ingest.find import Found, Source
from quire.ingest.page import Page

from ..encode.protocol import PageEncoder
from .contents import Entry, read_entries
from .layout import is_page_image
from .tables import Tables
from .writing import Writer

log = logging.getLogger(__name__)

# Pages per call of the encoder. Few, so that memory stays bounded; the reader draws ahead.
ENCODE_PAGES = 4


@runtime_checkable
class Opened(Protocol):
    """A document that is being read: its pages come by iteration, in order."""

    document: Document

    def __iter__(self) -> Iterator[Page]: ...


Reader = Callable[[Source], AbstractContextManager[Opened]]


@runtime_checkable
class Progress(Protocol):
    """Is told how adding goes; the core itself never prints."""

    def start(self, total: int) -> None:
        """So many files will be dealt with: documents that are new, and failures so far."""

    def page(self, document: Document, number: int) -> None:
        """Page `number` of `document.pages` was encoded."""

    def failed(self, failure: Failure) -> None:
        """A file could not be read."""

    def done(self) -> None:
        """All documents were dealt with. Not called after an exception."""


class Silent:
    """Progress that nobody looks at."""

    def start(self, total: int) -> None: ...
    def page(self, document: Document, number: int) -> None: ...
    def failed(self, failure: Failure) -> None: ...
    def done(self) -> None: ...


@dataclass
class Report:
    """What one `add` did.

    added: documents that are new. skipped: documents that were there already.
    replaced: documents taken out because their only path now holds other bytes.
    failures: files that could not be read, and why. pages: encoded and stored. seconds: in all.
    """

    added: list[Document] = field(default_factory=list)
    skipped: list[Document] = field(default_factory=list)
    replaced: list[Document] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    pages: int = 0
    seconds: float = 0.0


def without_page_images(found: Found) -> Found:
    """What was found, less the images of libraries that lie in the folders searched."""
    documents = []
    for source in found.documents:
        paths = tuple(path for path in source.paths if not is_page_image(Path(path)))
        if paths:
            documents.append(replace(source, paths=paths))
    return Found(documents, [f for f in found.failures if not is_page_image(Path(f.path))])


class Adder:
    """Adds sources to a library whose write lock the caller holds."""

    def __init__(
        self, tables: Tables, writer: Writer, encoder: PageEncoder, read: Reader, progress: Progress
    ) -> None:
        self._writer = writer
        self._encoder = encoder
        self._read = read
        self._progress = progress
        self._entries = {entry.document.id: entry for entry in read_entries(tables)}
        # Path -> who claims it: one document, or two after a run that was killed in `_place`.
        self._holders: dict[str, set[str]] = {}
        for entry in self._entries.values():
            for path in entry.document.paths:
                self._holders.setdefault(path, set()).add(entry.document.id)
        self.report = Report()
        self.changed = False  # did anything that is stored change?

    def add(
        self,
        found: Found,
        metadata: Mapping[str, Any] | None,
        on_error: Literal["report", "raise"],
    ) -> None:
        """Whatever ends this early, documents that were finished stay."""
        new = sum(source.id not in self._entries for source in found.documents)
        self._progress.start(new + len(found.failures))
        for failure in found.failures:
            self._fail(failure)
        for source in found.documents:
            known = self._entries.get(source.id)
            if known is not None:
                self._meet_again(known, source, metadata)
                continue
            try:
                self._take_in(source, metadata or {})
            except ReadFailed as error:
                if on_error == "raise":
                    raise
                self._fail(error.failure)
        self._progress.done()

    def _fail(self, failure: Failure) -> None:
        self.report.failures.append(failure)
        self._progress.failed(failure)

    def _take_in(self, source: Source, metadata: Mapping[str, Any]) -> None:
        try:
            with self._read(source) as opened:
                document = opened.document
                pages = iter(opened)
                while few := list(islice(pages, ENCODE_PAGES)):
                    self._writer.write_pages(
                        few, self._encoder.encode_document(few, vectors="both")
                    )
                    for page in few:
                        self._progress.page(document, page.number)
        except BaseException:
            self._writer.give_up(source.id)
            raise
        entry = self._writer.commit(document, metadata)
        self.changed = True
        self.report.added.append(document)
        self.report.pages += document.pages
        self._place(entry)

    def _meet_again(self, known: Entry, source: Source, metadata: Mapping[str, Any] | None) -> None:
        """The bytes are there already: note new paths and metadata, encode nothing."""
        paths = tuple(sorted({*known.document.paths, *source.paths}))
        told = known.metadata if metadata is None else {**known.metadata, **metadata}
        if paths != known.document.paths or told != known.metadata:
            known = replace(known.at(paths), metadata=told)
            self._writer.update(known)
            self.changed = True
        self.report.skipped.append(known.document)
        self._place(known)

    def _place(self, entry: Entry) -> None:
        """A path holds one document: take the paths of `entry` from those that had them before."""
        own = entry.document
        self._entries[own.id] = entry
        before: set[str] = set()
        for path in own.paths:
            before |= self._holders.get(path, set()) - {own.id}
            self._holders[path] = {own.id}
        for old in (self._entries[other] for other in before):
            self.changed = True
            paths = tuple(path for path in old.document.paths if path not in own.paths)
            if paths:
                old = old.at(paths)
                self._writer.update(old)
                self._entries[old.document.id] = old
            else:
                log.info("%s holds other bytes now: its old pages go", *old.document.paths)
                self._writer.delete(old.document.id)
                del self._entries[old.document.id]
                self.report.replaced.append(old.document)
