"""The four LanceDB tables of a library, and the few things that are done to them."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from ..errors import EngineError, NotALibrary
from .compacting import KEEP, compact_vectors
from .layout import Layout
from .lock import nobody_reading
from .schema import (
    documents_schema,
    failures_schema,
    pages_schema,
    text_index,
    vectors_schema,
)

log = logging.getLogger(__name__)

NAMES = ("documents", "pages", "vectors", "failures")
# Exactly 0 makes LanceDB warn about readers of old versions; the read lock excludes those.
AT_ONCE = timedelta(milliseconds=1)
# Compacting `vectors` writes all of it again (1 s for 1,000 pages), so it waits until there are
# many fragments, or the small ones hold half as much as the largest, or a tenth was deleted;
# a small table is not worth the wait.
MAX_FRAGMENTS = 100
SMALL_TABLE = 2_000  # pages
# What LanceDB keeps in memory of a library: usually up to 7 GB, and that of versions long gone, too
# (a process that added and deleted for half an hour held 100 MB more at its end). The index of
# 50,000 pages' words fits in.
INDEX_BYTES, METADATA_BYTES = 64 * 2**20, 16 * 2**20


class Tables:
    """Handles that always read the newest version."""

    def __init__(self, layout: Layout) -> None:
        import lancedb

        self.layout = layout
        # Interval 0: every read looks for a newer version first.
        connection = lancedb.connect(
            layout.tables,
            read_consistency_interval=timedelta(0),
            session=lancedb.Session(
                index_cache_size_bytes=INDEX_BYTES, metadata_cache_size_bytes=METADATA_BYTES
            ),
        )
        try:
            opened = map(connection.open_table, NAMES)
            self.documents, self.pages, self.vectors, self.failures = opened
        except (ValueError, RuntimeError, OSError) as error:
            raise NotALibrary(
                f"{layout.root} has a manifest, but a table cannot be opened ({error}): restore "
                f"{layout.tables} from a copy, or index the documents into a new folder"
            ) from error

    @classmethod
    def create(cls, layout: Layout, dim: int, dense_dim: int) -> "Tables":
        import lancedb

        connection = lancedb.connect(layout.tables)
        connection.create_table("documents", schema=documents_schema())
        connection.create_table("failures", schema=failures_schema())
        pages = connection.create_table("pages", schema=pages_schema())
        pages.create_index("text", config=text_index())
        connection.create_table("vectors", schema=vectors_schema(dim, dense_dim))
        return cls(layout)

    def visible(self) -> set[str]:
        """Ids of the documents that are there."""
        return set(self.documents.search().select(["id"]).to_arrow().column("id").to_pylist())

    def drop_pages(self, documents: Iterable[str]) -> None:
        """Remove the pages of these documents, which must not be visible."""
        condition = one_of("document", documents)
        if condition:
            self.pages.delete(condition)
            self.vectors.delete(condition)

    def make_text_index(self) -> None:
        """Make the index of words, in place of one that may be there."""
        self.pages.create_index("text", config=text_index(), replace=True)

    def text_index_fails(self) -> str:
        """Why the index of words cannot be used; "" when it can."""
        try:
            if not any(index.columns == ["text"] for index in self.pages.list_indices()):
                return "the index is gone"
            self.pages.search("a", query_type="fts").limit(1).to_list()
        except (ValueError, RuntimeError, OSError) as error:
            return " ".join(str(error).split())[:200]
        return ""

    def tidy(self) -> None:
        """Compact, take new rows into the text index, and drop old versions if nobody reads.

        What was compacted is compared with what was there before, for compaction has lost data
        in the past: vectors by their seals, other tables by their counts.
        """
        with nobody_reading(self.layout) as alone:
            older = AT_ONCE if alone else KEEP
            if not alone:
                log.info("the library is being read: old versions are kept until the next run")
            for table in (self.documents, self.failures, self.pages):
                before = table.count_rows()
                table.optimize(cleanup_older_than=older)
                self._compare(table, before)
            if _worth_compacting(self.vectors):
                compact_vectors(self)
                self.vectors.optimize(cleanup_older_than=older)

    def _compare(self, table: Any, before: int) -> None:
        after = table.count_rows()
        if before != after:
            raise EngineError(
                f"compacting {table.name} changed its rows from {before} to {after}: "
                f"restore {self.layout.root} from a copy, or index again"
            )


def one_of(column: str, values: Iterable[str]) -> str:
    """SQL: the column holds one of these; "" for no values."""
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{column} IN ({quoted})" if quoted else ""


def _worth_compacting(table: Any) -> bool:
    stats = table.stats()["fragment_stats"]
    fragments, largest = stats["num_fragments"], stats["lengths"]["max"]
    stored = fragments * stats["lengths"]["mean"]  # with deleted rows; the mean is rounded down
    deleted = max(0, stored - table.count_rows())
    return bool(
        fragments > MAX_FRAGMENTS
        or 2 * (stored - largest) > largest
        or 10 * deleted > stored
        or (deleted and stored < SMALL_TABLE)
    )
