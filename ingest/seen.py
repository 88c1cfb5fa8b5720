"""What was seen of files before, so that those that did not change are not read again."""

import os
import time

from .document import DocumentKind
from .failure import Failure
from .look import look

# Seconds: a file that was changed just now may change again within one tick of its file system's
# clock (2 s on FAT), and look the same.
_TOO_NEW = 3.0


class Seen:
    """Remembers id and kind of each file, for as long as it looks the same from outside: device,
    number, size, and the times of the last change of content and of anything."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, ...], tuple[str, DocumentKind] | None]] = {}

    def look(self, path: str, max_bytes: int) -> tuple[str, DocumentKind] | Failure | None:
        """What `look` says of a file in a folder, or said when it looked the same. Failures are
        not remembered."""
        try:
            status = os.stat(path)
        except OSError:
            return look(path, False, max_bytes)
        mark = (
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
        known = self._known.get(path)
        if known is not None and known[0] == mark:
            return known[1]
        looked = look(path, False, max_bytes)
        self._known.pop(path, None)
        aged = time.time() - max(status.st_mtime, status.st_ctime) > _TOO_NEW
        if aged and not isinstance(looked, Failure):
            self._known[path] = mark, looked
        return looked
