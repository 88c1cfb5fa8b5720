"""Documents as pages, one after the other; every file is opened in a process that may die."""

import os
from pathlib import Path
from types import TracebackType

from .budget import PixelBudget
from .document import Document, document_id
from .errors import IngestError
from .failure import Failure, Kind, ReadFailed
from .feed import Drawn, Feed
from .find import Found, Source, find
from .limits import Limits
from .page import Page, Word

__all__ = ["Found", "Limits", "OpenDocument", "Source", "find", "open_pages", "read"]

_DEFAULT_LIMITS = Limits()
_SECONDS_FOR_EACH_PAGE = 1.0  # what a page adds to the time of its whole document


def read(
    source: Source, budget: PixelBudget, limits: Limits = _DEFAULT_LIMITS, workers: int = 1
) -> "OpenDocument":
    """Open a document that `find` came upon; iterate over the result for its pages.

    workers: reading processes for this one document; more than one draws pages side by side
    (worth it on idle cores; each opens the file for itself).
    Raises ReadFailed when the file cannot be opened, IngestError for workers below 1.
    """
    if workers < 1:
        raise IngestError(f"workers={workers}: at least one process must read")
    return OpenDocument(source, _unchanged(source, limits), budget, limits, workers)


def open_pages(
    path: str | Path, budget: PixelBudget, limits: Limits = _DEFAULT_LIMITS
) -> "OpenDocument":
    """The pages of one file: `with open_pages(path, budget) as pages: for page in pages: ...`.

    Raises IngestError for a folder or a path that does not exist, ReadFailed for a file that
    is no document or cannot be opened.
    """
    if os.path.isdir(path):
        raise IngestError(f"{str(path)!r} is a folder: give one file, or use find and read")
    found = find([path])
    if found.failures:
        raise ReadFailed(found.failures[0])
    return read(found.documents[0], budget, limits)


class OpenDocument:
    """A document being read: `.document`, and its pages by iteration, in order, once.

    Pages are drawn a few ahead of the caller and never all held. When a page fails, iterating
    raises ReadFailed with `failure.page`; calling next() again goes on with the page after
    it, for callers who can use a document with a gap. Use it in a `with` block, or close it.
    """

    document: Document

    def __init__(
        self, source: Source, path: str, budget: PixelBudget, limits: Limits, workers: int
    ) -> None:
        self._path, self._limits = path, limits
        self._feeds = [Feed(path, source.kind, budget, limits)]
        try:
            opened = self._feeds[0].open()
            if opened.pages > limits.max_pages:
                reason = (
                    f"has {opened.pages:,} pages and the limit is {limits.max_pages:,}: split it,"
                    " or allow more with Limits(max_pages=...)"
                )
                raise self._failed(Kind.TOO_BIG, reason)
        except BaseException:
            self.close()
            raise
        self.document = Document(
            id=source.id,
            paths=source.paths,
            kind=source.kind,
            pages=opened.pages,
            title=opened.title or os.fsencode(Path(path).stem).decode(errors="replace"),
            size=os.path.getsize(path),
        )
        self._next = 1
        hands = min(workers, opened.pages)
        self._feeds += [Feed(path, source.kind, budget, limits) for _ in range(hands - 1)]
        for first, feed in enumerate(self._feeds, 1):
            feed.ask(range(first, opened.pages + 1, hands))

    def __enter__(self) -> "OpenDocument":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> "OpenDocument":
        return self

    def __next__(self) -> Page:
        if not self._feeds or self._next > self.document.pages:
            self.close()
            raise StopIteration
        allowed = self._limits.seconds_per_document + _SECONDS_FOR_EACH_PAGE * self.document.pages
        left = allowed - sum(feed.waited for feed in self._feeds)
        if left <= 0:
            self.close()
            raise self._failed(Kind.TIMED_OUT, f"took more than {allowed:g} seconds: split it")
        number, self._next = self._next, self._next + 1
        try:
            drawn = self._feeds[(number - 1) % len(self._feeds)].take(left)
        except ReadFailed as failed:
            if failed.failure.page is None:
                self.close()  # it could not be opened again: nothing more will come
            raise
        return _page(drawn, self.document.id, number)

    def close(self) -> None:
        """Stop reading; what was drawn ahead is dropped. May be called twice."""
        feeds, self._feeds = self._feeds, []
        for feed in feeds:
            feed.close()

    def _failed(self, kind: Kind, reason: str) -> ReadFailed:
        return ReadFailed(Failure(self._path, kind, reason))


def _unchanged(source: Source, limits: Limits) -> str:
    """A path of the source that still holds the bytes which `find` saw."""
    reason = "has no path"
    for path in source.paths:
        try:
            size = os.path.getsize(path)
            if size > limits.max_bytes:
                reason = f"has {size:,} bytes and the limit is {limits.max_bytes:,}: split it"
                raise ReadFailed(Failure(path, Kind.TOO_BIG, reason))
            if document_id(path) == source.id:
                return path
            reason = "was changed after it was found: look for it again"
        except OSError as error:
            reason = f"{error.strerror or error}: check that it exists and may be read"
    raise ReadFailed(Failure(source.paths[0], Kind.UNREADABLE, reason))


def _page(drawn: Drawn, document: str, number: int) -> Page:
    from PIL import Image

    reply = drawn.reply
    return Page(
        document=document,
        number=number,
        image=Image.frombytes("RGB", (reply.across, reply.down), drawn.pixels),
        words=tuple(Word(text, (x0, y0, x1, y1)) for x0, y0, x1, y1, text in drawn.words),
        text=drawn.text,
        width=reply.width,
        height=reply.height,
        rotation=reply.rotation,
        section=drawn.section,
    )
