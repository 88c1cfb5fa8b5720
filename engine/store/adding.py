"""From sources to stored documents: read, encode, write, one document after the other."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from typing import Any, Literal, Protocol, runtime_checkable

from quire.ingest.document import Document, DocumentKind
from quire.ingest.failure import Failure, ReadFailed
from quire.ingest.find import Found, Source
from quire.ingest.page import Page

from ..encode.protocol import Vectors
from .contents import Entry, read_entries
from .failing import Failed, Failures
from .report import Progress, Report
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


# Paths of a document -> what is to be noted of it; None for nothing new.
Metadata = Callable[[Sequence[str]], Mapping[str, Any] | None]
Reader = Callable[[Source], AbstractContextManager[Opened]]
# Pages of a document of this kind -> their vectors, and the task that made each.
Encode = Callable[[Sequence[Page], DocumentKind], tuple[Sequence[Vectors], Sequence[str]]]


class Adder:
    """Adds sources to a library whose write lock the caller holds."""

    def __init__(
        self,
        tables: Tables,
        writer: Writer,
        encode: Encode,
        read: Reader,
        progress: Progress,
        *,
        tried: str = "",
        retry: bool = False,
    ) -> None:
        """tried: how files are read this time. What failed when the same was tried is not read
        again but told again; `retry` reads it all the same, and documents that lack pages."""
        self._tried, self._retry = tried, retry
        self._failures = Failures(tables)
        self._writer = writer
        self._encode = encode
        self._read = read
        self._progress = progress
        self.entries = {entry.document.id: entry for entry in read_entries(tables)}
        self._holders = _holders(self.entries.values())
        self.report = Report()
        self.left: set[str] = set()  # ids of documents that were not read any more
        self.changed = False  # did anything that is stored change?

    def add(
        self,
        found: Found,
        metadata: Metadata,
        on_error: Literal["report", "raise"],
    ) -> None:
        """Whatever ends this early, documents that were finished stay."""
        new = sum(source.id not in self.entries for source in found.documents)
        self._progress.start(new + len(found.failures))
        try:
            for failure in found.failures:
                self._fail(failure, "")
            for source in found.documents:
                self._add_one(source, metadata(source.paths), on_error)
        finally:
            self.changed |= self._failures.flush()
        self.report.left = len(self.left)
        self._progress.done()

    def place(self, paths: Mapping[str, tuple[str, ...]]) -> list[Document]:
        """Give documents, by id, these paths; those without any are taken out, and returned."""
        gone = [self.entries.pop(key).document for key, own in paths.items() if not own]
        stay = [self.entries[key].at(own) for key, own in paths.items() if own]
        self._writer.update(*stay)
        self.entries.update((entry.document.id, entry) for entry in stay)
        self._writer.delete(*(document.id for document in gone))
        for document in gone:
            self._failures.forget(document.id)
        self._holders = _holders(self.entries.values())
        self.changed |= bool(paths)
        return gone

    def forget_failures(self, is_gone: Callable[[str], bool]) -> None:
        """Forget the failures of files that are there no more, as `is_gone` tells by their path."""
        self._failures.forget(paths=[path for path in self._failures.paths() if is_gone(path)])
        self.changed |= self._failures.flush()

    def _add_one(
        self,
        source: Source,
        metadata: Mapping[str, Any] | None,
        on_error: Literal["report", "raise"],
    ) -> None:
        known = self.entries.get(source.id)
        if known is not None and not (self._retry and known.missing):
            self._meet_again(known, source, metadata)
            return
        for failure in [] if self._retry else self._failures.known(source.id, self._tried):
            if on_error == "raise":
                raise ReadFailed(failure)
            self._fail(replace(failure, path=source.paths[0]), source.id)
            return
        if self._progress.stop():
            self.left.add(source.id)
            return
        try:
            if known is not None:
                lost = self._would_lose(source)
                if len(lost) >= len(known.missing):
                    self._meet_again(known, source, metadata)
                    for failure in lost:
                        self._fail(failure, source.id)
                    return
                metadata = {**known.metadata, **(metadata or {})}
                self._writer.delete(source.id)
                del self.entries[source.id]
            self._take_in(source, metadata or {}, on_error)
        except ReadFailed as error:
            if on_error == "raise":
                raise
            self._fail(error.failure, source.id)

    def _would_lose(self, source: Source) -> list[Failure]:
        """The pages that cannot be read, looked for before what is there goes."""
        lost: list[Failure] = []
        with self._read(source) as opened:
            for _ in readable(opened, lost):
                pass
        return lost

    def _fail(self, failure: Failure, document: str) -> None:
        self.report.failures.append(failure)
        self._failures.note(Failed(failure, document, self._tried))
        self._progress.failed(failure)

    def _take_in(
        self, source: Source, metadata: Mapping[str, Any], on_error: Literal["report", "raise"]
    ) -> None:
        """One bad page costs that page, not the document: of a manual of 400 pages 399 can be
        found. But a document of which no page can be read is none."""
        lost: list[Failure] = []
        try:
            with self._read(source) as opened:
                document = opened.document
                pages = readable(opened, lost)
                while few := list(islice(pages, ENCODE_PAGES)):
                    self._writer.write_pages(few, *self._encode(few, document.kind))
                    for page in few:
                        self._progress.page(document, page.number)
                    if lost and on_error == "raise":
                        break
            if lost and (on_error == "raise" or len(lost) == document.pages):
                raise ReadFailed(_of_all(lost) if on_error == "report" else lost[0])
        except BaseException:
            self._writer.give_up(source.id)
            raise
        missing = [failure.page for failure in lost if failure.page is not None]
        entry = self._writer.commit(document, metadata, missing)
        self.changed = True
        self.report.added.append(document)
        self.report.pages += document.pages - len(missing)
        self._failures.forget(document.id, document.paths)
        for failure in lost:
            self._fail(failure, document.id)
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
        self.entries[own.id] = entry
        before: set[str] = set()
        for path in own.paths:
            before |= self._holders.get(path, set()) - {own.id}
            self._holders[path] = {own.id}
        for old in (self.entries[other] for other in before):
            self.changed = True
            paths = tuple(path for path in old.document.paths if path not in own.paths)
            if paths:
                old = old.at(paths)
                self._writer.update(old)
                self.entries[old.document.id] = old
            else:
                log.info("%s holds other bytes now: its old pages go", *old.document.paths)
                self._writer.delete(old.document.id)
                self._failures.forget(old.document.id)
                del self.entries[old.document.id]
                self.report.replaced.append(old.document)


def _holders(entries: Iterable[Entry]) -> dict[str, set[str]]:
    """Path -> who claims it: one document, or two after a run that was killed in `_place`."""
    holders: dict[str, set[str]] = {}
    for entry in entries:
        for path in entry.document.paths:
            holders.setdefault(path, set()).add(entry.document.id)
    return holders


def readable(pages: Opened, lost: list[Failure]) -> Iterator[Page]:
    """The pages that can be read; `lost` gets why the others cannot.

    Raises ReadFailed when the whole document cannot be read any further.
    """
    rest = iter(pages)
    while True:
        try:
            yield next(rest)
        except StopIteration:
            return
        except ReadFailed as failed:
            if failed.failure.page is None:
                raise
            lost.append(failed.failure)


def _of_all(lost: list[Failure]) -> Failure:
    """One failure for a document of which no page can be read."""
    first = lost[0]
    if len(lost) == 1:
        return replace(first, page=None)
    return replace(first, page=None, reason=f"none of {len(lost)} pages: the first {first.reason}")
