"""A first look at one file: is it a document, of which kind, and what is its id?"""

import hashlib
import os
from stat import S_ISREG

from .document import DocumentKind, id_of_rest, open_regular
from .failure import Failure, Kind
from .sniff import HEAD_BYTES, claimed, looks_like, sniff


def look(path: str, explicit: bool, max_bytes: int) -> tuple[str, DocumentKind] | Failure | None:
    """Id and kind of a document; a failure; or None for a file that is none of our business.

    explicit: the file was named by somebody, so whatever is wrong with it is told.
    """
    claim = claimed(path)
    ours = explicit or claim is not None
    try:
        # Before opening: to open a device can do something to it.
        if not S_ISREG(os.stat(path).st_mode):
            reason = "is no regular file (a pipe, socket or device): give a file"
            return Failure(path, Kind.UNREADABLE, reason) if ours else None
        with open_regular(path) as file:
            head = file.read(HEAD_BYTES)
            if not head:
                reason = "has 0 bytes: fetch or save it again"
                # An empty __init__.py or .gitkeep.txt is as it should be.
                said = explicit or claim not in (None, "text", "code")
                return Failure(path, Kind.EMPTY, reason) if said else None
            kind = sniff(head, claim)
            if kind is None:
                return _unknown(path, head) if ours else None
            size = os.fstat(file.fileno()).st_size
            if size > max_bytes:
                return too_large(path, size, max_bytes)
            return id_of_rest(file, hashlib.sha256(head), max_bytes), kind
    except OSError as error:
        return unreadable(path, error) if ours else None


def too_large(path: str, size: int, max_bytes: int) -> Failure:
    reason = (
        f"has {size:,} bytes and the limit is {max_bytes:,}: split it, or allow more with "
        "--limit max_bytes=..."
    )
    return Failure(path, Kind.TOO_BIG, reason)


def unreadable(path: str, error: OSError) -> Failure:
    why = error.strerror or str(error)
    return Failure(path, Kind.UNREADABLE, f"{why}: check that it exists and may be read")


def _unknown(path: str, head: bytes) -> Failure:
    content = looks_like(head)
    reason = (
        f"holds {content}, none of PDF, picture, Office document or text named as such: convert it"
    )
    return Failure(path, Kind.UNSUPPORTED, reason)
