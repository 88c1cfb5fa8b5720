"""File names as strangers send them, as names that a disk may have."""

import re
import unicodedata

LONGEST = 120  # bytes of UTF-8; file systems take 255
NAMELESS = "document"
# Letters, marks and digits of any script, and a few signs that mean nothing to any system.
_OTHER = re.compile(r"[^\w .,()+=@~#&'\-]+", re.UNICODE)


def safe_name(given: str) -> str:
    """The last part of a path, without anything that could lead elsewhere or mean something.

    >>> safe_name("../../etc/passwd")
    'passwd'
    >>> safe_name("C:\\\\reports\\\\2025 <b>.pdf")
    '2025 _b_.pdf'
    >>> safe_name("..")
    'document'
    """
    text = given.encode("utf-8", "replace").decode("utf-8")
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", text))[-1]
    plain = " ".join(_OTHER.sub("_", last).split()).lstrip(". ").rstrip(" ")
    if not plain.strip("_."):
        return NAMELESS
    stem, dot, suffix = plain.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, suffix = plain, ""
    end = f".{suffix}" if suffix else ""
    room = LONGEST - len(end.encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip() + end
