"""Making a library match a folder: what moved, what is gone, what is new."""

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from stat import S_ISREG

from quire.ingest.document import document_id
from quire.ingest.find import Found

from ..errors import NoFolder
from .adding import Adder, Metadata
from .contents import Entry


def synced_folder(given: str | Path) -> str:
    """The folder's path, absolute. Raises NoFolder for what is no folder: were it taken for an
    empty one, all of its documents would go."""
    folder = os.path.abspath(os.path.expanduser(given))
    if not os.path.isdir(folder):
        raise NoFolder(
            f"no folder {str(given)!r} to match: check the path, and whether its disk is there; "
            "nothing was removed (`delete` takes out what lay below it)"
        )
    return folder


def sync(adder: Adder, folder: str, found: Found, metadata: Metadata) -> None:
    """Move, remove and add until the library holds what was `found` in `folder`, and of what lies
    elsewhere all that it held.

    First what has moved is noted and what is gone goes, in a commit each; then files are added.
    A path that holds other bytes keeps its old document until the new one is in the library, and
    loses it when that cannot be read.
    """
    held = {path: source.id for source in found.documents for path in source.paths}
    before = dict(adder.entries)
    coming = set(held.values()) - before.keys()
    changes = paths_to_be(before, folder, held, coming, holds)
    adder.report.removed += adder.place(changes)
    for key, paths in changes.items():
        if paths and not set(before[key].document.paths) <= set(paths):
            adder.report.moved.append(adder.entries[key].document)
    adder.add(found, metadata, "report")
    late = paths_to_be(adder.entries, folder, held, adder.left, holds)
    adder.report.removed += adder.place(late)
    adder.forget_failures(lambda path: is_below(path, folder) and not os.path.lexists(path))


def paths_to_be(
    entries: Mapping[str, Entry],
    folder: str,
    held: Mapping[str, str],
    coming: Collection[str],
    holds: Callable[[str, str], bool],
) -> dict[str, tuple[str, ...]]:
    """Document id -> its paths from now on, for those that change; () for one that is to go.

    held: path -> id of what was found in `folder`. coming: ids of documents that are not there
    yet: who lies at one of their paths may stay until then. holds: whether a path that was not
    found holds the document all the same, as a hidden file does that was named when it was added.
    """
    places: dict[str, list[str]] = {}
    for path, key in held.items():
        places.setdefault(key, []).append(path)
    changes = {}
    for key, entry in entries.items():
        own = entry.document.paths
        stay = {
            path
            for path in own
            if not is_below(path, folder)
            or held.get(path) == key
            or (path not in held and holds(path, key))
        }
        stay.update(places.get(key, ()))
        if not stay and any(held.get(path) in coming for path in own):
            continue
        if stay != set(own):
            changes[key] = tuple(sorted(stay))
    return changes


def holds(path: str, document: str) -> bool:
    """Whether the bytes at `path` are those of the document; yes where nobody can tell."""
    try:
        return S_ISREG(os.stat(path).st_mode) and document_id(path) == document
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
