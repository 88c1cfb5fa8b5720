"""Does indexing stay as small and as quick as it begins?

    python tests/benchmarks/flatness.py [PDF...] [--pages 300] [--times 10]

The first `--pages` pages of the PDFs are indexed, in a process of its own, and so are they and
their copies, `--times` as many (each copy of a document has a page more that makes its bytes
others). Tells the peak of memory of each process, their ratio, and the time a page in each tenth
of the longer run, which all do the same work. The encoder is a stand-in that takes no time: what
is measured is all the rest.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from hostile import peak_of_this_process
from standin import StandIn

from quire.engine import Library
from quire.engine.store.report import Silent
from quire.ingest import Document, Reading

SAMPLES = Path(__file__).parents[1] / "samples" / "corpus"


class Clock(Silent):
    """When how many pages were done."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def page(self, document: Document, number: int) -> None:
        self.at.append(time.perf_counter())


def make(folder: Path, pdfs: list[str], pages: int, copy: int) -> int:
    """One copy of the first pages; how many it has."""
    import pymupdf

    folder.mkdir(exist_ok=True)
    made = number = 0
    while made < pages:
        with pymupdf.open(pdfs[number % len(pdfs)]) as file:
            file.select(range(min(pages - made, len(file))))
            made += len(file)
            file.new_page().insert_text((40, 60), f"copy {copy} of document {number}")
            made += 1
            file.save(folder / f"{copy:02}-{number:03}.pdf", garbage=2)
        number += 1
    return made


def index(folder: str, library: str) -> None:
    """In a process of its own: tells its peak and the times as JSON."""
    clock = Clock()
    with Library.open(library, StandIn(), create=True) as opened:
        opened.add(folder, progress=clock, how=Reading(ocr="never"))
        assert len(opened) == len(clock.at)
    times = [b - a for a, b in zip(clock.at, clock.at[1:], strict=False)]
    print(json.dumps({"peak": peak_of_this_process(), "times": times}))


def run(folder: Path, library: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--index", str(folder), str(library)]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return dict(json.loads(told))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pdfs", nargs="*", default=sorted(map(str, SAMPLES.glob("*.pdf"))))
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--index", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.index:
        index(*given.index)
        return
    with TemporaryDirectory(prefix="quire-flat-") as place:
        few, many = Path(place) / "few", Path(place) / "many"
        block = make(few, given.pdfs, given.pages, 0)
        for copy in range(given.times):
            make(many, given.pdfs, given.pages, copy)
        small, large = run(few, Path(place) / "a"), run(many, Path(place) / "b")
    ratio = large["peak"] / small["peak"]
    times = large["times"]
    print(f"peak memory: {small['peak']:.0f} MB at {block} pages, {large['peak']:.0f} MB at")
    print(f"{len(times) + 1} pages: {ratio:.2f} times")
    parts = [times[i : i + block] for i in range(0, len(times), block)]
    tenths = [1000 * sum(part) / len(part) for part in parts]
    print("ms a page, by tenths:", " ".join(f"{tenth:.1f}" for tenth in tenths))
    spread = max(tenths) / min(tenths) - 1
    print(f"the slowest is {100 * spread:.0f} % above the fastest")


if __name__ == "__main__":
    main()
