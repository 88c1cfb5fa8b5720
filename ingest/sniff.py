"""What a file is, told from its first bytes. Its name only says what it claims to be."""

import re
from pathlib import PurePath

from .document import DocumentKind

HEAD_BYTES = 1024  # readers of PDF accept the header anywhere in the first kilobyte

_NAMES: dict[DocumentKind, str] = {
    "pdf": "pdf",
    "image": "png jpg jpeg tif tiff webp gif bmp heic heif avif",
    "office": "docx pptx xlsx odt odp ods doc ppt xls rtf",
    "html": "html htm xhtml",
    "markdown": "md markdown",
    "svg": "svg",
    "text": "txt text rst adoc org log csv tsv",
    "code": "py pyi js mjs cjs ts tsx jsx java kt kts c h cc cpp cxx hpp hh cs go rs rb php swift "
    "scala sh bash zsh ps1 sql r jl lua pl pm hs ml mli clj ex exs erl vue dart proto cu cuh",
}
_SUFFIXES = {f".{name}": kind for kind, names in _NAMES.items() for name in names.split()}
_PICTURE_STARTS = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",  # JPEG
    b"II*\0",  # TIFF, little endian
    b"MM\0*",  # TIFF, big endian
    b"II+\0",  # BigTIFF
    b"MM\0+",
    b"GIF87a",
    b"GIF89a",
)
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif")
_OFFICE_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf")
_OFFICE_PARTS = (b"[Content_Types].xml", b"mimetypeapplication/vnd.oasis.opendocument")
_PDF_TRACE = re.compile(rb"\d+ \d+ obj\b|%%EOF|startxref")
_MARKS = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16 and UTF-32


def claimed(name: str) -> DocumentKind | None:
    """The kind that the file's name promises; None for a name that is none of ours."""
    return _SUFFIXES.get(PurePath(name).suffix.lower())


def sniff(head: bytes, claim: DocumentKind | None) -> DocumentKind | None:
    """The kind that the first HEAD_BYTES show; None when they are none of ours.

    `claim` decides how far doubt goes: a file named .pdf may hide its header behind other
    bytes, or have lost it, and the reader's repair gets a chance; a file of another name
    must start with the header, or every text that mentions "%PDF-" would be taken for one.
    What is text is what its name says, since texts do not tell.
    """
    if head.startswith(_PICTURE_STARTS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "image"
    if (head[:2] == b"BM" and claim == "image") or is_heif(head):
        return "image"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"%PDF-"):
        return "pdf"
    if claim == "pdf":
        return "pdf" if b"%PDF-" in head or _PDF_TRACE.search(head) else None
    if head.startswith(_OFFICE_STARTS):
        ours = claim == "office" or any(part in head for part in _OFFICE_PARTS)
        return "office" if ours else None
    if claim in ("html", "markdown", "svg", "text", "code") and _is_text(head):
        return claim
    return None


def is_heif(head: bytes) -> bool:
    """Whether it is a picture that Pillow reads with pillow-heif (or, AVIF, by itself)."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS


def looks_like(head: bytes) -> str:
    """What unknown content seems to be, in a few words for an error message."""
    start = head.lstrip()[:15].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if head.startswith(b"PK\x03\x04"):
        return "a ZIP archive"
    if not head.strip(b"\0"):
        return "nothing but zero bytes"
    return "plain text" if _is_text(head) else "unknown bytes"


def _is_text(head: bytes) -> bool:
    """No control characters but those of text; letters of several bytes begin with a mark."""
    return head.startswith(_MARKS) or not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head)
