"""A bad file costs one process that nobody misses: never the caller, never the next file."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pymupdf
import pytest
from ingest_files import SMALL, make_pdf, make_slow_pdf
from PIL import Image

from quire.ingest import (
    Kind,
    Limits,
    OpenDocument,
    ReadFailed,
    Reading,
    engine_version,
    open_pages,
)
from quire.ingest.child import SLOTS
from quire.ingest.pool import POOL

IMPATIENT = Limits(seconds_per_page=0.5)
NO_OCR = Reading(ocr="never")


def texts(path: Path) -> list[str]:
    with open_pages(path, SMALL) as pages:
        return [page.text.strip() for page in pages]


def child_of(pages: OpenDocument) -> int:
    child = pages._feeds[0]._child
    assert child is not None
    return child._process.pid


def alive(process: int) -> bool:
    """Whether a process runs; one that ended and was not waited for is a zombie (Z)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_slow_page_is_given_up_and_the_next_file_is_read(tmp_path: Path) -> None:
    path = make_slow_pdf(tmp_path / "slow.pdf", quick_pages=2)
    with open_pages(path, SMALL, IMPATIENT, NO_OCR) as pages:
        assert [next(pages).text.strip() for _ in range(2)] == ["quick 1", "quick 2"]
        slow = child_of(pages)
        start = time.monotonic()
        with pytest.raises(ReadFailed, match=r"took more than 0\.5 seconds") as caught:
            next(pages)
        assert 0.4 < time.monotonic() - start < 5
    assert (caught.value.failure.kind, caught.value.failure.page) == (Kind.TIMED_OUT, 3)
    assert not alive(slow)
    assert texts(make_pdf(tmp_path / "next.pdf")) == ["hello"]


def test_after_a_lost_page_the_pages_behind_it_may_still_be_taken(tmp_path: Path) -> None:
    path = make_slow_pdf(tmp_path / "slow.pdf")
    with pymupdf.open(path) as file:
        file.new_page().insert_text((30, 60), "behind")
        file.saveIncr()
    with open_pages(path, SMALL, IMPATIENT, NO_OCR) as pages:
        with pytest.raises(ReadFailed):
            next(pages)
        assert [(page.number, page.text.strip()) for page in pages] == [(2, "behind")]


def test_a_whole_document_has_a_limit_too(tmp_path: Path) -> None:
    path = make_slow_pdf(tmp_path / "slow.pdf")
    with pymupdf.open(path) as file:
        file.new_page()
        file.saveIncr()
    with open_pages(path, SMALL, Limits(seconds_per_document=0.001), NO_OCR) as pages:
        with pytest.raises(ReadFailed, match=r"took more than (2|1\.\d+) seconds") as caught:
            next(pages)
        assert caught.value.failure.page == 1
        with pytest.raises(ReadFailed, match=r"took more than 2\.001 seconds: split it") as caught:
            next(pages)
        assert (caught.value.failure.kind, caught.value.failure.page) == (Kind.TIMED_OUT, None)
        assert list(pages) == []


def test_memory_beyond_the_limit_is_refused_and_the_next_file_is_read(tmp_path: Path) -> None:
    picture, pdf = tmp_path / "a.png", tmp_path / "a.pdf"
    Image.new("RGB", (5000, 5000)).save(picture, compress_level=1)
    with pymupdf.open() as file:
        file.new_page().insert_image(pymupdf.Rect(0, 0, 500, 500), filename=str(picture))
        file.save(pdf)
    for path in (picture, pdf):
        with (
            open_pages(path, SMALL, Limits(memory=32 * 2**20)) as pages,
            pytest.raises(ReadFailed, match="more memory than allowed") as caught,
        ):
            next(pages)
        assert caught.value.failure.kind is Kind.OUT_OF_MEMORY
        assert texts(make_pdf(tmp_path / "next.pdf")) == ["hello"]
    with open_pages(pdf, SMALL) as pages:
        assert len(list(pages)) == 1


def test_a_crash_is_told_by_its_signal_and_the_next_file_is_read(tmp_path: Path) -> None:
    with open_pages(make_slow_pdf(tmp_path / "slow.pdf"), SMALL) as pages:
        threading.Timer(0.3, os.kill, (child_of(pages), signal.SIGSEGV)).start()
        with pytest.raises(ReadFailed, match=r"crashed the reading process \(SIGSEGV\)") as caught:
            next(pages)
    assert caught.value.failure.kind is Kind.DAMAGED
    assert texts(make_pdf(tmp_path / "next.pdf")) == ["hello"]


