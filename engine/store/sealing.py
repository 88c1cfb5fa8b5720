"""Hashes of what is stored of a page, kept beside it: bits that have changed since are noticed."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# Of a row of `vectors`; what is read back of these must be what was written.
_NUMBERS = ("rows", "dense", "cells", "boxes")
_TEXTS = ("id", "words", "extras")
SEALED = (*_NUMBERS, *_TEXTS)


def seal(content: bytes) -> str:
    """32 hex digits of the SHA-256."""
    return hashlib.sha256(content).hexdigest()[:32]


def seal_of_vectors(row: "pa.RecordBatch | pa.Table") -> str:
    """The seal of one row of the table `vectors`, before or after it was stored."""
    digest = hashlib.sha256()
    for name in _NUMBERS:
        column = row.column(name)
        values = column if not hasattr(column, "combine_chunks") else column.combine_chunks()
        while hasattr(values, "flatten") and values.type.num_fields:
            values = values.flatten()
        numbers = values.to_numpy(zero_copy_only=True)
        digest.update(f"{name} {len(numbers)} ".encode())
        digest.update(numbers.tobytes())
    for name in _TEXTS:
        text = str(row.column(name)[0].as_py()).encode()
        digest.update(f"{name} {len(text)} ".encode())
        digest.update(text)
    return digest.hexdigest()[:32]
