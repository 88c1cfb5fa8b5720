"""How fast is each step on this machine? `python tests/bench.py`, or `make bench`.

One row per step: units a second, as the median of several runs with the slowest and the fastest.
Compare rows only with rows of the same machine and the same number of threads, see the head.
"""

import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from quire.engine import Encoder, Library
from quire.engine.score.maxsim import maxsim
from quire.engine.score.packed import pack
from quire.ingest import Page, PixelBudget, find, read

CORPUS = Path(__file__).parent / "samples" / "corpus"
RUNS = 5
QUESTION = "In which month were the fewest sailings on time?"


def measure(step: str, unit: str, count: int, work: Callable[[], object], runs: int = RUNS) -> None:
    """Print how many units a second `work` does, given that one call does `count` of them."""
    work()  # the first call also pays for loading and warming up
    rates = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        rates.append(count / (time.perf_counter() - start))
    middle, low, high = statistics.median(rates), min(rates), max(rates)
    print(f"{step:<34} {middle:>12,.1f} {low:>12,.1f} {high:>12,.1f}  {unit}/s", flush=True)


def all_pages(budget: PixelBudget) -> list[Page]:
    """Every page of the samples, drawn as large as `budget` allows."""
    pages: list[Page] = []
    for source in find([CORPUS]).documents:
        with read(source, budget) as opened:
            pages += opened
    return pages


def score() -> None:
    numbers = np.random.default_rng(0)
    query = numbers.normal(size=(20, 128)).astype(np.float32)
    rows = [numbers.normal(size=(256, 128)).astype(np.float16) for _ in range(2_000)]
    pages = pack(rows)
    measure("MaxSim, 20 rows on pages of 256", "page", len(pages), lambda: maxsim(query, pages))
    if torch.cuda.is_available():
        measure("the same on CUDA", "page", len(pages), lambda: maxsim(query, pages, device="cuda"))


def main() -> None:
    print(f"{platform.platform()}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"{'step':<34} {'median':>12} {'slowest':>12} {'fastest':>12}")
    score()
    encoder = Encoder.load()
    pages = all_pages(encoder.budget)
    measure("read and draw", "page", len(pages), lambda: all_pages(encoder.budget), runs=3)
    measure("encode pages", "page", len(pages), lambda: encoder.encode_document(pages), runs=3)
    measure("encode a question", "question", 1, lambda: encoder.encode_query(QUESTION))
    with TemporaryDirectory() as folder:
        library = Library.open(Path(folder) / "library", encoder, create=True)
        library.add([CORPUS])
        for mode in ("visual", "text", "hybrid"):
            search = partial(library.search, QUESTION, mode=mode)
            measure(f"search, {mode}", "question", 1, search)


if __name__ == "__main__":
    main()
