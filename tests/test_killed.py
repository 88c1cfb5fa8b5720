"""Indexing is killed for real, at ten random moments; no page may be lost or doubled."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from standin import StandIn, write_pdf

from quire.engine import Library

DOCUMENTS, PAGES, KILLS = 12, 5, 10

# Says "ready" when everything slow is imported, so that the kill hits the indexing.
INDEX = """
import sys, time
sys.path.insert(0, sys.argv[1])
from standin import StandIn
from quire.engine import Library
import lancedb

class Slow(StandIn):
    def _one(self, item):
        time.sleep(0.004)
        return super()._one(item)

if __name__ == "__main__":
    print("ready", flush=True)
    library = Library.open(sys.argv[2], Slow(), create=True)
    report = library.add(sys.argv[3])
    print("done", flush=True)
"""


def start(script: Path, library: Path, docs: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, str(script), str(Path(__file__).parent), str(library), str(docs)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def texts(library: Library) -> list[tuple[str, int, str]]:
    hits = library.search("page", k=1000, mode="visual")
    return sorted((hit.name, hit.page, hit.text.strip()) for hit in hits)


@pytest.mark.slow
def test_ten_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    expected = []
    for d in range(DOCUMENTS):
        pages = [f"document{d} page{p}" for p in range(1, PAGES + 1)]
        write_pdf(docs / f"{d:02}.pdf", *pages)
        expected += [(f"{d:02}.pdf", p, text) for p, text in enumerate(pages, start=1)]
    script = tmp_path / "index.py"
    script.write_text(INDEX)
    seed = int.from_bytes(os.urandom(4), "little")
    print(f"seed {seed}")
    moments = random.Random(seed)
    library, seen, unfinished = tmp_path / "library", 0, 0
    for _ in range(KILLS):
        process = start(script, library, docs)
        assert process.stdout is not None
        time.sleep(moments.uniform(0.02, 0.6))
        process.send_signal(signal.SIGKILL)
        unfinished += process.wait() == -signal.SIGKILL
        process.stdout.close()
        if (library / "manifest.json").exists():
            left = Library.open(library, StandIn())
            documents = left.documents()
            assert len(documents) >= seen  # what was finished stays
            seen = len(documents)
            if seen:
                found = texts(left)
                whole = {name for name, _, _ in found}
                assert found == [page for page in expected if page[0] in whole]
                assert len(whole) == seen
    assert unfinished, "no run was killed in time: lower the delay"
    last = start(script, library, docs)
    assert last.stdout is not None and last.stdout.read() == "done\n"
    last.stdout.close()
    assert last.wait() == 0
    finished = Library.open(library, StandIn())
    assert texts(finished) == expected
    assert finished.check() == []
    assert finished._tables.pages.count_rows() == DOCUMENTS * PAGES
    assert finished._tables.vectors.count_rows() == DOCUMENTS * PAGES
    assert len(finished.search("page3", k=1000, mode="text")) == DOCUMENTS