def test_one_process_reads_many_files(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf")
    POOL.close()
    with open_pages(path, SMALL) as pages:
        first = child_of(pages)
    with open_pages(path, SMALL) as pages:
        assert child_of(pages) == first


def test_a_caller_who_stops_early_leaves_a_process_fit_for_the_next_file(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", texts=tuple(f"p{n}" for n in range(50)))
    POOL.close()
    with open_pages(path, SMALL) as pages:
        assert next(pages).text.strip() == "p0"
        first = child_of(pages)
    assert list(pages) == []
    with open_pages(make_pdf(tmp_path / "b.pdf"), SMALL) as pages:
        assert child_of(pages) == first
        assert [page.text.strip() for page in pages] == ["hello"]


def test_pages_are_drawn_ahead_but_never_more_than_there_are_slots(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", texts=("a",) * 30)
    with open_pages(path, SMALL) as pages:
        next(pages)
        [feed] = pages._feeds
        assert len(feed._due) == SLOTS
        assert len(feed._todo) == 30 - 1 - SLOTS


def test_a_document_outlives_the_thread_that_opened_it(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", texts=("a",) * 20)
    opened: list[OpenDocument] = []
    POOL.close()
    thread = threading.Thread(target=lambda: opened.append(open_pages(path, SMALL)))
    thread.start()
    thread.join()
    with opened[0] as pages:
        assert len(list(pages)) == 20


def test_a_forked_copy_of_the_caller_leaves_the_processes_alone(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf")
    texts(path)
    copy = os.fork()
    if copy == 0:
        os._exit(len(POOL._idle))
    assert os.waitpid(copy, 0)[1] == 0
    assert texts(path) == ["hello"]


SCRIPT = """
import sys
from quire.ingest import PixelBudget, open_pages
budget = PixelBudget(max_pixels=156800, min_pixels=3136, factor=28)
for path in sys.argv[1:]:
    with open_pages(path, budget) as pages:
        print(pages._feeds[0]._child._process.pid, flush=True)
        for page in pages:
            print(page.number, page.text.strip(), flush=True)
heavy = {"pymupdf", "pypdfium2", "rapidocr", "cv2", "pillow_heif", "torch", "lancedb", "numpy"}
heavy &= set(sys.modules)
print("heavy:", sorted(heavy), "decoders:", [m for m in sys.modules if m.endswith("ImagePlugin")])
"""


def test_a_plain_script_reads_without_pymupdf_decoders_or_noise(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "pymupdf.py").write_text("raise SystemExit('taken from the current folder')")
    path = make_pdf(tmp_path / "a.pdf")
    path.write_bytes(path.read_bytes().replace(b"startxref", b"startxxxx"))  # MuPDF complains
    Image.new("RGB", (56, 56)).save(tmp_path / "b.png")
    command = [sys.executable, "script.py", "a.pdf", "b.png"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = run.stdout.splitlines()
    assert (lines[1], lines[3].strip(), lines[4]) == ("1 hello", "1", "heavy: [] decoders: []")
    assert lines[0] == lines[2]  # the same process read both
    assert run.stderr == ""


def test_the_process_dies_with_its_caller_even_in_the_middle_of_a_page(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("elsewhere the process ends with the time limit of its page")
    path = make_slow_pdf(tmp_path / "slow.pdf")
    command = [sys.executable, "-c", SCRIPT, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        reader = int(caller.stdout.readline())
        time.sleep(0.3)  # it draws by now
        assert alive(reader)
        caller.kill()
    deadline = time.monotonic() + 5
    while alive(reader) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(reader)


def test_an_idle_process_that_ended_is_replaced_unnoticed(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf")
    texts(path)
    for child in POOL._idle:
        child._process.kill()
        child._process.wait()
    assert texts(path) == ["hello"]


def test_the_renderer_is_named_as_it_names_itself() -> None:
    name = f"pymupdf {pymupdf.pymupdf_version} / mupdf {pymupdf.mupdf_version}"
    assert engine_version() == name


def test_a_file_that_changes_while_it_is_read_is_no_document(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", texts=("one", "two"))
    with open_pages(path, SMALL) as pages:
        next(pages)
        make_pdf(path, texts=("three", "four", "five"))
        with pytest.raises(ReadFailed, match="changed after it was found") as caught:
            list(pages)
        assert caught.value.failure.page is None
        assert list(pages) == []  # told once


def test_a_file_that_is_only_touched_while_it_is_read_stays_one(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", texts=("one", "two"))
    with open_pages(path, SMALL) as pages:
        os.utime(path)
        assert len(list(pages)) == 2
