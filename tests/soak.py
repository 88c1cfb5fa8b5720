"""Adds, searches and deletes for half an hour in one process, and watches what it holds.

    python tests/soak.py [--minutes 30]

A library of a dozen documents with a small encoder; in each round some come (PDFs, a picture, a
text, a damaged file), questions are asked in every mode, and the oldest go. Once a minute a line:
memory, open files, threads, processes, bytes on disk. It fails when the last third of the time
holds more than the second one: a median of memory 3 % higher, any open file or process more, or a
peak of threads or disk a quarter higher (LanceDB's threads come and go with the load, and space on
disk with compaction). The first third is left out: caches fill. `make soak` runs it.
"""

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw
from standin import write_pdf
from tiny_model import WORDS, write_tiny_model

from quire.engine import Encoder, Library

KEPT = 12  # documents
# What is compared between two thirds of the time, and how much more it may be in the last.
WATCHED: dict[str, tuple[Callable[[list[float]], float], float]] = {
    "memory": (statistics.median, 1.03),
    "files": (max, 1.0),
    "processes": (max, 1.0),
    "threads": (max, 1.25),
    "disk": (max, 1.25),
}


@dataclass(frozen=True)
class Held:
    """What this process holds at one moment. memory and disk in MB."""

    rounds: int
    memory: float
    files: int
    threads: int
    processes: int
    disk: float

    @classmethod
    def now(cls, rounds: int, library: Path) -> "Held":
        status = dict(
            line.split(":", 1)
            for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        )
        own = Path(f"/proc/self/task/{os.getpid()}/children")
        return cls(
            rounds,
            int(status["VmRSS"].split()[0]) / 1024,
            len(os.listdir("/proc/self/fd")),
            int(status["Threads"]),
            len(own.read_text().split()),
            sum(path.stat().st_size for path in library.rglob("*") if path.is_file()) / 2**20,
        )


def write_some(folder: Path, number: int, chance: random.Random) -> None:
    """Four new files of a round."""
    words = WORDS.split()

    def text(size: int) -> str:
        return " ".join(chance.choice(words) for _ in range(size)) + f" {number}"

    write_pdf(folder / f"{number:06}-a.pdf", *(text(60) for _ in range(chance.randint(1, 6))))
    picture = Image.new("RGB", (800, 600), "white")
    ImageDraw.Draw(picture).text((20, 20), text(8), fill="black")
    picture.save(folder / f"{number:06}-b.png")
    (folder / f"{number:06}-c.txt").write_text(text(300))
    (folder / f"{number:06}-d.pdf").write_bytes(b"%PDF-1.7 cut off" + bytes(str(number), "ascii"))


def one_round(library: Library, folder: Path, number: int, chance: random.Random) -> None:
    write_some(folder, number, chance)
    report = library.add(folder)
    assert len(report.added) == 3 and report.failures, report
    for mode in ("visual", "text", "hybrid"):
        hits = library.search("the lazy dog of 2017", k=5, mode=mode)
        assert len(hits), mode
        hits[0].image()
    hits[0].regions()
    documents = sorted(library.documents(), key=lambda document: document.paths)
    for document in documents[:-KEPT]:
        Path(document.paths[0]).unlink()
    if len(documents) > KEPT:
        library.delete([document.id for document in documents[:-KEPT]])
    for failed in sorted(folder.glob("*-d.pdf"))[:-3]:
        failed.unlink()


def grown(helds: list[Held]) -> list[str]:
    """What the last third holds more of than the one before it; one sentence each."""
    third = len(helds) // 3
    before, after = helds[third : 2 * third], helds[2 * third :]
    found = []
    for name, (measure, growth) in WATCHED.items():
        a, b = (measure([getattr(held, name) for held in part]) for part in (before, after))
        if b > a * growth:
            found.append(f"{name} went from {a:g} to {b:g}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--every", type=float, default=60, metavar="SECONDS")
    given = parser.parse_args()
    chance, helds, rounds = random.Random(1), [], 0
    print("  minute" + "".join(f"{field.name:>12}" for field in fields(Held)), flush=True)
    with TemporaryDirectory(prefix="quire-soak-") as place:
        folder = Path(place) / "docs"
        folder.mkdir()
        encoder = Encoder.load(str(write_tiny_model(Path(place) / "model")))
        library = Library.open(Path(place) / "library", encoder, create=True)
        began = told = time.monotonic()
        while time.monotonic() < began + 60 * given.minutes:
            one_round(library, folder, rounds, chance)
            rounds += 1
            if time.monotonic() - told >= given.every:
                told = time.monotonic()
                helds.append(Held.now(rounds, library.path))
                minute = (told - began) / 60
                print(
                    f"{minute:8.1f}" + "".join(f"{v:12.6g}" for v in astuple(helds[-1])), flush=True
                )
        problems = library.check()
    found = [*grown(helds), *problems]
    print("\n".join(found) or f"{rounds} rounds; nothing grew, and the library is sound")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
