"""The codes of a library: files in one folder, in step with the rows by document and time."""

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Int

from ..score.int8 import Int8Codes
from .codefile import BrokenCodes, CodeFile, open_code_file
from .contents import Contents
from .kinds import KINDS, Codes
from .layout import Layout

log = logging.getLogger(__name__)

Seen = tuple[str, int, int]  # a file's name, time of change and size


@dataclass(frozen=True)
class Part:
    """The codes of one file. where: place of each of its pages in the contents, -1 if gone."""

    codes: Codes
    where: Int[np.ndarray, " n"]
    file: CodeFile


@dataclass(frozen=True)
class Coded:
    """All codes of one kind, and the pages that have none (places in the contents)."""

    parts: list[Part]
    missing: Int[np.ndarray, " m"]

    @property
    def nbytes(self) -> int:
        return sum(part.codes.nbytes for part in self.parts)


@dataclass
class CodeShelf:
    """Files of codes, mapped once and kept until the folder changes; where their pages stand is
    kept as long as the contents stay the same."""

    layout: Layout
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _files: dict[Seen, tuple[CodeFile, Codes]] = field(default_factory=dict)
    _broken: dict[Seen, str] = field(default_factory=dict)
    _contents: Contents = field(default_factory=Contents.empty)
    _parts: dict[Seen, Part] = field(default_factory=dict)  # of `_contents`

    def of(self, kind: str, contents: Contents) -> Coded:
        """The codes of the pages of `contents`. Damaged files, and those of another version, are
        told in the log and passed over."""
        with self._lock:
            self._look()
            if contents is not self._contents:
                self._contents, self._parts = contents, {}
            parts = [self._part(seen) for seen in sorted(self._files)]
            parts = [part for part in parts if part.file.kind == kind]
        coded = np.zeros(len(contents), dtype=bool)
        for part in parts:
            coded[part.where[part.where >= 0]] = True
        return Coded(parts, np.flatnonzero(~coded))

    def _part(self, seen: Seen) -> Part:
        if seen not in self._parts:
            file, codes = self._files[seen]
            self._parts[seen] = Part(codes, _where(file, self._contents), file)
        return self._parts[seen]

    def broken(self) -> list[str]:
        """What is wrong with the files that cannot be used."""
        with self._lock:
            self._look()
            return [self._broken[seen] for seen in sorted(self._broken)]

    def _look(self) -> None:
        """Open what is new, let go of what is gone."""
        folder, there = self.layout.codes, set()
        for path in folder.glob("*.codes") if folder.is_dir() else ():
            with suppress(FileNotFoundError):  # a writer may replace a file meanwhile
                told = path.stat()
                there.add((path.name, told.st_mtime_ns, told.st_size))
        for seen in (self._files.keys() | self._broken.keys()) - there:
            self._files.pop(seen, None)
            self._parts.pop(seen, None)
            self._broken.pop(seen, None)
        for seen in there - self._files.keys() - self._broken.keys():
            try:
                with suppress(FileNotFoundError):
                    self._files[seen] = _open(folder / seen[0])
            except BrokenCodes as error:
                self._broken[seen] = str(error)
                log.warning("%s: its pages are scored exactly until the codes are mended", error)


def _open(path: Path) -> tuple[CodeFile, Codes]:
    file = open_code_file(path)
    kind = KINDS.get(file.kind)
    if kind is None or kind.version != file.version:
        raise BrokenCodes(
            f"{path} holds codes {file.kind!r} of version {file.version}, and this quire makes "
            f"{kind.version if kind else 'none of them'}"
        )
    try:
        codes = kind.load(file.arrays)
        rows = codes.codes if isinstance(codes, Int8Codes) else codes.octets
        pages = sum(count for _, _, count in file.documents)
        if not (len(codes) == len(file.arrays["numbers"]) == pages):
            raise ValueError(f"{len(codes)} pages instead of {pages}")
        # Scanning follows the offsets without looking, so they must lie within the file.
        if (
            codes.offsets[0] != 0
            or codes.offsets[-1] != len(rows)
            or (np.diff(codes.offsets) < 0).any()
        ):
            raise ValueError("offsets that lead out of it")
    except (KeyError, ValueError, IndexError) as error:
        raise BrokenCodes(f"{path} is damaged ({error})") from error
    return file, codes


def _where(file: CodeFile, contents: Contents) -> Int[np.ndarray, " n"]:
    """Where each page of a file stands in the contents; -1 for pages written at another time."""
    numbers = file.arrays["numbers"]
    where = np.full(len(numbers), -1, dtype=np.int64)
    spans = contents.spans
    start = 0
    for document, written, pages in file.documents:
        span = spans.get((document, written))
        if span is not None:
            own = contents.numbers[span]
            places = np.searchsorted(own, numbers[start : start + pages]).clip(max=len(own) - 1)
            same = own[places] == numbers[start : start + pages]
            where[start : start + pages] = np.where(same, places + span.start, -1)
        start += pages
    return where
