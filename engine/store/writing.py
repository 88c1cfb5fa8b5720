"""Putting documents into a library and taking them out, whole or not at all.

The order of the steps is the whole proof. In: images, then pages and vectors, then one row in
`documents`, which is one LanceDB commit and makes the document visible. Out: that row, then the
rest. So whoever is killed between two steps leaves pages without a document, never a document
without pages; readers do not see such pages, and the next writer removes them.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from quire.adapters.tasks import RETRIEVAL
from quire.ingest.document import Document
from quire.ingest.page import Page

from ..encode.protocol import Vectors
from ..errors import EngineError
from .contents import Entry
from .images import drop_images, image_folders
from .pages import page_rows, vector_rows
from .pooling import WHOLE, Pooling
from .saving import Saver
from .schema import documents_schema
from .tables import Tables, one_of
from .text import storable

if TYPE_CHECKING:
    import pyarrow as pa

# Pages per fragment of a table: 64 pages of 700 rows are 11 MB.
FRAGMENT_PAGES = 64
FEW = 1_000  # ids in one condition


class Writer:
    """Changes a library whose write lock the caller holds. Begins by removing leftovers."""

    def __init__(self, tables: Tables, dim: int, dense_dim: int, pooling: Pooling = WHOLE) -> None:
        self._tables = tables
        self._dims = (dim, dense_dim)
        self._pooling = pooling
        self._images = Saver(tables.layout)
        self._written: dict[str, list[int]] = {}
        self._buffer: list[tuple[pa.Table, pa.Table, list[Future[str]]]] = []
        self._remove_leftovers()

    def write_pages(
        self,
        pages: Sequence[Page],
        vectors: Sequence[Vectors],
        tasks: Sequence[str] | None = None,
    ) -> None:
        """The next pages of a document; invisible until `commit`.

        tasks: of the encoder, that made the vectors of each page; None: `retrieval` all of them.

        Their images are written meanwhile, few of them held, their rows when there are enough.
        """
        images = []
        for page in pages:
            done = self._written.setdefault(page.document, [])
            if page.number <= (done[-1] if done else 0):
                raise EngineError(
                    f"page {page.number} of document {page.document} came after page {done[-1]}: "
                    "write the pages of a document in order"
                )
            done.append(page.number)
            images.append(self._images.save(page.document, page.number, page.image))
        vectors = [self._pooling.apply(item) for item in vectors]
        heavy = vector_rows(pages, vectors, *self._dims)
        tasks = [RETRIEVAL] * len(pages) if tasks is None else tasks
        self._buffer.append((page_rows(pages, heavy, tasks), heavy, images))
        if sum(len(rows) for rows, _, _ in self._buffer) >= FRAGMENT_PAGES:
            self._flush()

    def wrote(self, document: str, numbers: Iterable[int]) -> None:
        """Pages of a document that somebody else has put into the tables; as `write_pages`."""
        self._written[document] = [*self._written.get(document, []), *numbers]

    def commit(
        self, document: Document, metadata: Mapping[str, Any], missing: Sequence[int] = ()
    ) -> Entry:
        """Make the document visible with all its pages, less those `missing`."""
        self._images.finish()
        self._flush()
        written = self._written.pop(document.id, [])
        if sorted([*written, *missing]) != list(range(1, document.pages + 1)):
            self._drop(document.id)
            raise EngineError(
                f"document {document.id} has {document.pages} pages and {len(written)} were "
                f"written, {len(missing)} are known to be missing: nothing of it was kept; add it "
                "again"
            )
        now = datetime.now(UTC).isoformat()
        entry = Entry(document, dict(metadata), now, tuple(missing))
        self.update(entry)
        return entry

    def update(self, *entries: Entry) -> None:
        """Write the documents' own rows: new paths or metadata. One commit for all."""
        import pyarrow as pa

        if not entries:
            return
        rows = [_row(entry) for entry in entries]
        (
            self._tables.documents.merge_insert("id")
            .when_matched_update_all()
            .when_not_matched_insert_all()
            .execute(pa.Table.from_pylist(rows, schema=documents_schema()))
        )

    def give_up(self, document: str) -> None:
        """Remove what was written of a document that will not be committed."""
        self._images.give_up()
        self._buffer.clear()
        if self._written.pop(document, []):
            self._drop(document)

    def delete(self, *documents: str) -> None:
        """Take documents out, by id: gone from search with the first commit of each thousand."""
        for first in range(0, len(documents), FEW):
            few = documents[first : first + FEW]
            self._tables.documents.delete(one_of("id", few))
            self._drop(*few)

    def _flush(self) -> None:
        import pyarrow as pa

        if self._buffer:
            light, heavy, images = zip(*self._buffer, strict=True)
            pages, vectors = pa.concat_tables(light), pa.concat_tables(heavy)
            seals = [one.result() for own in images for one in own]
            place = pages.schema.get_field_index("image_seal")
            pages = pages.set_column(place, pages.schema.field(place), pa.array(seals))
            self._buffer.clear()
            self._tables.vectors.add(vectors)
            self._tables.pages.add(pages)

    def _drop(self, *documents: str) -> None:
        self._tables.drop_pages(documents)
        for document in documents:
            drop_images(self._tables.layout, document)

    def _remove_leftovers(self) -> None:
        visible = self._tables.visible()
        stored: set[str] = set()
        for table in (self._tables.pages, self._tables.vectors):
            column = table.search().select(["document"]).to_arrow().column("document")
            stored.update(column.unique().to_pylist())
        self._tables.drop_pages(sorted(stored - visible))
        for document in image_folders(self._tables.layout) - visible:
            drop_images(self._tables.layout, document)


def _row(entry: Entry) -> dict[str, Any]:
    document = entry.document
    return {
        "id": document.id,
        "paths": [os.fsencode(path) for path in document.paths],
        "kind": document.kind,
        "pages": document.pages,
        "title": storable(document.title),
        "size": document.size,
        "missing": list(entry.missing),
        "engine": document.engine,
        "info": storable(json.dumps(dict(document.info), ensure_ascii=False)),
        "metadata": json.dumps(entry.metadata, sort_keys=True),
        "added": entry.written,
    }
