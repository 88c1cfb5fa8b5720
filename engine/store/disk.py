"""What a disk says when it takes no more, in words that say what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import EngineError
from .layout import Layout

_FULL = {errno.ENOSPC: "No space left on device", errno.EDQUOT: "Disk quota exceeded"}
_CLOSED = {errno.EROFS: "Read-only file system", errno.EACCES: "Permission denied"}


@contextmanager
def disk_errors(layout: Layout) -> Iterator[None]:
    """Inside the block a disk that is full, or may only be read, becomes an EngineError.

    LanceDB tells it in the text of a RuntimeError; everybody else by the number of an OSError.
    What was stored before stays as it is, see writing.py.
    """
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        if _is(error, _FULL):
            raise EngineError(
                f"the disk that holds {layout.root} is full: make room, then do the same again; "
                "what was finished is kept, and nothing is half there"
            ) from error
        if _is(error, _CLOSED) and str(layout.root) in str(error):
            raise EngineError(
                f"{layout.root} may only be read: searching works; to change it, check its "
                "permissions and how its disk is mounted"
            ) from error
        raise


def _is(error: BaseException, kinds: dict[int, str]) -> bool:
    if isinstance(error, OSError) and error.errno in kinds:
        return True
    return any(text in str(error) for text in kinds.values())
