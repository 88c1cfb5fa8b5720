"""A document that is being read: which process and which library, page after page."""

import os
from pathlib import Path
from types import TracebackType

from .budget import PixelBudget
from .document import Document, DocumentKind
from .failure import Failure, Kind, ReadFailed
from .feed import Drawn, Feed
from .find import Source
from .limits import Limits
from .ocr import chosen
from .office import Converted
from .options import Reading
from .page import Page, Word
from .unchanged import Original
from .version import engine_version, picture_engine
from .wire import Opened

_SECONDS_FOR_EACH_PAGE = 1.0  # what a page adds to the time of its whole document
# Another library would say the same of these.
_FINAL = (Kind.PASSWORD, Kind.TOO_BIG, Kind.UNREADABLE)


class OpenDocument:
    """A document being read: `.document`, and its pages by iteration, in order, once.

    Pages are drawn a few ahead of the caller and never all held. What one library cannot draw is
    given to the next one (`Reading.engines`). When a page fails all the same, iterating raises
    ReadFailed with `failure.page`; calling next() again goes on with the page after it, for
    callers who can use a document with a gap. A file that was changed meanwhile raises ReadFailed
    after its last page: what was drawn may be of other bytes than the id says. Use it in a `with`
    block, or close it.
    """

    document: Document

    def __init__(
        self,
        source: Source,
        original: Original,
        budget: PixelBudget,
        limits: Limits,
        workers: int,
        how: Reading,
    ) -> None:
        self._original, self._limits = original, limits
        self._path = path = original.path
        self._kind: DocumentKind = source.kind
        self._budget, self._how = budget, how
        self._converted: Converted | None = None
        self._feeds: list[Feed] = []
        self._spare: Feed | None = None  # of the next library, once a page needs it
        try:
            if source.kind == "office":
                self._converted = Converted(path, limits)
                self._kind = "pdf"
            self._engines = list(how.engines) if self._kind == "pdf" else ["pymupdf"]
            self._ocr = chosen(how) if self._kind in ("pdf", "image") else ""
            opened = self._open()
            if opened.pages > limits.max_pages:
                reason = (
                    f"has {opened.pages:,} pages and the limit is {limits.max_pages:,}: split it,"
                    " or allow more with --limit max_pages=..."
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
            engine=self._named(self._engines[0]),
            info=self._feeds[0].info,
        )
        self._next = 1
        hands = min(workers, opened.pages)
        self._feeds += [self._feed() for _ in range(hands - 1)]
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
        if not self._feeds:
            raise StopIteration
        if self._next > self.document.pages:
            self.close()
            self._original.check()
            raise StopIteration
        allowed = self._limits.seconds_per_document + _SECONDS_FOR_EACH_PAGE * self.document.pages
        left = allowed - sum(feed.waited for feed in self._feeds)
        left -= self._spare.waited if self._spare else 0.0
        if left <= 0:
            self.close()
            reason = (
                f"took more than {allowed:g} seconds: split it, or allow more with "
                "--limit seconds_per_document=..."
            )
            raise self._failed(Kind.TIMED_OUT, reason)
        number, self._next = self._next, self._next + 1
        engine = self._engines[0]
        try:
            drawn = self._feeds[(number - 1) % len(self._feeds)].take(left)
        except ReadFailed as failed:
            if failed.failure.page is None:
                self.close()  # it could not be opened again: nothing more will come
                raise
            again = None if failed.failure.kind in _FINAL else self._again(number, left)
            if again is None:
                raise
            drawn, engine = again, self._engines[-1]
        return _page(drawn, self.document.id, number, self._named(engine))

    def close(self) -> None:
        """Stop reading; what was drawn ahead is dropped. May be called twice."""
        feeds, self._feeds = self._feeds, []
        for feed in (*feeds, self._spare):
            if feed is not None:
                feed.close()
        self._spare = None
        if self._converted is not None:
            self._converted.close()

    def _open(self) -> Opened:
        """Open it with the first library that can; those that cannot are not asked again."""
        first: ReadFailed | None = None
        while self._engines:
            self._feeds = [self._feed()]
            try:
                return self._feeds[0].open()
            except ReadFailed as failed:
                if failed.failure.kind in _FINAL:
                    raise first or failed from None
                first = first or failed
                del self._engines[0]
        assert first is not None
        raise first

    def _again(self, number: int, seconds: float) -> Drawn | None:
        """The page as the next library draws it, without OCR; None when that is no other way, or
        it cannot either."""
        if len(self._engines) < 2 and not self._ocr:
            return None
        try:
            if self._spare is None:
                self._spare = self._feed(spare=True)
                if self._spare.open().pages != self.document.pages:
                    self._give_up_spare()  # it sees another document: its pages are others
                    return None
            self._spare.ask([number])
            return self._spare.take(seconds)
        except ReadFailed as failed:
            if failed.failure.page is None:
                self._give_up_spare()
            return None

    def _give_up_spare(self) -> None:
        del self._engines[1:]
        self._ocr = ""

    def _feed(self, spare: bool = False) -> Feed:
        return Feed(
            self._converted.pdf if self._converted else self._path,
            self._kind,
            self._engines[-1 if spare else 0],
            self._budget,
            self._limits,
            self._how,
            "" if spare else self._ocr,
        )

    def _named(self, engine: str) -> str:
        """What made the pages, with versions."""
        if self._kind == "image":
            return picture_engine()
        name = engine_version(engine)
        return f"{self._converted.engine} + {name}" if self._converted else name

    def _failed(self, kind: Kind, reason: str) -> ReadFailed:
        return ReadFailed(Failure(self._path, kind, reason))


def _page(drawn: Drawn, document: str, number: int, engine: str) -> Page:
    from PIL import Image

    reply, tail = drawn.reply, drawn.tail
    return Page(
        document=document,
        number=number,
        image=Image.frombytes("RGB", (reply.across, reply.down), drawn.pixels),
        words=tuple(Word(text, (x0, y0, x1, y1)) for x0, y0, x1, y1, text in tail.words),
        text=tail.text,
        width=reply.width,
        height=reply.height,
        rotation=reply.rotation,
        section=tail.section,
        engine=engine,
        ocr=tail.ocr,
        links=tuple(tail.links),
        fields=tuple(tail.fields),
        notes=tuple(tail.notes),
    )
