"""A stand-in encoder: exact, instant and offline. A row is the vector of a word's letters."""

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from quire.engine.encode.protocol import Vectors
from quire.ingest.budget import PixelBudget
from quire.ingest.page import Page

DIM = 128
DENSE = (256, 128, 64)
GRID = (4, 4)


@cache
def word_vector(word: str, dim: int = DIM) -> np.ndarray:
    """A unit vector that depends on the word alone, lower case."""
    seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "replace")).digest()[:8], "little")
    vector = np.random.default_rng(seed).normal(size=dim).astype(np.float32)
    vector /= np.linalg.norm(vector)
    vector.flags.writeable = False
    return vector


class StandIn:
    """Reads the words of a page as if it saw them; a page without words gives one grey row.

    `name` is in the fingerprint: two names are two encoders. `calls` counts encoded pages.
    """

    dim = DIM
    dense_dims = DENSE
    budget = PixelBudget(max_pixels=28 * 28 * 64, min_pixels=28 * 28, factor=28)

    def __init__(self, name: str = "stand-in") -> None:
        self.name = name
        self.calls = 0

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()[:16]

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "rows": DIM, "dims": list(DENSE)}

    def encode_query(
        self, texts: str | Sequence[str], *, task: str = "retrieval", vectors: str = "multi"
    ) -> Any:
        return self._encode(texts, vectors)

    def encode_document(
        self, items: Any, *, task: str = "retrieval", vectors: str = "multi"
    ) -> Any:
        return self._encode(items, vectors)

    def _encode(self, items: Any, vectors: str) -> Any:
        single = isinstance(items, str | Page)
        found = [self._one(item) for item in ([items] if single else items)]
        if vectors == "multi":
            out: Any = [item.multi for item in found]
        elif vectors == "dense":
            out = np.stack([item.dense for item in found])
        else:
            out = found
        return out[0] if single else out

    def _one(self, item: str | Page) -> Vectors:
        if isinstance(item, str):
            words, cells, grid = item.lower().split(), [], (0, 0)
        else:
            self.calls += 1
            words = [word.text.lower() for word in item.words] or [""]
            cells, grid = [_cell(word.box) for word in item.words] or [0], GRID
        multi = np.stack([word_vector(word) for word in words])
        dense = np.sum([word_vector(word, max(DENSE)) for word in words], axis=0)
        return Vectors(
            multi=multi,
            dense=(dense / np.linalg.norm(dense)).astype(np.float32),
            cells=np.array(cells or [-1] * len(words), dtype=np.int16),
            grid=grid,
        )


class TwoTasks(StandIn):
    """Has the task `code` too, in which every word has another vector. Of a picture it sees the
    word "grey". `asked`: the task of each call for queries."""

    tasks = ("retrieval", "code")

    def __init__(self, name: str = "two tasks") -> None:
        super().__init__(name)
        self.asked: list[str] = []

    def encode_query(
        self, texts: str | Sequence[str], *, task: str = "retrieval", vectors: str = "multi"
    ) -> Any:
        self.asked.append(task)
        return self._encode(_said(texts, task), vectors)

    def encode_document(
        self, items: Any, *, task: str = "retrieval", vectors: str = "multi"
    ) -> Any:
        if isinstance(items, Image.Image):
            return word_vector("grey")[None].copy()
        return self._encode(_said(items, task), vectors)


def _said(items: Any, task: str) -> Any:
    """Texts in the words of the task."""
    if task == "retrieval":
        return items
    if not isinstance(items, str):
        return [_said(item, task) for item in items]
    return " ".join(f"{task}:{word}" for word in items.split())


def _cell(box: tuple[float, float, float, float]) -> int:
    """Index, row by row, of the cell of the grid that the middle of a box lies in."""
    across, down = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    row, column = min(int(down * GRID[0]), GRID[0] - 1), min(int(across * GRID[1]), GRID[1] - 1)
    return row * GRID[1] + column


def write_pdf(path: Any, *pages: str, title: str = "") -> Any:
    """A small PDF with one text a page ("" for a page without text layer); returns the path."""
    import pymupdf

    with pymupdf.open() as pdf:
        for text in pages:
            page = pdf.new_page(width=300, height=400)
            if text:
                page.insert_textbox((20, 20, 280, 380), text, fontname="china-s", fontsize=11)
            else:
                page.draw_rect((50, 50, 200, 200), fill=(0.8, 0.2, 0.2))
        if title:
            pdf.set_metadata({"title": title})
        pdf.save(path)
    return path
