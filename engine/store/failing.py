"""The files and pages that could not be read, as the library remembers them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from quire.ingest.failure import Failure, Kind

from .schema import failures_schema
from .tables import Tables, one_of
from .text import storable

# What was asked of these may have changed though nothing else did: they are tried every time.
_ALWAYS_TRIED = (Kind.UNREADABLE, Kind.MISSING, Kind.REFUSED)
FEW = 200  # rows held back: a commit for each failure would take its time


@dataclass(frozen=True)
class Failed:
    """A failure, the document's id ("" where its bytes were never read), and how it was tried."""

    failure: Failure
    document: str
    tried: str

    @property
    def key(self) -> str:
        """One row for each file or page: by what it holds, else by where it lies."""
        whose = self.document or storable(self.failure.path)
        return f"{whose}#{self.failure.page or 0}"


class Failures:
    """Changes the table for a writer who holds the lock; call `flush` at the end."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._known = {failed.key: failed for failed in read_failures(tables)}
        self._new: dict[str, Failed] = {}
        self._gone: set[str] = set()

    def known(self, document: str, tried: str) -> list[Failure]:
        """Why this document failed when the same was tried; nothing if it is worth a try."""
        found = self._known.get(f"{document}#0")
        if found is None or found.tried != tried or found.failure.kind in _ALWAYS_TRIED:
            return []
        return [found.failure]

    def note(self, failed: Failed) -> None:
        """Remember, in place of what was known of that file or page."""
        self._gone.discard(failed.key)
        if self._known.get(failed.key) != failed:
            self._known[failed.key] = self._new[failed.key] = failed
            if len(self._new) >= FEW:
                self.flush()

    def paths(self) -> set[str]:
        """Where the files lie that are known to have failed."""
        return {failed.failure.path for failed in self._known.values()}

    def forget(self, document: str | None = None, paths: Iterable[str] = ()) -> None:
        """The document was read, or is gone: so are its failures, and those of other bytes that
        lay at `paths` before."""
        at = set(paths)
        for key, failed in list(self._known.items()):
            if failed.document == document or failed.failure.path in at:
                del self._known[key]
                self._new.pop(key, None)
                self._gone.add(key)

    def flush(self) -> bool:
        """Write what changed; whether anything did."""
        gone, new = sorted(self._gone), list(self._new.values())
        self._gone.clear()
        self._new.clear()
        if gone:
            self._tables.failures.delete(one_of("id", gone))
        if new:
            _write(self._tables, new)
        return bool(gone or new)


def read_failures(tables: Tables) -> list[Failed]:
    """All that are known, in the order of the paths and pages."""
    rows = tables.failures.search().to_arrow().to_pylist()
    found = [Failed(_failure(row), row["document"], row["tried"]) for row in rows]
    return sorted(found, key=lambda failed: (failed.failure.path, failed.failure.page or 0))


def _failure(row: dict[str, Any]) -> Failure:
    path = os.fsdecode(row["path"])
    return Failure(path, Kind(row["kind"]), row["reason"], row["page"] or None)


def _write(tables: Tables, failures: list[Failed]) -> None:
    import pyarrow as pa

    now = datetime.now(UTC).isoformat(timespec="seconds")
    rows = [
        {
            "id": failed.key,
            "document": failed.document,
            "path": os.fsencode(failed.failure.path),
            "page": failed.failure.page or 0,
            "kind": str(failed.failure.kind),
            "reason": storable(failed.failure.reason),
            "tried": failed.tried,
            "at": now,
        }
        for failed in failures
    ]
    (
        tables.failures.merge_insert("id")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute(pa.Table.from_pylist(rows, schema=failures_schema()))
    )
