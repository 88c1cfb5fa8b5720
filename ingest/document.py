"""A document: a file with an id made from its bytes."""

import errno
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO, Literal

_PIECE = 1 << 20

DocumentKind = Literal["pdf", "image", "office", "html", "markdown", "svg", "text", "code"]


@dataclass(frozen=True)
class Document:
    """A file that was opened.

    id: see `document_id`; equal bytes have equal ids.
    paths: absolute and sorted; several when the same bytes lie in several places.
    pages: how many, at least 1. title: the file's own, else its name without suffix.
    size: bytes. engine: library and version that opened it. info: what the file says about itself:
    author, subject, keywords, created, modified (ISO 8601), outline ([level, title, page]).
    """

    id: str
    paths: tuple[str, ...]
    kind: DocumentKind
    pages: int
    title: str
    size: int
    engine: str = ""
    info: Mapping[str, Any] = field(default_factory=dict, compare=False)


def document_id(content: bytes | str | Path, most: int | None = None) -> str:
    """The first 32 hex digits of the SHA-256 of the bytes, or of the file at a path.

    128 bits: among a billion documents two differ in id with probability above 1 - 1e-20.
    Raises OSError when the file cannot be read, or has more than `most` bytes.
    """
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()[:32]
    with open_regular(content) as file:
        return id_of_rest(file, hashlib.sha256(), most)


def open_regular(path: str | Path) -> BinaryIO:
    """A regular file, for reading; OSError for any other, which is never waited for."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "is no regular file (a pipe, socket or device)")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def id_of_rest(file: BinaryIO, begun: "hashlib._Hash", most: int | None) -> str:
    """`document_id` of what `begun` has seen and the rest of the file.

    Piece by piece, since files grow: one that is written to faster than it is read has no end.
    """
    read = 0
    while piece := file.read(_PIECE):
        read += len(piece)
        if most is not None and read > most:
            raise OSError(errno.EFBIG, f"has more than {most:,} bytes and grows")
        begun.update(piece)
    return begun.hexdigest()[:32]
