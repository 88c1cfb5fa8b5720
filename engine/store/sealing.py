"""Hashes of what is stored of a page, kept beside it: what has changed on the disk is noticed."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

# Of a row of `vectors`: the columns whose content is sealed.
_NUMBERS = ("rows", "dense", "cells", "owners", "boxes")
_TEXTS = ("id", "words", "extras")
_BATCH = 64  # pages: about 11 MB
SEALED = (*_NUMBERS, *_TEXTS)


@dataclass(frozen=True)
class Seals:
    """Of one page: of its row in `vectors`, and of the file of its image."""

    vectors: str
    image: str


def read_seals(pages: Any) -> dict[str, Seals]:
    """Page id -> what was sealed when the page was written, from the table `pages`."""
    rows = pages.search().select(["id", "vector_seal", "image_seal"]).to_arrow().to_pylist()
    return {row["id"]: Seals(row["vector_seal"], row["image_seal"]) for row in rows}


def broken_seals(pages: Any, vectors: Any) -> set[str]:
    """Ids of the pages whose row in the table `vectors` is not what was sealed."""
    seals, broken = read_seals(pages), set()
    for batch in vectors.search().select(list(SEALED)).to_batches(_BATCH):
        for page, found in zip(batch.column("id").to_pylist(), seals_of(batch), strict=True):
            if page in seals and seals[page].vectors != found:
                broken.add(page)
    return broken


def seal(content: bytes) -> str:
    """32 hex digits of the SHA-256."""
    return hashlib.sha256(content).hexdigest()[:32]


def seals_of(batch: "pa.RecordBatch") -> list[str]:
    """The seal of each row of the table `vectors`, the same before and after it was stored."""
    return [_seal_of(batch.slice(i, 1)) for i in range(len(batch))]


def _seal_of(row: "pa.RecordBatch") -> str:
    digest = hashlib.sha256()
    for name in _NUMBERS:
        values: Any = row.column(name)
        while values.type.num_fields:
            values = values.flatten()
        _add(digest, name, values.to_numpy().tobytes())
    for name in _TEXTS:
        _add(digest, name, str(row.column(name)[0].as_py()).encode())
    return digest.hexdigest()[:32]


def _add(digest: "hashlib._Hash", name: str, content: bytes) -> None:
    digest.update(f"{name} {len(content)} ".encode())
    digest.update(content)
