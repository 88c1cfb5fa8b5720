"""What a file is, told from its first bytes. Its name only says what it claims to be."""

import re
from pathlib import PurePath

from .document import DocumentKind

HEAD_BYTES = 1024  # readers of PDF accept the header anywhere in the first kilobyte

_SUFFIXES: dict[str, DocumentKind] = {
    ".pdf": "pdf",
    ".png": "image",
    ".jpg": "image",
    ".jpeg": "image",
    ".tif": "image",
    ".tiff": "image",
    ".webp": "image",
}
_PICTURE_STARTS = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",  # JPEG
    b"II*\0",  # TIFF, little endian
    b"MM\0*",  # TIFF, big endian
    b"II+\0",  # BigTIFF
    b"MM\0+",
)
_PDF_TRACE = re.compile(rb"\d+ \d+ obj\b|%%EOF|startxref")


def claimed(name: str) -> DocumentKind | None:
    """The kind that the file's name promises; None for a name that is none of ours."""
    return _SUFFIXES.get(PurePath(name).suffix.lower())


def sniff(head: bytes, claim: DocumentKind | None) -> DocumentKind | None:
    """The kind that the first HEAD_BYTES show; None when they are none of ours.

    `claim` decides how far doubt goes: a file named .pdf may hide its header behind other
    bytes, or have lost it, and the reader's repair gets a chance; a file of another name
    must start with the header, or every text that mentions "%PDF-" would be taken for one.
    """
    if head.startswith(_PICTURE_STARTS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "image"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"%PDF-"):
        return "pdf"
    if claim == "pdf" and (b"%PDF-" in head or _PDF_TRACE.search(head)):
        return "pdf"
    return None


def looks_like(head: bytes) -> str:
    """What unknown content seems to be, in a few words for an error message."""
    start = head.lstrip()[:15].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if head.startswith(b"PK\x03\x04"):
        return "a ZIP archive or office document"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "a GIF picture"
    if not head.strip(b"\0"):
        return "nothing but zero bytes"
    try:
        head[:-4].decode()  # the cut may have split the last character
    except UnicodeDecodeError:
        return "unknown bytes"
    return "plain text"
