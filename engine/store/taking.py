"""The rows of some pages, read when they are needed."""

import threading

import numpy as np
from jaxtyping import Int

from ..errors import EngineError
from ..score.packed import Packed, offsets_of
from .contents import Contents
from .pages import flat_rows
from .tables import Tables

TAKEN_PAGES = 128  # read at a time: about 23 MB


class Taker:
    """Reads rows by page from the table of vectors. Safe to use from several threads."""

    def __init__(self, tables: Tables, dim: int) -> None:
        self._tables = tables
        self.dim = dim
        self._lock = threading.Lock()
        self._version = -1
        self._places: dict[str, int] = {}  # page -> where LanceDB keeps it, in that version

    def take(self, contents: Contents, pages: Int[np.ndarray, " k"]) -> Packed:
        """The rows of the pages at these places of `contents`, in this order, float16.

        All of it is in memory, so ask for no more than that holds. Raises EngineError when a page
        has none: it was deleted since, or the library is damaged.
        """
        offsets = offsets_of(contents.rows[pages])
        rows = np.empty((int(offsets[-1]), self.dim), dtype=np.float16)
        for start in range(0, len(pages), TAKEN_PAGES):
            few = {
                contents.page_id(int(p)): start + i
                for i, p in enumerate(pages[start:][:TAKEN_PAGES])
            }
            # Compaction moves pages, so a second look may find what the first did not.
            if not (self._fill(few, rows, offsets) or self._fill(few, rows, offsets)):
                raise EngineError(
                    "rows of pages are not where they should be: `quire doctor` (or Library.check) "
                    "names the pages"
                )
        return Packed(rows, offsets)

    def _fill(self, few: dict[str, int], rows: np.ndarray, offsets: np.ndarray) -> bool:
        """Write the rows of these pages to their places; False when some were not found."""
        places = self._where()
        known = [places[page] for page in few if page in places]
        if len(known) < len(few):
            self._version = -1
            return False
        found = self._tables.vectors.take_row_ids(known).select(["id", "rows"]).to_arrow()
        seen = 0
        for batch in found.to_batches():
            ends = np.cumsum(batch.column("rows").value_lengths().to_numpy())
            values = flat_rows(batch.column("rows"), self.dim)
            for page, start, end in zip(
                batch.column("id").to_pylist(), [0, *ends[:-1]], ends, strict=True
            ):
                place = few.get(page)
                if place is not None and end - start == offsets[place + 1] - offsets[place]:
                    rows[offsets[place] : offsets[place + 1]] = values[start:end]
                    seen += 1
        if seen < len(few):
            self._version = -1
        return seen == len(few)

    def _where(self) -> dict[str, int]:
        with self._lock:
            version = self._tables.vectors.version
            if version != self._version:
                table = self._tables.vectors.search().select(["id"]).with_row_id(True).to_arrow()
                self._places = dict(
                    zip(
                        table.column("id").to_pylist(),
                        table.column("_rowid").to_pylist(),
                        strict=True,
                    )
                )
                self._version = version
            return self._places
