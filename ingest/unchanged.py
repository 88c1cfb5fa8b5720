"""Are the bytes that are read still the bytes that a document's id was made from?"""

import os
from dataclasses import dataclass

from .document import document_id
from .failure import Failure, Kind, ReadFailed
from .find import Source
from .limits import Limits
from .look import too_large, unreadable

_CHANGED = "was changed after it was found: look for it again"
_Stamp = tuple[int, ...]


@dataclass(frozen=True)
class Original:
    """A file that held the bytes of its document when it was looked at."""

    path: str
    id: str
    stamp: _Stamp
    max_bytes: int

    def check(self) -> None:
        """Raises ReadFailed when the bytes are others by now. They are read again only when the
        file's times, size or place on the disk differ."""
        try:
            if _stamp(self.path) == self.stamp:
                return
            if document_id(self.path, self.max_bytes) == self.id:
                return
        except OSError:
            pass
        raise ReadFailed(Failure(self.path, Kind.UNREADABLE, _CHANGED))


def original(source: Source, limits: Limits) -> Original:
    """A path of the source that still holds the bytes which `find` saw. Raises ReadFailed."""
    failure = Failure(source.paths[0], Kind.UNREADABLE, "has no path: look for it again")
    for path in (source.file,) if source.file else source.paths:
        try:
            size = os.path.getsize(path)
            if size > limits.max_bytes:
                raise ReadFailed(too_large(path, size, limits.max_bytes))
            stamp = _stamp(path)
            if document_id(path, limits.max_bytes) == source.id:
                return Original(path, source.id, stamp, limits.max_bytes)
            failure = Failure(source.paths[0], Kind.UNREADABLE, _CHANGED)
        except OSError as error:
            failure = unreadable(source.paths[0], error)
    raise ReadFailed(failure)


def _stamp(path: str) -> _Stamp:
    told = os.stat(path)
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns
