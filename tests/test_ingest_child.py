"""How a reading process starts, ends and is understood."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ingest_files import SMALL

from quire.ingest import IngestError, Kind, Limits, worker
from quire.ingest.child import Child, ChildLost, _cause
from quire.ingest.feed import Feed
from quire.ingest.options import Reading
from quire.ingest.wire import Failed, Opened, Rendered, pack, unpack_reply


def test_a_process_ends_by_itself_when_idle_for_long_or_without_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.01)
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as requests:
        os.write(writing, b"first\nsecond\n")
        lines = [worker._next_line(requests) for _ in range(3)]
        assert lines == [b"first\n", b"second\n", b""]
        os.close(writing)
        assert worker._next_line(requests) == b""


def test_a_process_that_does_not_start_is_an_error_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(IngestError, match=r"did not start: .*exit code 1"):
        Child()


@pytest.mark.parametrize(
    ("code", "said", "kind", "sentence"),
    [
        (-signal.SIGALRM, "", Kind.TIMED_OUT, "more time"),
        (-signal.SIGKILL, "", Kind.OUT_OF_MEMORY, "more memory"),  # the system's memory guard
        (-signal.SIGABRT, "what(): std::bad_alloc", Kind.OUT_OF_MEMORY, "more memory"),
        (-signal.SIGABRT, "", Kind.DAMAGED, "SIGABRT"),
        (1, "Traceback\nKeyError: 3", Kind.DAMAGED, "KeyError: 3"),
    ],
)
def test_the_end_of_a_process_tells_what_was_wrong(
    code: int, said: str, kind: Kind, sentence: str
) -> None:
    told, reason = _cause(code, said)
    assert told is kind
    assert sentence in reason


def test_replies_of_a_process_that_was_taken_over_are_not_believed() -> None:
    opened = Opened(pages=3, title="t", tail=2)
    assert unpack_reply(pack(opened), Opened) == opened
    failed = Failed(Kind.DAMAGED, "why")
    assert unpack_reply(pack(failed), Opened) == failed
    for line in (b"", b"{}", b'["Opened", {"pages": "x", "title": 1}]', b'["Opened", {}]', b"[1]",
                 b'["Opened", ' + b"[" * 50_000, b'["Opened", {"pages": 1e999}]'):  # fmt: skip
        with pytest.raises(ValueError, match="is no Opened"):
            unpack_reply(line, Opened)
    with pytest.raises(ValueError, match="is no Rendered"):
        unpack_reply(pack(opened), Rendered)


@pytest.mark.parametrize(
    ("across", "down", "tail"),
    [(-28, -28, 2), (0, 28, 2), (28, 0, 2), (10**6, 10**6, 2), (28, 28, 0), (28, 28, 2**40)],
)
def test_sizes_that_no_page_has_are_not_believed_either(across: int, down: int, tail: int) -> None:
    child = Child()
    try:
        feed = Feed("x.pdf", "pdf", "pymupdf", SMALL, Limits(), Reading())
        with pytest.raises(ChildLost, match="nonsense"):
            feed._copy(child, Rendered(across, down, tail, 1, 1, 0), slot=0)
    finally:
        child.kill()


def test_what_a_process_writes_has_a_limit(tmp_path: Path) -> None:
    program = """if True:
        import sys
        from quire.ingest.confine import limit_files
        limit_files(2**20)
        with open(sys.argv[1], "wb") as file:
            file.write(bytes(2**21))
            file.write(b"x")
    """
    told = subprocess.run([sys.executable, "-c", program, str(tmp_path / "large")])
    assert told.returncode == -signal.SIGXFSZ
    assert (tmp_path / "large").stat().st_size == 2**20
