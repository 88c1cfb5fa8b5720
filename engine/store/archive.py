"""A library in one file: a ZIP whose last member names the hash of every other one.

export.json                        what library it is from
documents/<id>/document.json       paths, title, metadata
documents/<id>/pages.arrow         rows of the table `pages`
documents/<id>/vectors.arrow       rows of the table `vectors`
documents/<id>/images/<n>.webp     the pages as they were read
documents/<id>/source              the file itself, if it was asked for
hashes.json                        SHA-256 of each of these

Nothing is compressed twice, so members are only stored: a member cannot unpack to more than it is.
Members are read by their names and never unpacked to a path that the file names.
"""

import hashlib
import io
import json
import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from ..errors import BadExport

FORMAT = 1
ABOUT, HASHES = "export.json", "hashes.json"
_MEMBER = re.compile(
    r"documents/[0-9a-f]{32}/"
    r"(document\.json|pages\.arrow|vectors\.arrow|source|images/[1-9][0-9]{0,8}\.(webp|png))"
)
_MOST_JSON = 64 * 2**20  # bytes of a member that is read whole
_MOST_IMAGE = 256 * 2**20
PIECE = 1 << 20  # bytes of a file that are in memory at a time
# What zipfile raises for a file whose own tables are damaged.
_BROKEN = (
    zipfile.BadZipFile,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
    struct.error,
)


def folder_of(document: str) -> str:
    return f"documents/{document}/"


class Packing:
    """Writes an export; `close` at the end makes it whole."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)
        self._hashes: dict[str, str] = {}

    def put(self, name: str, content: bytes) -> None:
        with self.member(name) as member:
            member.write(content)

    def put_json(self, name: str, value: Any) -> None:
        self.put(name, json.dumps(value, ensure_ascii=False, sort_keys=True).encode())

    @contextmanager
    def member(self, name: str) -> Iterator["_Hashing"]:
        """A member to be written piece by piece."""
        with self._zip.open(zipfile.ZipInfo(name), "w", force_zip64=True) as inner:
            hashing = _Hashing(inner)
            yield hashing
            self._hashes[name] = hashing.digest()

    def close(self) -> None:
        self.put_json(HASHES, self._hashes)
        self._zip.close()

    def give_up(self) -> None:
        self._zip.close()


class _Hashing(io.RawIOBase):
    """Passes on what is written, and hashes it."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner, self._hash = inner, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._hash.update(content)
        return self._inner.write(content)

    def digest(self) -> str:
        return self._hash.hexdigest()


class Packed:
    """Reads an export, whose every part was checked when it was opened."""

    def __init__(self, path: Path) -> None:
        """Raises BadExport for a file that is none, is cut off, changed, or holds other members
        than an export does; OSError when it cannot be read."""
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except _BROKEN as error:
            raise self._bad(f"it is none, or cut off ({error})") from error
        try:
            self._check()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> "Packed":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._zip.close()

    @property
    def documents(self) -> list[str]:
        """Ids, in the order in which they were written."""
        ids = (name.split("/")[1] for name in self._hashes if name.endswith("/document.json"))
        return list(dict.fromkeys(ids))

    def has(self, name: str) -> bool:
        return name in self._hashes

    def images(self, document: str) -> dict[int, str]:
        """Page number -> name of the member."""
        start = f"{folder_of(document)}images/"
        names = [name for name in self._hashes if name.startswith(start)]
        return {int(name[len(start) :].split(".")[0]): name for name in names}

    def read(self, name: str, most: int = _MOST_IMAGE) -> bytes:
        """A member as a whole. Raises BadExport when it is not there, or larger than `most`."""
        if name not in self._hashes:
            raise self._bad(f"{name} is missing")
        if self._zip.getinfo(name).file_size > most:
            raise self._bad(f"{name} has more than {most:,} bytes")
        try:
            return self._zip.read(name)
        except _BROKEN as error:
            raise self._bad(f"{name} is damaged ({error})") from error

    def read_json(self, name: str) -> Any:
        try:
            return json.loads(self.read(name, _MOST_JSON))
        except (ValueError, RecursionError) as error:
            raise self._bad(f"{name} is no JSON") from error

    @contextmanager
    def member(self, name: str) -> Iterator[IO[bytes]]:
        """A member to be read piece by piece."""
        if name not in self._hashes:
            raise self._bad(f"{name} is missing")
        with self._zip.open(name) as member:
            yield member

    def _check(self) -> None:
        members = self._zip.infolist()
        names = [member.filename for member in members]
        if len(set(names)) != len(names):
            raise self._bad("a name stands in it twice")
        for member in members:
            known = member.filename in (ABOUT, HASHES) or _MEMBER.fullmatch(member.filename)
            if not known or member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
                raise self._bad(f"{member.filename!r} is no part of one")
        self._hashes: dict[str, str] = {HASHES: ""}
        told = self.read_json(HASHES)
        if not isinstance(told, dict) or set(told) != set(names) - {HASHES}:
            raise self._bad(f"{HASHES} does not name what is in it")
        self._hashes = told
        for name, expected in told.items():
            if self._hash(name) != expected:
                raise self._bad(f"{name} has changed since it was written")

    def _hash(self, name: str) -> str:
        digest = hashlib.sha256()
        try:
            with self._zip.open(name) as member:
                while piece := member.read(PIECE):
                    digest.update(piece)
        except _BROKEN as error:
            raise self._bad(f"{name} is damaged ({error})") from error
        return digest.hexdigest()

    def _bad(self, why: str) -> BadExport:
        return BadExport(
            f"{self._path} cannot be imported: {why}; export the library again, or copy the file "
            "again; nothing of it was taken in"
        )
