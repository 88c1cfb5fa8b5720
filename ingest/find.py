"""Which of the paths given are documents: by content, without opening them."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from stat import S_ISREG

from .document import DocumentKind, document_id
from .errors import IngestError
from .failure import Failure, Kind
from .sniff import HEAD_BYTES, claimed, looks_like, sniff


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


def find(paths: Iterable[str | Path]) -> Found:
    """All documents among files and, recursively, in folders.

    Content decides, not the name. In a folder, what is neither by name nor by content one of
    ours is passed over silently, as are hidden files and folders; entries are met in the
    order of their names, and a folder reached twice through links is walked once. A file given
    explicitly is always reported. The same bytes twice are one Source with both paths.
    Raises IngestError for a path that does not exist, naming the nearest one that does.
    """
    if isinstance(paths, str | Path):
        paths = [paths]  # a lone path would otherwise be taken for its letters
    kinds: dict[str, DocumentKind] = {}
    places: dict[str, set[str]] = {}
    failures: list[Failure] = []
    seen: set[str] = set()
    for path, explicit in _files(paths, failures):
        if path in seen:
            continue
        seen.add(path)
        looked = _look(path, explicit)
        if isinstance(looked, Failure):
            failures.append(looked)
        elif looked is not None:
            key, kind = looked
            kinds[key] = kind
            places.setdefault(key, set()).add(path)
    documents = [Source(key, tuple(sorted(places[key])), kind) for key, kind in kinds.items()]
    return Found(documents, failures)


def _files(paths: Iterable[str | Path], failures: list[Failure]) -> Iterator[tuple[str, bool]]:
    """Every file to look at, as (absolute path, given explicitly?)."""
    walked: set[tuple[int, int]] = set()
    for given in paths:
        path = os.path.abspath(os.path.expanduser(given))
        if os.path.isdir(path):
            for file in _walk(path, walked, failures):
                yield file, False
        elif os.path.lexists(path):
            yield path, True
        else:
            raise IngestError(_no_such_path(given, path))


def _walk(folder: str, walked: set[tuple[int, int]], failures: list[Failure]) -> Iterator[str]:
    try:
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in walked:
            return  # a link that leads back, or a second way to the same folder
        walked.add((status.st_dev, status.st_ino))
        names = sorted(os.listdir(folder))
    except OSError as error:
        failures.append(_unreadable(folder, error))
        return
    for name in names:
        if name.startswith("."):
            continue
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            yield from _walk(path, walked, failures)
        else:
            yield path


def _look(path: str, explicit: bool) -> tuple[str, DocumentKind] | Failure | None:
    """Id and kind of a document; a failure; or None for a file that is none of our business."""
    claim = claimed(path)
    ours = explicit or claim is not None
    try:
        status = os.stat(path)  # before opening: opening a named pipe would wait for ever
        if not S_ISREG(status.st_mode):
            reason = "is no regular file (a pipe, socket or device): give a file"
            return Failure(path, Kind.UNREADABLE, reason) if ours else None
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
        if not head:
            reason = "has 0 bytes: fetch or save it again"
            # An empty __init__.py or .gitkeep.txt is as it should be.
            said = explicit or claim not in (None, "text", "code")
            return Failure(path, Kind.EMPTY, reason) if said else None
        kind = sniff(head, claim)
        if kind is None:
            return _unknown(path, head) if ours else None
        return document_id(path), kind
    except OSError as error:
        return _unreadable(path, error) if ours else None


def _unknown(path: str, head: bytes) -> Failure:
    content = looks_like(head)
    reason = (
        f"holds {content}, none of PDF, picture, Office document or text named as such: convert it"
    )
    return Failure(path, Kind.UNSUPPORTED, reason)


def _unreadable(path: str, error: OSError) -> Failure:
    why = error.strerror or str(error)
    return Failure(path, Kind.UNREADABLE, f"{why}: check that it exists and may be read")


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
