"""How fast are the plans of a search on a large library, and do they find the same?

    python tests/benchmarks/plans.py make FOLDER --pages 100000    a synthetic library, 20 GB
    python tests/benchmarks/plans.py warm FOLDER [--mode hybrid]   warm searches by plan="auto"
    python tests/benchmarks/plans.py exact FOLDER                  by plan="exact"; recall of "auto"
    python tests/benchmarks/plans.py lance FOLDER                  LanceDB's own, on 2,000 pages

Synthetic pages have 700 rows of 128 numbers: cells that lie together show one of the page's 40
concepts, eight pages share a document's concepts and background, and every row is half noise. A
query is 20 noisy rows of one page, with three of its words. `make` goes on where it stopped.
"""

import argparse
import statistics
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from quire.engine import Library
from quire.engine.encode.protocol import Vectors
from quire.engine.search.hits import Hit
from quire.engine.store.coding import update_codes
from quire.engine.store.contents import Entry
from quire.engine.store.layout import Layout
from quire.engine.store.lock import writing
from quire.engine.store.pages import page_rows, vector_rows
from quire.engine.store.tables import Tables
from quire.engine.store.writing import Writer
from quire.ingest.budget import PixelBudget
from quire.ingest.document import Document
from quire.ingest.page import Page

DIM, DENSE = 128, 256
GRID = (28, 25)
CONCEPTS, OF_PAGE, OF_DOCUMENT, DOCUMENT_PAGES = 20_000, 40, 120, 8
QUERIES, QUERY_ROWS = 15, 20
WRITTEN = 400  # pages at a time


@cache
def concepts() -> np.ndarray:
    spread = np.random.default_rng(1)
    scales = 1 / np.sqrt(1 + np.arange(DIM) / 16)  # some directions hold more than others
    return (spread.normal(size=(CONCEPTS, DIM)) * scales).astype(np.float32)


@cache
def noise() -> np.ndarray:
    return np.random.default_rng(2).normal(size=(1 << 17, DIM)).astype(np.float32)


