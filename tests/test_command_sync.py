"""`quire sync` and Ctrl-C, on real processes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from standin import write_pdf

# The program with an encoder that takes its time; "-" in the first argument: no time at all.
PROGRAM = """
import sys, time
sys.path.insert(0, sys.argv.pop(1))
seconds = float(sys.argv.pop(1))
from standin import StandIn
from quire.engine.cli import opening
from quire.engine.cli.app import main

class Slow(StandIn):
    def _one(self, item):
        time.sleep(seconds)
        return super()._one(item)

opening.load_encoder = lambda *_: Slow("quire-mini")
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("a", "b", "c"):
        write_pdf(folder / f"{name}.pdf", f"{name} one", f"{name} two")
    return folder


def start(folder: Path, *arguments: str, seconds: float = 0) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), str(seconds), *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True)


def said(process: "subprocess.Popen[str]", text: str) -> str:
    """The line of standard error that holds the text, waited for."""
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return line
    raise AssertionError(f"{text!r} was never said")


@pytest.mark.slow
def test_ctrl_c_ends_after_the_document_at_hand_and_says_how_to_go_on(
    tmp_path: Path, docs: Path
) -> None:
    process = start(tmp_path, "index", "docs", seconds=0.5)
    assert "a.pdf: 2 pages" in said(process, "a.pdf")  # b is being read
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopping after this document" in err and "b.pdf: 2 pages" in err
    assert "Stopped with 1 document left: the same command goes on from here." in err
    assert out.startswith("Added 2 documents with 4 pages")
    again = start(tmp_path, "index", "docs")
    out, err = again.communicate(timeout=60)
    assert (again.returncode, err) == (0, "c.pdf: 2 pages\n")
    assert out.startswith("Added 1 document with 2 pages") and "2 documents already there" in out


@pytest.mark.slow
def test_ctrl_c_twice_ends_at_once_and_keeps_what_is_whole(tmp_path: Path, docs: Path) -> None:
    process = start(tmp_path, "index", "docs", seconds=2)
    said(process, "a.pdf")
    process.send_signal(signal.SIGINT)
    said(process, "Stopping")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err == "quire: stopped; documents that were finished are kept\n"
    told = start(tmp_path, "sync", "docs", "--json")
    assert json.loads(told.communicate(timeout=60)[0])["skipped"] == 1


@pytest.mark.slow
def test_sync_tells_what_came_went_and_moved(tmp_path: Path, docs: Path) -> None:
    out, _ = start(tmp_path, "sync", "docs").communicate(timeout=60)
    assert out.startswith("Added 3 documents with 6 pages to quire-library")
    (docs / "a.pdf").unlink()
    (docs / "b.pdf").rename(docs / "z.pdf")
    process = start(tmp_path, "sync", "docs")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out == "Moved 1 document, removed 1 document; quire-library is as the folder is.\n"
    (docs / "y.pdf").write_bytes(b"")
    process = start(tmp_path, "sync", "docs", "--json")
    told = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 1 and told["failures"][0]["kind"] == "empty"
    process = start(tmp_path, "sync", "nowhere")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "") and "no folder 'nowhere' to match" in err


@pytest.mark.slow
def test_watch_follows_the_folder_until_ctrl_c(tmp_path: Path, docs: Path) -> None:
    process = start(tmp_path, "sync", "docs", "--watch", "--json")
    assert process.stdout is not None
    said(process, "Watching ")
    first = json.loads(process.stdout.readline())
    (docs / "a.pdf").unlink()
    second = json.loads(process.stdout.readline())
    write_pdf(docs / "d.pdf", "d one")
    third = json.loads(process.stdout.readline())
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == 0
    assert (first["added"], second["removed"], third["added"]) == (3, 1, 1)
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()
