"""Which of the paths given are documents: by content, without opening them."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from .document import DocumentKind
from .errors import IngestError
from .failure import Failure
from .limits import Limits
from .look import look, unreadable
from .seen import Seen

_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Source:
    """A file that looks like a document and was not opened yet.

    id: see `document_id`. paths: absolute and sorted, all with these very bytes; or an address, and
    then `file` is where its bytes lie for now.
    """

    id: str
    paths: tuple[str, ...]
    kind: DocumentKind
    file: str = ""


@dataclass(frozen=True)
class Found:
    """What `find` came upon. documents: in the order in which they were met."""

    documents: list[Source]
    failures: list[Failure]


def find(
    paths: Iterable[str | Path], limits: Limits = _DEFAULT_LIMITS, seen: Seen | None = None
) -> Found:
    """All documents among files and, recursively, in folders.

    Content decides, not the name. In a folder, what is neither by name nor by content one of
    ours is passed over silently, as are hidden files and folders; entries are met in the
    order of their names, and a folder reached twice through links is walked once. A file given
    explicitly is always reported, and one of more than `limits.max_bytes` is not even read.
    The same bytes twice are one Source with both paths.
    seen: of earlier calls; files in folders that look as they did then are not read again.
    Raises IngestError for a path that does not exist, naming the nearest one that does.
    """
    if isinstance(paths, str | Path):
        paths = [paths]  # a lone path would otherwise be taken for its letters
    kinds: dict[str, DocumentKind] = {}
    places: dict[str, set[str]] = {}
    failures: list[Failure] = []
    met: set[str] = set()
    for path, explicit in _files(paths, failures):
        if path in met:
            continue
        met.add(path)
        if seen is None or explicit:
            looked = look(path, explicit, limits.max_bytes)
        else:
            looked = seen.look(path, limits.max_bytes)
        if isinstance(looked, Failure):
            failures.append(looked)
        elif looked is not None:
            key, kind = looked
            kinds[key] = kind
            places.setdefault(key, set()).add(path)
    documents = [Source(key, tuple(sorted(places[key])), kind) for key, kind in kinds.items()]
    return Found(documents, failures)


def finds_any(paths: Iterable[str | Path]) -> bool:
    """Whether `find` would come upon anything, document or failure; it looks no further than that.

    Raises IngestError as `find` does.
    """
    given = list(paths)
    for path in given:
        _absolute(path)
    failures: list[Failure] = []
    files = _files(given, failures)
    most = _DEFAULT_LIMITS.max_bytes
    return any(look(path, explicit, most) for path, explicit in files) or bool(failures)


def _files(paths: Iterable[str | Path], failures: list[Failure]) -> Iterator[tuple[str, bool]]:
    """Every file to look at, as (absolute path, given explicitly?)."""
    walked: set[tuple[int, int]] = set()
    for given in paths:
        path = _absolute(given)
        if os.path.isdir(path):
            for file in _walk(path, walked, failures):
                yield file, False
        else:
            yield path, True


def _absolute(given: str | Path) -> str:
    """Raises IngestError where nothing is."""
    path = os.path.abspath(os.path.expanduser(given))
    if not os.path.lexists(path):
        raise IngestError(_no_such_path(given, path))
    return path


def _walk(root: str, walked: set[tuple[int, int]], failures: list[Failure]) -> Iterator[str]:
    """Files in the order of their names. Without recursion: folders may lie thousands deep."""
    left = [(root, True)]  # what comes next is last; is it a folder?
    while left:
        path, is_folder = left.pop()
        if not is_folder:
            yield path
            continue
        try:
            status = os.stat(path)
            if (status.st_dev, status.st_ino) in walked:
                continue  # a link that leads back, or a second way to the same folder
            walked.add((status.st_dev, status.st_ino))
            with os.scandir(path) as entries:
                inside = [(e.name, _is_folder(e)) for e in entries if not e.name.startswith(".")]
        except OSError as error:
            failures.append(unreadable(path, error))
            continue
        inside.sort(reverse=True)
        left += [(os.path.join(path, name), is_folder) for name, is_folder in inside]


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _no_such_path(given: str | Path, path: str) -> str:
    """A sentence about a wrong path that names the nearest right one."""
    parent, name = os.path.split(path)
    while not os.path.isdir(parent):
        parent, name = os.path.split(parent)
    try:
        near = get_close_matches(name, os.listdir(parent), n=1)
    except OSError:
        near = []
    mend = (
        f"did you mean {os.path.join(parent, near[0])!r}?"
        if near
        else f"{parent!r} holds nothing of a similar name"
    )
    return f"no file or folder {str(given)!r}; {mend}"
