"""Is the encoder the only thing that indexing waits for? `python tests/benchmarks/ingesting.py`

    python tests/benchmarks/ingesting.py PDF... [--workers 2] [--runs 3] [--pages 40]

Three rows. Rendering: pages a second that `workers` reading processes draw here, against as many
processes of PyMuPDF alone that draw the same pages at the same size (`get_pixmap`), without and
with the words and the text that are read here as well (`get_text`).
Indexing: pages a second from file to library with quire-mini, against the encoder's own rate on
the same pages, already drawn. Medians over runs, which alternate, so that a machine that slows down
slows down both.
"""

import argparse
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from quire.engine import Encoder, Library
from quire.engine.store.adding import ENCODE_PAGES
from quire.ingest import Page, PixelBudget, Reading, find, read
from quire.ingest.budget import fill

SAMPLES = Path(__file__).parents[1] / "samples" / "corpus"
PLAIN = Reading(ocr="never")
Job = tuple[str, int, PixelBudget, bool]


def draw_raw(job: Job) -> int:
    """The first pages of a document by PyMuPDF alone, in one process."""
    import pymupdf

    path, most, budget, words = job
    drawn = 0
    with pymupdf.open(path) as file:
        for page in file.pages(0, min(most, len(file))):
            across, down = fill(page.rect.width, page.rect.height, budget)
            matrix = pymupdf.Matrix(across / page.rect.width, down / page.rect.height)
            drawn += bool(page.get_pixmap(matrix=matrix).samples)
            if words:
                page.get_text("words")
                page.get_text()
    return drawn


def draw_ours(job: Job) -> int:
    path, most, budget, _ = job
    drawn = 0
    with read(find([path]).documents[0], budget, how=PLAIN) as pages:
        for _ in pages:
            drawn += 1
            if drawn == most:
                break
    return drawn


def rate(count: int, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def rendering(paths: list[str], workers: int, runs: int, most: int) -> None:
    budget = Encoder.load().budget
    plain: list[Job] = [(path, most, budget, False) for path in paths]
    worded: list[Job] = [(path, most, budget, True) for path in paths]
    rates: dict[str, list[float]] = {"ours": [], "pictures": [], "pictures and words": []}
    with (
        multiprocessing.get_context("spawn").Pool(workers) as processes,
        ThreadPoolExecutor(workers) as threads,
    ):
        count = sum(processes.map(draw_raw, worded, chunksize=1))
        assert sum(threads.map(draw_ours, plain)) == count  # and all of them are started
        for _ in range(runs):
            for name, work in (
                ("pictures", partial(processes.map, draw_raw, plain, chunksize=1)),
                ("ours", lambda: list(threads.map(draw_ours, plain))),
                ("pictures and words", partial(processes.map, draw_raw, worded, chunksize=1)),
            ):
                rates[name].append(rate(count, work))
    for name in ("pictures", "pictures and words"):
        what = f"rendering, {count} pages, {workers} processes"
        tell(what, f"PyMuPDF alone, {name}", rates[name], rates["ours"])


def indexing(paths: list[str], runs: int, most: int) -> None:
    import pymupdf

    encoder = Encoder.load()
    alone, whole = [], []
    with TemporaryDirectory() as place:
        docs = Path(place) / "docs"
        docs.mkdir()
        for number, path in enumerate(paths):
            with pymupdf.open(path) as file:
                file.select(range(min(most, len(file))))
                file.save(docs / f"{number}.pdf", garbage=3)
        pages: list[Page] = []
        for source in find([docs]).documents:
            with read(source, encoder.budget, how=PLAIN) as opened:
                pages += opened
        encoder.encode_document(pages[:ENCODE_PAGES], vectors="both")
        for run in range(runs):
            alone.append(rate(len(pages), lambda: encode_all(encoder, pages)))
            library = Library.open(Path(place) / f"library{run}", encoder, create=True)
            whole.append(rate(len(pages), lambda kept=library: kept.add(docs, how=PLAIN)))
            assert len(library) == len(pages)
    tell(f"indexing, {len(pages)} pages, quire-mini", "encoder alone", alone, whole)


def encode_all(encoder: Encoder, pages: list[Page]) -> None:
    for first in range(0, len(pages), ENCODE_PAGES):
        encoder.encode_document(pages[first : first + ENCODE_PAGES], vectors="both")


def tell(what: str, bound: str, theirs: list[float], ours: list[float]) -> None:
    a, b = statistics.median(theirs), statistics.median(ours)
    print(f"{what}: {b:.2f} pages/s; {bound} {a:.2f}; ratio {b / a:.3f}", flush=True)
    print(f"    runs: {[round(r, 2) for r in ours]} of {[round(r, 2) for r in theirs]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pdfs", nargs="*", default=sorted(map(str, SAMPLES.glob("*.pdf"))))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--draw", type=int, default=40, help="first pages of each, drawn")
    parser.add_argument("--pages", type=int, default=3, help="first pages of each, indexed")
    given = parser.parse_args()
    cores, threads = len(os.sched_getaffinity(0)), torch.get_num_threads()
    print(f"{platform.machine()}, {cores} cores, torch with {threads} threads")
    if given.draw:
        rendering(given.pdfs, given.workers, given.runs, given.draw)
    if given.pages:
        indexing(given.pdfs, given.runs, given.pages)


if __name__ == "__main__":
    main()
