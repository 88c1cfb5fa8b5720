"""Which documents go, and which only lose a path."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from quire.ingest.document import Document
from quire.ingest.fetch import is_address

from ..errors import EngineError
from .contents import Entry, read_entries
from .failing import Failures
from .syncing import is_below
from .tables import Tables
from .writing import Writer


def delete_named(tables: Tables, writer: Writer, named: Iterable[str | Path]) -> list[Document]:
    """Take documents out, by id or path, with what failed of them; those that are gone.

    Raises EngineError as `paths_left`, and then takes nothing out.
    """
    entries = {entry.document.id: entry for entry in read_entries(tables)}
    changed = paths_left(entries, named)
    failures = Failures(tables)
    writer.update(*(entries[key].at(paths) for key, paths in changed.items() if paths))
    gone = [entries[key].document for key, paths in changed.items() if not paths]
    writer.delete(*(document.id for document in gone))
    for document in gone:
        failures.forget(document.id)
        # What came over the network lies here and nowhere else.
        shutil.rmtree(tables.layout.uploads / document.id, ignore_errors=True)
    failures.flush()
    return gone


def paths_left(
    entries: Mapping[str, Entry], named: Iterable[str | Path]
) -> dict[str, tuple[str, ...]]:
    """Document id -> the paths it keeps, for every document that is named by id or path.

    An id takes all paths, a path itself, a folder all that lie below; a document without paths is
    to go. Raises EngineError for a name that is none of these.
    """
    left: dict[str, tuple[str, ...]] = {}
    for name in named:
        if isinstance(name, str) and name in entries:
            left[name] = ()
            continue
        path = str(name) if is_address(name) else str(Path(name).expanduser().absolute())
        found = False
        for entry in entries.values():
            document = entry.document
            stay = tuple(own for own in document.paths if not is_below(own, path))
            if stay != document.paths:
                found, kept = True, left.get(document.id, document.paths)
                left[document.id] = tuple(own for own in kept if own in stay)
        if not found:
            raise EngineError(
                f"no document {str(name)!r} in the library: give an id or path that "
                "`documents()` lists, or a folder of such; nothing was deleted"
            )
    return left