def seen(page: int) -> tuple[np.ndarray, list[int]]:
    """Rows of a page, float32 of length 1, and its concepts, the largest first."""
    numbers = np.random.default_rng(page)
    document = np.random.default_rng(10**9 + page // DOCUMENT_PAGES)
    # Frequent concepts are those of small number: a square of a uniform number leans to 0.
    shared = (document.random(OF_DOCUMENT) ** 2 * CONCEPTS).astype(np.int64)
    background = document.normal(size=DIM).astype(np.float32) * 0.4
    own = numbers.choice(shared, OF_PAGE)
    middles = numbers.random((OF_PAGE, 2)).astype(np.float32) * GRID
    cells = np.stack(np.divmod(np.arange(GRID[0] * GRID[1]), GRID[1]), axis=1).astype(np.float32)
    nearest = ((cells[:, None] - middles) ** 2).sum(axis=2).argmin(axis=1)
    start = int(numbers.integers(len(noise()) - len(cells)))
    rows = concepts()[own[nearest]] + background + noise()[start : start + len(cells)] * 0.6
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    areas = np.bincount(nearest, minlength=OF_PAGE)
    return rows, own[np.argsort(-areas)].tolist()


class Asks:
    """Encodes queries alone. A query is "<number> <words>" and knows its page by its number."""

    dim, dense_dims, name = DIM, (DENSE,), "synthetic"
    budget = PixelBudget(max_pixels=28 * 28 * 64, min_pixels=28 * 28, factor=28)
    fingerprint = "5" * 16

    def __init__(self, pages: int) -> None:
        self.pages = pages

    def describe(self) -> dict[str, Any]:
        return {"name": self.name}

    def query(self, number: int) -> str:
        _, words = seen(self._page(number))
        return " ".join([str(number), *(f"w{word}" for word in words[:3])])

    def encode_query(self, texts: Any, **_: Any) -> Any:
        if isinstance(texts, str):
            return self._rows(texts)
        return [self._rows(text) for text in texts]

    def encode_document(self, items: Any, **_: Any) -> Any:
        raise NotImplementedError

    def _page(self, number: int) -> int:
        return int(np.random.default_rng(7 * 10**9 + number).integers(self.pages))

    def _rows(self, text: str) -> np.ndarray:
        number = int(text.split()[0])
        numbers = np.random.default_rng(8 * 10**9 + number)
        rows = seen(self._page(number))[0]
        few = rows[numbers.choice(len(rows), QUERY_ROWS, replace=False)]
        few = few + numbers.normal(size=few.shape).astype(np.float32) * 0.08
        return few / np.linalg.norm(few, axis=1, keepdims=True)


def make(folder: Path, pages: int, most: int) -> None:
    """At most so many pages more, straight into the tables: reading and encoding are measured
    elsewhere."""
    began = time.perf_counter()
    library = Library.open(folder, Asks(pages), create=True)
    tables = Tables(Layout(folder.absolute()))
    with writing(tables.layout):
        writer = Writer(tables, DIM, DENSE)
        done = tables.pages.count_rows()
        end = min(done + most, pages)
        for start in range(done, end, WRITTEN):
            own, vectors = zip(*map(_page, range(start, min(start + WRITTEN, end))), strict=True)
            rows = vector_rows(own, vectors, DIM, DENSE)
            tables.vectors.add(rows)
            tables.pages.add(page_rows(own, rows, ["retrieval"] * len(own)))
        numbers = range(done // DOCUMENT_PAGES, -(-end // DOCUMENT_PAGES))
        writer.update(*(_entry(number, pages) for number in numbers))
        tables.pages.optimize()
        tables.documents.optimize()
        written = time.perf_counter() - began
        update_codes(tables, library.manifest)
    took = time.perf_counter() - began
    print(f"{end:,} pages: rows {written:.0f} s, codes {took - written:.0f} s", flush=True)


def _page(number: int) -> tuple[Page, Vectors]:
    rows, words = seen(number)
    text = " ".join(f"w{word}" for word in words[:12])
    dense = np.ones(DENSE, np.float32) / np.sqrt(DENSE)
    cells = np.arange(len(rows), dtype=np.int16)
    document, place = divmod(number, DOCUMENT_PAGES)
    page = Page(_id(document), place + 1, Image.new("RGB", (1, 1)), (), text, 612.0, 792.0, 0, "")
    return page, Vectors(rows, dense, cells, GRID)


def _id(document: int) -> str:
    return f"{document:032x}"


def _entry(number: int, pages: int) -> Entry:
    count = min(DOCUMENT_PAGES, pages - number * DOCUMENT_PAGES)
    path = f"/synthetic/{number:06}.pdf"
    return Entry(
        Document(_id(number), (path,), "pdf", count, "", 1), {"shelf": number % 100}, "once"
    )


def opened(folder: Path) -> tuple[Library, Asks, float]:
    """The library, who asks it, and the milliseconds that opening took (the second time: the first
    one also pays for imports)."""
    pages = Tables(Layout(folder.absolute())).pages.count_rows()
    encoder = Asks(pages)
    Library.open(folder, encoder)
    began = time.perf_counter()
    library = Library.open(folder, encoder)
    return library, encoder, (time.perf_counter() - began) * 1000


def warm(folder: Path, mode: str) -> None:
    """Warm searches by plan="auto", k=10, each another question, and the memory they take."""
    library, encoder, opening = opened(folder)
    queries = [encoder.query(number) for number in range(QUERIES)]
    began = time.perf_counter()
    library.search(queries[-1], mode=mode)
    first, took = time.perf_counter() - began, []
    for query in queries:
        began = time.perf_counter()
        hits = library.search(query, mode=mode)
        took.append((time.perf_counter() - began) * 1000)
    print(hits.plan.explain())
    low, middle, high = min(took), statistics.median(took), max(took)
    print(
        f"{mode}: {len(library):,} pages, opened in {opening:.0f} ms, first search {first:.1f} s, "
        f"warm p50 {middle:.0f} ms ({low:.0f} to {high:.0f}), memory {memory():.2f} GB"
    )


def memory() -> float:
    """GB: memory of this process less what is mapped from files, which the system may take back."""
    told = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(told["RssAnon"].split()[0]) / 2**20


def exact(folder: Path) -> None:
    """One exact search, and how many of the true ten the plan "auto" finds."""
    library, encoder, _ = opened(folder)
    queries = [encoder.query(number) for number in range(QUERIES)]
    library.search(queries[0], mode="visual")
    began = time.perf_counter()
    library.search(queries[0], mode="visual", plan="exact")
    single = time.perf_counter() - began
    truth = library.search_many(queries, mode="visual", plan="exact")
    found = [library.search(query, mode="visual") for query in queries]
    same = [
        len(set(map(_key, hits)) & set(map(_key, true))) / len(true)
        for hits, true in zip(found, truth, strict=True)
    ]
    print(truth[0].plan.explain().splitlines()[0])
    print(f"exact: one search {single:.1f} s; recall@10 of auto {statistics.fmean(same):.3f}")


def _key(hit: Hit) -> tuple[str, int]:
    return hit.document.id, hit.page


def lance(folder: Path) -> None:
    """LanceDB's own flat multivector search over the first 2,000 pages."""
    import lancedb

    _, encoder, _ = opened(folder)
    with TemporaryDirectory() as place:
        rows = Tables(Layout(folder.absolute())).vectors.search().select(["id", "rows"])
        table = lancedb.connect(place).create_table("rows", rows.limit(2_000).to_arrow())
        took = []
        for number in range(3):
            query = encoder.encode_query(encoder.query(number)).astype(np.float16)
            began = time.perf_counter()
            flat = table.search(query, vector_column_name="rows").distance_type("cosine")
            flat.limit(10).to_arrow()
            took.append(time.perf_counter() - began)
    middle = statistics.median(took)
    print(f"LanceDB flat: 2,000 pages in {middle:.2f} s, so 100,000 in {50 * middle:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["make", "warm", "exact", "lance"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--most", type=int, default=1_000_000, help="made in one call")
    parser.add_argument("--mode", default="visual")
    asked = parser.parse_args()
    if asked.what == "make":
        make(asked.folder, asked.pages, asked.most)
    elif asked.what == "warm":
        warm(asked.folder, asked.mode)
    else:
        {"exact": exact, "lance": lance}[asked.what](asked.folder)


if __name__ == "__main__":
    main()
