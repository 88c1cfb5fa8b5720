"""Which pages a search may find: a filter, in SQL or as a dict, over what is known of a page.

Columns: document (id), name (of the file), path, title, kind, page, section, and one column for
each key of the metadata. Filters are applied before scoring.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from ..errors import SearchError
from ..store.contents import Contents, Entry
from ..store.text import storable

COLUMNS = ("document", "name", "path", "title", "kind", "page", "section")
Where = str | Mapping[str, Any]


class Scope:
    """Filters over the pages of one `Contents`; the table that SQL looks at is made once."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._keys = sorted({key for entry in contents.entries for key in entry.metadata})
        self._table: Any = None

    def select(self, where: Where | None) -> Bool[np.ndarray, " n"]:
        """True for the pages in scope. Raises SearchError for a filter that cannot be applied."""
        if where is None:
            return np.ones(len(self._contents), dtype=bool)
        return self._by_sql(where) if isinstance(where, str) else self._by_values(where)

    def _by_values(self, where: Mapping[str, Any]) -> Bool[np.ndarray, " n"]:
        """Every named column equals its value, or one of them if a list is given."""
        mask = np.ones(len(self._contents), dtype=bool)
        for name, wanted in where.items():
            if name not in (*COLUMNS, *self._keys):
                raise SearchError(f"no column {name!r} to filter by; {self._known()}")
            allowed = wanted if isinstance(wanted, list | tuple | set | frozenset) else [wanted]
            mask &= np.array([value in allowed for value in self._column(name)], dtype=bool)
        return mask

    def _by_sql(self, where: str) -> Bool[np.ndarray, " n"]:
        if self._table is None:
            self._table = self._make_table()
        query = self._table.search().where(where).select(["row"]).limit(len(self._contents) or 1)
        try:
            rows = query.to_arrow().column("row").to_numpy()
        except (ValueError, RuntimeError) as error:
            reason = str(error).split(", /")[0].split(" Valid fields are")[0]
            raise SearchError(
                f"where={where!r} cannot be applied ({reason}); {self._known()}"
            ) from error
        mask = np.zeros(len(self._contents), dtype=bool)
        mask[rows] = True
        return mask

    def _make_table(self) -> Any:
        """A table in memory, one row per page: so filters are SQL, and metadata has columns."""
        import lancedb
        import pyarrow as pa

        columns: dict[str, Any] = {"row": pa.array(range(len(self._contents)), pa.int64())}
        for name in COLUMNS:
            kind = pa.int64() if name == "page" else pa.string()
            columns[name] = pa.array(self._column(name), kind)
        for key in self._keys:
            columns[key] = _typed(self._column(key))
        return lancedb.connect("memory://").create_table("scope", pa.table(columns))

    def _column(self, name: str) -> list[Any]:
        """One value per page."""
        contents = self._contents
        if name == "page":
            return list(contents.numbers.tolist())
        if name == "section":
            return contents.sections
        values = [_value(entry, name) for entry in contents.entries]
        return [values[owner] for owner in contents.owner.tolist()]

    def _known(self) -> str:
        return f"columns are {', '.join((*COLUMNS, *self._keys))}"


def documents_in(contents: Contents, where: Where) -> list[str]:
    """Ids of the documents of which every page is in scope. Raises SearchError as `Scope`."""
    if not len(contents):
        return []
    out = set(contents.owner[~Scope(contents).select(where)].tolist())
    return [entry.document.id for i, entry in enumerate(contents.entries) if i not in out]


def check_metadata(metadata: Mapping[str, Any]) -> None:
    """Raise SearchError for metadata that could not be stored, or not be filtered by."""
    for key, value in metadata.items():
        if not isinstance(key, str) or not key:
            raise SearchError(f"metadata key {key!r}: use a string that is not empty")
        if key in COLUMNS or key == "row":
            raise SearchError(f"metadata key {key!r} is a column of its own: use another name")
        if not isinstance(value, str | int | float | bool | None):
            raise SearchError(
                f"metadata {key}={value!r} is a {type(value).__name__}: use a string, a number, "
                "true, false or None"
            )


def _value(entry: Entry, name: str) -> Any:
    document = entry.document
    known = {
        "document": document.id,
        "name": storable(Path(document.paths[0]).name),
        "path": storable(document.paths[0]),
        "title": document.title,
        "kind": document.kind,
    }
    return known[name] if name in known else entry.metadata.get(name)


def _typed(values: Sequence[Any]) -> Any:
    """An Arrow array; values of several types (year 2020 here and "2021" there) become text."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} or len(kinds) == 1:
        return pa.array([float(v) if float in kinds and v is not None else v for v in values])
    return pa.array([None if value is None else str(value) for value in values], pa.string())
