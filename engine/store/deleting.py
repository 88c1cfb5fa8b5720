"""Which documents go, and which only lose a path."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from quire.ingest.document import Document
from quire.ingest.fetch import is_address

from ..errors import EngineError
from .contents import Entry, read_entries
from .failing import Failures
from .tables import Tables
from .writing import Writer


def delete_named(tables: Tables, writer: Writer, named: Iterable[str | Path]) -> list[Document]:
    """Take documents out, by id or path, with what failed of them; those that are gone.

    Raises EngineError as `paths_left`, and then takes nothing out.
    """
    entries = {entry.document.id: entry for entry in read_entries(tables)}
    changed = paths_left(entries, named)
    failures = Failures(tables)
    gone = []
    for key, paths in changed.items():
        if paths:
            writer.update(entries[key].at(paths))
        else:
            writer.delete(key)
            failures.forget(key)
            gone.append(entries[key].document)
    failures.flush()
    return gone


def paths_left(
    entries: Mapping[str, Entry], named: Iterable[str | Path]
) -> dict[str, tuple[str, ...]]:
    """Document id -> the paths it keeps, for every document that is named by id or path.

    An id takes all paths, a path only itself; a document without paths is to go. Raises
    EngineError for a name that is neither.
    """
    left: dict[str, tuple[str, ...]] = {}
    for name in named:
        if isinstance(name, str) and name in entries:
            left[name] = ()
            continue
        path = str(name) if is_address(name) else str(Path(name).expanduser().absolute())
        holders = [e.document for e in entries.values() if path in e.document.paths]
        if not holders:
            raise EngineError(
                f"no document {str(name)!r} in the library: give an id or path that "
                "`documents()` lists; nothing was deleted"
            )
        for document in holders:
            kept = left.get(document.id, document.paths)
            left[document.id] = tuple(p for p in kept if p != path)
    return left
