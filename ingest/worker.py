"""The reading process: `python -m quire.ingest.worker`. It opens what nobody vouches for.

It is started by child.py, which hands it a pipe for replies, a pipe that tells when the
caller is gone, and the slots. It works on one request after the other and keeps no secrets:
it may be killed at any time.
"""

import json
import os
import re
import select
import signal
import struct
import sys
from io import FileIO

from .budget import PixelBudget
from .confine import (
    address_space,
    die_after,
    die_with,
    limit_files,
    limit_memory,
    no_core_dumps,
)
from .drawing import Drawing, Reader
from .errors import IngestError
from .failure import Kind, ReadFailed
from .offline import forbid_network
from .reading_off import ReadingOff
from .wire import (
    Close,
    Closed,
    Failed,
    Hello,
    Open,
    Opened,
    Render,
    Rendered,
    Reply,
    Request,
    Tail,
    pack,
    pack_tail,
    unpack_request,
)

# Bytes of a slot, and of what libraries say on standard error; far above what a page needs.
LARGEST_FILE = 2**30
IDLE_SECONDS = 300  # after that a process without work gives its memory back and ends


def main() -> None:
    replies, life, *slots = (int(number) for number in sys.argv[1:])
    die_with(life)
    no_core_dumps()
    limit_files(LARGEST_FILE)
    forbid_network()
    work = Work(slots)
    requests = os.fdopen(0, "rb", buffering=0)  # a buffer would hide requests from poll
    os.write(replies, pack(Hello()))
    while line := _next_line(requests):
        os.write(replies, pack(work.answer(unpack_request(line))))
        die_after(0)


def _next_line(requests: FileIO) -> bytes:
    """The next request; empty when the caller is gone or has had nothing to do for long."""
    poll = select.poll()
    poll.register(requests, select.POLLIN)
    if not poll.poll(IDLE_SECONDS * 1000):
        return b""
    return requests.readline()


class Work:
    """At most one open file, and the slots that its pages are drawn into."""

    def __init__(self, slots: list[int]) -> None:
        from . import pdf

        self._out_of_memory = pdf.out_of_memory
        self._slots = slots
        self._open: Reader | None = None
        self._floor = address_space()
        self._reading_off = ReadingOff()

    def answer(self, request: Request) -> Reply:
        """Do what is asked. Whatever goes wrong becomes a Failed, never an exception."""
        try:
            match request:
                case Open():
                    return self._do_open(request)
                case Render():
                    return self._do_render(request)
                case Close():
                    self._do_close()
                    return Closed(address_space() - self._floor)
        except MemoryError:
            return Failed(Kind.OUT_OF_MEMORY, _MEMORY)
        except ReadFailed as failed:
            return Failed(failed.failure.kind, failed.failure.reason)
        except IngestError as error:  # from the budget: a shape that cannot be drawn
            return Failed(Kind.TOO_BIG, str(error))
        except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
            return Failed(Kind.UNREADABLE, f"{error.strerror}: check that it may be read")
        except Exception as error:
            if self._out_of_memory(error):
                return Failed(Kind.OUT_OF_MEMORY, _MEMORY)
            return Failed(Kind.DAMAGED, _broken(error))

    def _do_open(self, request: Open) -> Reply:
        self._do_close()
        die_after(request.seconds)
        limit_memory(request.memory)
        opened = _reader(request)
        self._open = opened
        tail = json.dumps(opened.info()).encode()
        _write(self._slots[0], memoryview(tail), 0)
        return Opened(opened.pages, opened.title[:500], len(tail))

    def _do_render(self, request: Render) -> Reply:
        assert self._open is not None, "no file is open"
        die_after(request.seconds)
        budget = PixelBudget(request.max_pixels, request.min_pixels, request.factor)
        page = self._open.draw(request.number, budget)
        if request.ocr_engine:
            die_after(request.ocr_seconds)
        page, ocr = self._reading_off.page(
            page, request.number, self._open, request.ocr, request.ocr_engine
        )
        tail = pack_tail(_tail(page, ocr))
        slot = self._slots[request.slot]
        _write(slot, memoryview(page.pixels), 0)
        _write(slot, memoryview(tail), len(page.pixels))
        if self._reading_off.loaded:  # what the engine needs is no leak
            self._reading_off.loaded, self._floor = False, address_space()
        return Rendered(page.across, page.down, len(tail), page.width, page.height, page.rotation)

    def _do_close(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            opened.close()


def _reader(request: Open) -> Reader:
    """What opens a file of that kind; imported when it is first needed."""
    if request.kind == "image":
        from .picture import PictureReader

        return PictureReader(request.path, request.max_picture_pixels)
    if request.kind in ("text", "code"):
        from .plain import PlainReader

        return PlainReader(request.path, request.max_text_bytes)
    if request.kind != "pdf":
        from .markup import open_markup

        return open_markup(request.path, request.kind, request.max_text_bytes)
    if request.engine == "pypdfium2":
        from .pdfium import PdfiumReader

        return PdfiumReader(request.path, request.passwords)
    from .pdf import open_pdf

    return open_pdf(request.path, request.passwords)


def _tail(page: Drawing, ocr: str) -> Tail:
    return Tail(
        words=list(page.words),
        text=page.text,
        section=page.section,
        ocr=ocr,
        links=list(page.links),
        fields=list(page.fields),
        notes=list(page.notes),
    )


_MEMORY = "needs more memory than allowed: allow more with --limit memory=..., or split it"


def _broken(error: Exception) -> str:
    told = error.__cause__ or error  # PyMuPDF wraps what MuPDF says and leaves it out
    what = re.sub(r"^code=\d+: ", "", " ".join(str(told).split()))[:200] or type(told).__name__
    if isinstance(told, LookupError | TypeError | AttributeError | struct.error):
        what = "its parts do not fit together"  # "257" is no help to anybody
    return f"cannot be read ({what}): open it in a viewer and save it anew"


def _write(slot: int, content: memoryview, start: int) -> None:
    """All of it: one call may write less than asked."""
    while content:
        written = os.pwrite(slot, content, start)
        content, start = content[written:], start + written


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the caller, who then ends us
    main()
