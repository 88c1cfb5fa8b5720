"""Two processes add the same and different folders at once, and a third one reads all the time.

    python tests/together.py [--runs 20]

Who finds the library busy tries again. In the end every document is there once, with all its
pages; the reader never saw a document that was not whole, nor anything fail. `make soak` runs it.
"""

import argparse
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.errors import LibraryBusy
from quire.ingest import document_id

EACH, PAGES = 3, 4  # documents in a folder, pages of a document


def add(library: str, *folders: str) -> None:
    """What each of the two does."""
    busy = 0
    for folder in folders:
        while True:
            try:
                Library.open(library, StandIn(), create=True).add(folder)
                break
            except LibraryBusy:
                busy += 1
                time.sleep(0.02)
    print(busy, flush=True)


def look(library: str, stop: str) -> None:
    """What the third one does, until there is a file `stop`."""
    looks = 0
    while not (Path(library) / "manifest.json").exists():
        time.sleep(0.01)
    opened = Library.open(library, StandIn())
    last = False
    while not last:
        last = Path(stop).exists()
        hits = opened.search("page", k=1000, mode="visual") if len(opened) else []
        pages = Counter(hit.document.id for hit in hits)
        assert set(pages.values()) <= {PAGES}, pages
        looks += 1
    print(looks, flush=True)


def one_run(folder: Path) -> tuple[int, int]:
    """How often one found the library busy, and how often the reader looked."""
    ids = set()
    for name in ("same", "first", "second"):
        (folder / name).mkdir(parents=True)
        for number in range(EACH):
            texts = [f"{name}{number} page{page}" for page in range(1, PAGES + 1)]
            ids.add(document_id(write_pdf(folder / name / f"{number}.pdf", *texts)))
    library, stop = folder / "library", folder / "stop"

    def begin(*arguments: object) -> "subprocess.Popen[str]":
        command = [sys.executable, __file__, *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    reader = begin("--look", library, stop)
    writers = [
        begin("--add", library, folder / "same", folder / own) for own in ("first", "second")
    ]
    told = [writer.communicate()[0] for writer in writers]
    stop.touch()
    told.append(reader.communicate()[0])
    assert [process.returncode for process in (*writers, reader)] == [0, 0, 0]
    done = Library.open(library, StandIn())
    assert done.check() == []
    assert sorted(document.id for document in done.documents()) == sorted(ids)
    pages = Counter(hit.text.strip() for hit in done.search("page", k=1000, mode="visual"))
    assert len(pages) == pages.total() == len(ids) * PAGES
    for table in (done._tables.pages, done._tables.vectors):
        assert table.count_rows() == len(ids) * PAGES
    return int(told[0]) + int(told[1]), int(told[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--add", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--look", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.add:
        add(*given.add)
    elif given.look:
        look(*given.look)
    else:
        busy = looks = 0
        for number in range(given.runs):
            with TemporaryDirectory(prefix="quire-together-") as folder:
                found = one_run(Path(folder))
            busy, looks = busy + found[0], looks + found[1]
            print(f"run {number + 1}: busy {found[0]} times, {found[1]} looks", flush=True)
        print(f"{given.runs} runs: found busy {busy} times, {looks} looks; no double, no loss")


if __name__ == "__main__":
    main()
