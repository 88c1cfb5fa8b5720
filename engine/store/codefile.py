"""One file of codes: which pages it holds, and arrays that are mapped, not read.

    8 bytes   b"quire-c1"
    8 bytes   length of the head, little endian
    head      JSON: kind, version, documents, arrays, size
    arrays    each at a multiple of 64 bytes

A file is written under another name and then given its own, so it is whole or not there. It is
never changed: pages that are gone stay in it, unused, until it is made anew.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import EngineError

MAGIC = b"quire-c1"
ALIGNMENT = 64
Key = tuple[str, str, int]  # document, when it was written, how many of its pages are here


class BrokenCodes(EngineError):
    """A file of codes that is cut short, or no such file. Its pages are scored exactly instead."""


@dataclass(frozen=True)
class CodeFile:
    """Pages in the order of `documents`; `arrays["numbers"]` are their numbers."""

    path: Path
    kind: str
    version: int
    documents: tuple[Key, ...]
    arrays: Mapping[str, np.ndarray]


def write_code_file(
    path: Path,
    kind: str,
    version: int,
    documents: Sequence[Key],
    arrays: Mapping[str, np.ndarray],
) -> None:
    told: dict[str, object] = {"kind": kind, "version": version, "documents": documents}
    # The places of the arrays depend on the length of the head, which names them: room is left.
    room = len(json.dumps(told)) + 200 * (len(arrays) + 1)
    start = _aligned(16 + room)
    places: dict[str, tuple[str, list[int], int]] = {}
    for name, array in arrays.items():
        places[name] = (array.dtype.str, list(array.shape), start)
        start = _aligned(start + array.nbytes)
    head = json.dumps({**told, "arrays": places, "size": start}).encode().ljust(room)
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        file.write(MAGIC + len(head).to_bytes(8, "little") + head)
        for name, array in arrays.items():
            file.seek(places[name][2])
            file.write(np.ascontiguousarray(array).data)
        file.truncate(start)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def open_code_file(path: Path) -> CodeFile:
    """Map a file. Raises BrokenCodes for one that is damaged, FileNotFoundError if it is gone."""
    with path.open("rb") as file:
        begin = file.read(16)
        if begin[:8] != MAGIC:
            raise BrokenCodes(f"{path} is no file of codes that this quire can read")
        size = os.fstat(file.fileno()).st_size
        try:
            head = json.loads(file.read(int.from_bytes(begin[8:], "little")))
            if size != head["size"]:
                raise ValueError(f"{size} bytes instead of {head['size']}")
            # Copy on write: torch refuses to look at arrays that may not be written to.
            whole = np.memmap(file, dtype=np.uint8, mode="c")
            arrays = {
                name: whole[at : at + _bytes(kind, shape)].view(kind).reshape(shape)
                for name, (kind, shape, at) in head["arrays"].items()
            }
        except (ValueError, KeyError, TypeError) as error:
            raise BrokenCodes(f"{path} is damaged ({error})") from error
        documents = tuple((d, written, pages) for d, written, pages in head["documents"])
        return CodeFile(path, head["kind"], head["version"], documents, arrays)


def _bytes(kind: str, shape: Sequence[int]) -> int:
    return int(np.dtype(kind).itemsize * np.prod(shape, dtype=np.int64))


def _aligned(place: int) -> int:
    return -(-place // ALIGNMENT) * ALIGNMENT
