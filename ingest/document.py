"""A document: a file with an id made from its bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

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


def document_id(content: bytes | str | Path) -> str:
    """The first 32 hex digits of the SHA-256 of the bytes, or of the file at a path.

    128 bits: among a billion documents two differ in id with probability above 1 - 1e-20.
    Raises OSError when the file cannot be read.
    """
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()[:32]
    with open(content, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]
