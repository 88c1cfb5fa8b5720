"""The caller's end of one reading process: start it, ask it, kill it."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import NoReturn

from .errors import IngestError
from .failure import Kind
from .group import end_group, ends_within
from .wire import Failed, Hello, Request, SomeReply, pack, unpack_reply

SLOTS = 4  # pages drawn ahead of the caller
_START_SECONDS = 120
_END_SECONDS = 5  # from the last word of a child to its end
_LONGEST_REPLY = 1 << 16
_LAST_WORDS = 4096  # bytes of what a child that died had to say
# The child needs no thread pools; without these some libraries start one for each core.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class ChildLost(Exception):
    """The child is gone; `kind` and `reason` say why as far as can be told."""

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


class Child:
    """One reading process. Not for use by two threads at once.

    Nothing that it says is trusted: replies are checked, sizes are bounded by the caller, and
    slots are copied out by pread, never mapped (a child that shortens a mapped file would end
    us by SIGBUS).
    """

    def __init__(self) -> None:
        """Start a process and wait until it is ready. Raises IngestError if it does not start."""
        self.slots = [_anonymous_file() for _ in range(SLOTS)]
        self._replies, replies = os.pipe()
        life, self._life = os.pipe()
        self._buffer = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by kill)
        handed = [replies, life, *self.slots]
        # -P: the folder we happen to run in must not provide the child's modules.
        command = [sys.executable, "-P", "-W", "ignore", "-m", "quire.ingest.worker"]
        try:
            self._process = subprocess.Popen(
                [*command, *map(str, handed)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=handed,
                env={**os.environ, **_ONE_THREAD},
                start_new_session=True,  # a Ctrl-C in the terminal is ours to handle
                bufsize=0,
            )
        finally:
            os.close(replies)
            os.close(life)
        try:
            hello = self.receive(Hello, _START_SECONDS)
        except ChildLost as lost:
            raise IngestError(f"the reading process did not start: {lost.reason}") from lost
        if isinstance(hello, Failed):
            self.kill()
            raise IngestError(f"the reading process did not start: {hello.reason}")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, request: Request) -> None:
        """Ask. Replies come in the order of requests; a dead child is noticed by `receive`,
        after the replies that it still gave."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(pack(request))

    def receive(self, expected: type[SomeReply], seconds: float) -> SomeReply | Failed:
        """The next reply. A child that takes longer, or talks nonsense, is killed: ChildLost."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not _readable(self._replies, left):
                self.kill()
                raise ChildLost(Kind.TIMED_OUT, f"took more than {seconds:.3g} seconds")
            piece = os.read(self._replies, _LONGEST_REPLY)
            if not piece:
                self._mourn()
            self._buffer += piece
            if len(self._buffer) > _LONGEST_REPLY * SLOTS:
                self.distrust()
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            return unpack_reply(line, expected)
        except ValueError:
            self.distrust()

    def copy_slot(self, slot: int, start: int, length: int) -> bytearray:
        """`length` bytes of a slot from `start`. A child that wrote fewer is killed: ChildLost."""
        content = bytearray(length)
        view = memoryview(content)
        while view:
            got = os.preadv(self.slots[slot], [view], start)
            if not got:
                self.distrust()
            view, start = view[got:], start + got
        return content

    def distrust(self) -> NoReturn:
        """End a process that broke the rules of the conversation: ChildLost."""
        self.kill()
        raise ChildLost(Kind.DAMAGED, "made the reading process talk nonsense: do not trust it")

    def kill(self) -> None:
        """End the process, with all it started, and free what is theirs. May be called twice."""
        end_group(self._process)
        self.disown()

    def disown(self) -> None:
        """Free our ends only. In a forked copy of this process, where the child is not ours."""
        if self._life < 0:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        for file in (self._life, self._replies, *self.slots):
            os.close(file)
        self._errors.close()
        self._life = -1
        if self._process.returncode is None:
            self._process.returncode = 0  # else Popen warns that it still runs

    def _mourn(self) -> NoReturn:
        """It ended by itself: tell why."""
        if not ends_within(self._process, _END_SECONDS):
            self.distrust()
        code = end_group(self._process)
        size = os.fstat(self._errors.fileno()).st_size
        said = os.pread(self._errors.fileno(), _LAST_WORDS, max(0, size - _LAST_WORDS))
        self.kill()
        raise ChildLost(*_cause(code, said.decode(errors="replace").strip()))


def _cause(code: int, said: str) -> tuple[Kind, str]:
    """Kind and sentence for an exit code (negative: the signal) and the last words."""
    if code == -signal.SIGALRM:
        return Kind.TIMED_OUT, "took more time than allowed"
    if code == -signal.SIGKILL or "bad_alloc" in said:
        return (
            Kind.OUT_OF_MEMORY,
            "needs more memory than there is: split it, or allow less with --limit memory=...",
        )
    if code < 0:
        name = signal.Signals(-code).name
        return Kind.DAMAGED, f"crashed the reading process ({name}): save it anew in a viewer"
    last = said.splitlines()[-1] if said else f"exit code {code}"
    return Kind.DAMAGED, f"ended the reading process ({last})"


def _readable(file: int, seconds: float) -> bool:
    poll = select.poll()  # not select.select, which fails on file numbers above 1023
    poll.register(file, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _anonymous_file() -> int:
    """An open file without a name, in memory where the system has such."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("quire-page")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
