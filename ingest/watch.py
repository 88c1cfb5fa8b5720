"""When has something changed in a folder? Told by looking again and again.

The kernel would tell changes as they happen (inotify), but says nothing of what another machine
does on a network share, needs one of a limited number of watches for each folder, and a library to
speak to it. Looking works everywhere and costs a stat for each file: 10,000 files take a tenth of
a second.
"""

import os
import time
from collections.abc import Callable, Iterator

_PAUSE = 2.0  # seconds between two looks, at least
_SHARE = 0.03  # of one core that looking may take
_PATIENCE = 30.0  # seconds that a folder may go on changing before it is dealt with all the same


def changes(folder: str, wait: Callable[[float], bool], pass_over: str = "") -> Iterator[None]:
    """Yields when the folder has changed since the last time, and then came to rest.

    The first time at once. A folder at rest looks the same twice, so that files are not taken
    while they are being copied. wait: waits so many seconds, and says True when to end.
    pass_over: a folder inside that does not count.
    """
    dealt: object = None
    now, pause = _glance(folder, pass_over)
    while True:
        if now != dealt:
            dealt = now
            yield
        if wait(pause):
            return
        now, pause = _glance(folder, pass_over)
        if now == dealt:
            continue
        began = time.monotonic()
        while time.monotonic() - began < _PATIENCE:
            if wait(pause):
                return
            before = now
            now, pause = _glance(folder, pass_over)
            if now == before:
                break


def _glance(folder: str, pass_over: str) -> tuple[object, float]:
    """What the folder looks like from outside, and how long to wait before the next look."""
    began = time.monotonic()
    seen = frozenset(_marks(folder, pass_over, set()))
    return seen, max(_PAUSE, (time.monotonic() - began) / _SHARE)


def _marks(folder: str, pass_over: str, walked: set[tuple[int, int]]) -> Iterator[object]:
    """Name, size and times of every file that `find` would look at; links are followed."""
    try:
        status = os.stat(folder)
        if folder == pass_over or (status.st_dev, status.st_ino) in walked:
            return
        walked.add((status.st_dev, status.st_ino))
        entries = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except OSError as error:
        yield folder, error.errno
        return
    for entry in entries:
        try:
            if entry.is_dir():
                yield from _marks(entry.path, pass_over, walked)
                continue
            status = entry.stat()
            yield entry.path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
        except OSError as error:
            yield entry.path, error.errno
