"""The rows of all pages in memory, kept while the library is open."""

import threading

import numpy as np

from ..errors import EngineError
from ..score.packed import Packed, offsets_of
from .contents import Contents
from .pages import flat_rows
from .tables import Tables, one_of

BATCH = 64  # pages: about 11 MB
# Above so many new documents the whole table is read instead of looking for each of them.
FEW = 200


class Rows:
    """Reads what changed since the last time, and only that.

    float16, in one array: 0.18 MB a page of 700 rows. While documents come or go, the old and
    the new array are both in memory.
    """

    def __init__(self, tables: Tables, dim: int) -> None:
        self._tables = tables
        self.dim = dim
        self._lock = threading.Lock()
        self._contents = Contents.empty()  # whose rows are held
        self._none = Packed(np.zeros((0, dim), dtype=np.float16), np.zeros(1, dtype=np.int64))
        self._packed = self._none

    def held(self, contents: Contents) -> Packed | None:
        """The rows of all pages of `contents` if they are in memory, else None."""
        with self._lock:
            return self._packed if self._holds(contents) and len(contents) else None

    def let_go(self) -> None:
        """Free the memory."""
        with self._lock:
            self._contents, self._packed = Contents.empty(), self._none

    def of(self, contents: Contents) -> Packed:
        """The rows of all pages of `contents`, in its order. Safe to call from several threads.

        Raises EngineError when a page has none: it was deleted since, or the library is damaged.
        """
        with self._lock:
            return self._of(contents)

    def _of(self, contents: Contents) -> Packed:
        if self._holds(contents):
            return self._packed
        offsets = offsets_of(contents.rows)
        rows = np.empty((int(offsets[-1]), self.dim), dtype=np.float16)
        missing, wanted = [], 0
        before = self._contents.spans
        for key, span in contents.spans.items():
            own = slice(offsets[span.start], offsets[span.stop])
            if key in before:
                old = before[key]
                was = slice(self._packed.offsets[old.start], self._packed.offsets[old.stop])
                rows[own] = self._packed.rows[was]
            else:
                missing.append(key[0])
                wanted += int(own.stop - own.start)
        found = self._read(contents, missing, rows, offsets)
        if found != wanted:
            raise EngineError(
                f"{wanted - found} rows of pages are not where they should be: `quire doctor` (or "
                "Library.check) names the pages"
            )
        self._contents, self._packed = contents, Packed(rows, offsets)
        return self._packed

    def _holds(self, contents: Contents) -> bool:
        """Whether what is held is of the same documents, written at the same times."""
        held = self._contents
        return contents is held or list(contents.spans) == list(held.spans)

    def _read(
        self, contents: Contents, documents: list[str], rows: np.ndarray, offsets: np.ndarray
    ) -> int:
        """Fill in the rows of some documents; returns how many rows that were."""
        wanted, found = set(documents), 0
        query = self._tables.vectors.search().select(["id", "document", "rows"])
        if len(documents) <= FEW:
            query = query.where(one_of("document", documents) or "false")
        for batch in query.to_batches(BATCH):
            lengths = batch.column("rows").value_lengths().to_numpy()
            ends = np.cumsum(lengths)
            values = flat_rows(batch.column("rows"), self.dim)
            names = zip(
                batch.column("id").to_pylist(), batch.column("document").to_pylist(), strict=True
            )
            for (page, document), length, end in zip(names, lengths, ends, strict=True):
                index = contents.position(page) if document in wanted else None
                if index is not None and length == contents.rows[index]:
                    rows[offsets[index] : offsets[index + 1]] = values[end - length : end]
                    found += int(length)
        return found
