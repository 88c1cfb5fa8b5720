"""Bytes as text."""

import codecs
import re

from .failure import Failure, Kind, ReadFailed

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# How web pages tell theirs, and where.
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9._-]{1,40})""")
_DECLARED_WITHIN = 2048
_USUAL = "cp1252"  # of what is neither marked, nor UTF-8, nor declared: every byte says something


def read_text(path: str, max_bytes: int) -> str:
    """The file as text, line ends as "\\n". Raises ReadFailed for more than max_bytes."""
    with open(path, "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        reason = f"has more than {max_bytes:,} bytes: allow more with --limit max_text_bytes=..."
        raise ReadFailed(Failure(path, Kind.TOO_BIG, reason))
    return decoded(content).replace("\r\n", "\n").replace("\r", "\n")


def decoded(content: bytes) -> str:
    """By byte order mark, else UTF-8, else as the content declares, else Windows-1252."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode(_declared(content[:_DECLARED_WITHIN]), "replace")


def _declared(head: bytes) -> str:
    found = _DECLARED.search(head)
    if found:
        try:
            name = codecs.lookup(found[1].decode()).name
            "".encode(name)  # LookupError for codecs that are none of text
        except LookupError:
            return _USUAL
        if name != "utf-8":
            return name
    return _USUAL
