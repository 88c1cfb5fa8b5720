"""One child drawing pages of one document, a few of them ahead of the caller."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .budget import MAX_ASPECT, PixelBudget
from .child import SLOTS, Child, ChildLost
from .document import DocumentKind
from .failure import Failure, Kind, ReadFailed
from .limits import Limits
from .options import Reading
from .pool import POOL
from .wire import (
    Close,
    Closed,
    Failed,
    Open,
    Opened,
    Render,
    Rendered,
    SomeReply,
    Tail,
    unpack_info,
    unpack_tail,
)

_MAX_INFO_BYTES = 4 * 2**20  # the outline, mostly
_MAX_TAIL_BYTES = 24 * 2**20  # words and text; 50,000 words need about 5 MB
_GRACE_SECONDS = 5  # the child's own alarm strikes this much later than our limit
_DRAIN_SECONDS = 2  # pages drawn ahead and not wanted are waited for this long


@dataclass(frozen=True)
class Drawn:
    """A page as it came out of the child. pixels: RGB, row by row."""

    reply: Rendered
    pixels: bytearray
    tail: Tail


class Feed:
    """Pages in the order asked for. After a ReadFailed for one page, the next may be taken."""

    def __init__(
        self,
        path: str,
        kind: DocumentKind,
        engine: str,
        budget: PixelBudget,
        limits: Limits,
        how: Reading,
        ocr_engine: str = "",
    ) -> None:
        """engine: which library draws, where there is a choice. ocr_engine: "" for no OCR."""
        self.waited = 0.0  # seconds
        self.info: dict[str, Any] = {}  # what the file says about itself, once it is open
        self._engine, self._how, self._ocr_engine = engine, how, ocr_engine
        self._path, self._kind, self._budget, self._limits = path, kind, budget, limits
        self._child: Child | None = None
        self._todo: deque[int] = deque()
        self._due: deque[tuple[int, int]] = deque()  # page and slot, oldest first
        self._slot = 0

    def open(self) -> Opened:
        """Open the file in a child. Raises ReadFailed."""
        limits = self._limits
        request = Open(
            path=self._path,
            kind=self._kind,
            engine=self._engine,
            passwords=list(self._how.passwords),
            memory=limits.memory,
            max_picture_pixels=limits.max_picture_pixels,
            max_text_bytes=limits.max_text_bytes,
            seconds=limits.seconds_to_open + _GRACE_SECONDS,
        )
        self._child = child = POOL.take()
        try:
            child.send(request)
            reply = self._wait(child, Opened, limits.seconds_to_open)
            if isinstance(reply, Opened):
                self.info = self._copy_info(child, reply.tail)
                return reply
        except ChildLost as lost:
            raise self._lost(lost.kind, lost.reason, None) from lost
        self.close()
        raise self._failed(reply.kind, reply.reason, None)

    def ask(self, numbers: Iterable[int]) -> None:
        """Pages (from 1) to be taken later, in this order."""
        self._todo.extend(numbers)

    def take(self, seconds: float) -> Drawn:
        """The next page asked for. Waits at most `seconds` and the limit of one page."""
        if self._child is None:
            self.open()  # the last page cost us the child
        assert self._child is not None
        child = self._child
        self._work_ahead(child)
        number, slot = self._due.popleft()
        before = self.waited
        try:
            reply = self._wait(child, Rendered, self._patience(seconds))
            if isinstance(reply, Rendered):
                drawn = self._copy(child, reply, slot)
                if drawn.tail.ocr:
                    self.waited = before
                self._work_ahead(child)  # into the slot that is free now
                return drawn
        except ChildLost as lost:
            reason = self._late(lost) if lost.kind is Kind.TIMED_OUT else lost.reason
            raise self._lost(lost.kind, reason, number) from lost
        if reply.kind is Kind.OUT_OF_MEMORY:
            child.kill()  # what it holds by now is anybody's guess
            raise self._lost(reply.kind, reply.reason, number)
        raise self._failed(reply.kind, reply.reason, number)

    def close(self) -> None:
        """Give the child back, or end it when it is busy or has grown large."""
        child, self._child = self._child, None
        if child is None:
            return
        try:
            child.send(Close())
            deadline = time.monotonic() + _DRAIN_SECONDS
            while self._due:
                child.receive(Rendered, deadline - time.monotonic())
                self._due.popleft()
            closed = child.receive(Closed, _DRAIN_SECONDS)
        except ChildLost:
            return  # killed by receive
        if isinstance(closed, Failed) or closed.grown > self._limits.memory // 4:
            child.kill()
        else:
            POOL.give_back(child)

    def _work_ahead(self, child: Child) -> None:
        """Keep the child busy, but never more pages ahead than there are slots."""
        ocr = self._ocr_engine
        while self._todo and len(self._due) < SLOTS:
            number, slot = self._todo.popleft(), self._slot
            self._slot = (slot + 1) % SLOTS
            self._due.append((number, slot))
            child.send(
                Render(
                    number=number,
                    slot=slot,
                    max_pixels=self._budget.max_pixels,
                    min_pixels=self._budget.min_pixels,
                    factor=self._budget.factor,
                    seconds=self._limits.seconds_per_page + (0 if ocr else _GRACE_SECONDS),
                    ocr=self._how.ocr if ocr else "never",
                    ocr_engine=ocr,
                    ocr_seconds=self._limits.seconds_per_ocr,
                )
            )

    def _patience(self, seconds: float) -> float:
        """How long to wait for a page when `seconds` are left for the document. Where text may be
        read off it, the child keeps the two times apart: its alarm strikes for each."""
        more = self._limits.seconds_per_ocr + _GRACE_SECONDS if self._ocr_engine else 0.0
        return min(seconds, self._limits.seconds_per_page) + more

    def _late(self, lost: ChildLost) -> str:
        names = "seconds_per_page=... or seconds_per_document=..."
        if not self._ocr_engine:
            return f"{lost.reason}: allow more with --limit {names}"
        page, ocr = self._limits.seconds_per_page, self._limits.seconds_per_ocr
        return (
            f"took more than {page:g} seconds, or {ocr:g} to read its text off: allow more with "
            f"--limit seconds_per_ocr=..., {names}"
        )

    def _wait(self, child: Child, expected: type[SomeReply], seconds: float) -> SomeReply | Failed:
        start = time.monotonic()
        try:
            return child.receive(expected, seconds)
        finally:
            self.waited += time.monotonic() - start

    def _copy_info(self, child: Child, size: int) -> dict[str, Any]:
        if not 0 < size <= _MAX_INFO_BYTES:
            child.distrust()
        try:
            return unpack_info(child.copy_slot(0, 0, size))
        except ValueError:
            child.distrust()

    def _copy(self, child: Child, reply: Rendered, slot: int) -> Drawn:
        """The page in a slot. Sizes are checked first: they come from the child."""
        size = 3 * reply.across * reply.down
        largest = 3 * max(self._budget.max_pixels, MAX_ASPECT * self._budget.factor**2)
        real = reply.across > 0 and reply.down > 0 and size <= largest
        if not (real and 0 < reply.tail <= _MAX_TAIL_BYTES):
            child.distrust()
        pixels = child.copy_slot(slot, 0, size)
        try:
            return Drawn(reply, pixels, unpack_tail(child.copy_slot(slot, size, reply.tail)))
        except ValueError:
            child.distrust()

    def _lost(self, kind: Kind, reason: str, page: int | None) -> ReadFailed:
        """The child is gone: pages that it had in hand are to be asked for again."""
        self._child = None
        self._todo.extendleft(number for number, _ in reversed(self._due))
        self._due.clear()
        return self._failed(kind, reason, page)

    def _failed(self, kind: Kind, reason: str, page: int | None) -> ReadFailed:
        return ReadFailed(Failure(self._path, kind, reason, page))
