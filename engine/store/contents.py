"""What is in a library at one moment: documents, and pages in their order."""

import json
import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Int

from quire.adapters.tasks import CODE
from quire.ingest.document import Document

from .pages import page_id
from .tables import Tables

if TYPE_CHECKING:
    import pyarrow as pa

PAGE_COLUMNS = ["document", "number", "section", "text", "ocr", "task", "rows"]


@dataclass(frozen=True)
class Entry:
    """A document that is there, with what its owner said of it.

    written: when its pages were written; pages of equal id and time are the same rows.
    missing: numbers of the pages that could not be read, and so are not there.
    """

    document: Document
    metadata: dict[str, Any]
    written: str
    missing: tuple[int, ...] = ()

    def at(self, paths: tuple[str, ...]) -> "Entry":
        """The same at other paths."""
        return replace(self, document=replace(self.document, paths=paths))


@dataclass(frozen=True)
class Contents:
    """Documents in the order of their first paths, pages by document and number.

    So the order, and with it that of equal scores, depends on nothing but what is there.
    Per page: `owner` its index in `entries`, `numbers` from 1, `rows` how many vectors it has,
    `ocrs` what read its text off the picture ("" where the text is the file's own), `tasks` the
    encoder's task that made its vectors.
    """

    entries: tuple[Entry, ...]
    owner: Int[np.ndarray, " n"]
    numbers: Int[np.ndarray, " n"]
    rows: Int[np.ndarray, " n"]
    sections: list[str]
    texts: list[str]
    ocrs: list[str]
    tasks: list[str]
    _position: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ids = [self.page_id(i) for i in range(len(self))]
        object.__setattr__(self, "_position", {page: i for i, page in enumerate(ids)})

    @classmethod
    def empty(cls) -> "Contents":
        none = np.zeros(0, dtype=np.int64)
        return cls((), none, none, none, [], [], [], [])

    def __len__(self) -> int:
        return len(self.numbers)

    def page_id(self, index: int) -> str:
        entry = self.entries[int(self.owner[index])]
        return page_id(entry.document.id, int(self.numbers[index]))

    @cached_property
    def worded(self) -> Bool[np.ndarray, " n"]:
        """Which pages have text."""
        return np.array([bool(text) and not text.isspace() for text in self.texts], dtype=bool)

    @cached_property
    def coded(self) -> Bool[np.ndarray, " n"]:
        """Which pages have vectors of the task `code`."""
        return np.array([task == CODE for task in self.tasks], dtype=bool)

    @cached_property
    def spans(self) -> dict[tuple[str, str], slice]:
        """(document, when written) -> where its pages stand."""
        firsts = np.searchsorted(self.owner, np.arange(len(self.entries) + 1)).tolist()
        return {
            (entry.document.id, entry.written): slice(firsts[i], firsts[i + 1])
            for i, entry in enumerate(self.entries)
        }

    def position(self, page: str) -> int | None:
        """Where the page of this id stands; None for one that is not (or no more) there."""
        return self._position.get(page)


def read_entries(tables: Tables) -> list[Entry]:
    """All documents that are there, in the order of their first paths."""
    entries = [_entry(row) for row in tables.documents.search().to_arrow().to_pylist()]
    return sorted(entries, key=lambda entry: (entry.document.paths, entry.document.id))


def read_contents(tables: Tables) -> Contents:
    """A consistent picture, also while another process writes.

    Pages are written before their document and removed after it, so reading documents, then
    pages, then finding the documents unchanged makes all pages of all documents there.
    """
    while True:
        version = tables.documents.version
        entries = read_entries(tables)
        pages = tables.pages.search().select(PAGE_COLUMNS).to_arrow()
        if tables.documents.version == version:
            return _contents(tuple(entries), pages)


def _entry(row: dict[str, Any]) -> Entry:
    document = Document(
        id=row["id"],
        paths=tuple(os.fsdecode(path) for path in row["paths"]),
        kind=row["kind"],
        pages=row["pages"],
        title=row["title"],
        size=row["size"],
        engine=row["engine"],
        info=json.loads(row["info"]),
    )
    return Entry(document, json.loads(row["metadata"]), row["added"], tuple(row["missing"]))


def _contents(entries: tuple[Entry, ...], pages: "pa.Table") -> Contents:
    place = {entry.document.id: i for i, entry in enumerate(entries)}
    owner = np.array([place.get(d, -1) for d in pages.column("document").to_pylist()], np.int64)
    numbers = pages.column("number").to_numpy().astype(np.int64)
    order = np.lexsort((numbers, owner))
    order = order[owner[order] >= 0]  # pages whose document is not there yet, or no more
    chosen = pages.take(order)
    return Contents(
        entries=entries,
        owner=owner[order],
        numbers=numbers[order],
        rows=chosen.column("rows").to_numpy().astype(np.int64),
        sections=chosen.column("section").to_pylist(),
        texts=chosen.column("text").to_pylist(),
        ocrs=chosen.column("ocr").to_pylist(),
        tasks=chosen.column("task").to_pylist(),
    )
