"""Is everything there that should be, and nothing else?"""

from collections.abc import Iterator

import numpy as np

from ..errors import EngineError
from .checking_codes import check_codes
from .contents import Contents, read_contents
from .images import image_folders, load_image
from .manifest import Manifest
from .pages import flat_rows
from .rows import BATCH
from .tables import Tables

# A row that an encoder normalised has length 1; float16 moves it by less than 0.001.
SHORTEST, LONGEST = 0.9, 1.1


def check_library(tables: Tables, manifest: Manifest) -> list[str]:
    """One plain sentence per problem; none when the library is sound.

    Reads everything once, images too: about 20 ms a page.
    """
    contents = read_contents(tables)
    return [
        *_pages(contents),
        *_vectors(tables, contents, manifest),
        *check_codes(tables, contents, manifest),
        *_images(tables, contents),
        *_orphans(tables, contents),
    ]


def _pages(contents: Contents) -> Iterator[str]:
    """Every document has its pages, numbered from 1, each once, less those known to be missing."""
    for i, entry in enumerate(contents.entries):
        numbers = contents.numbers[contents.owner == i].tolist()
        if sorted([*numbers, *entry.missing]) != list(range(1, entry.document.pages + 1)):
            lost = f" (less {list(entry.missing)})" if entry.missing else ""
            yield (
                f"Document {entry.document.paths[0]} has {entry.document.pages} pages{lost}, but "
                f"these are stored: {numbers}. Delete it and add it again."
            )


def _vectors(tables: Tables, contents: Contents, manifest: Manifest) -> Iterator[str]:
    """Every page has its rows, once, finite and of about unit length."""
    seen = np.zeros(len(contents), dtype=np.int64)
    query = tables.vectors.search().select(["id", "rows", "dense", "cells"])
    for batch in query.to_batches(BATCH):
        for i, page in enumerate(batch.column("id").to_pylist()):
            index = contents.position(page)
            if index is None:
                continue
            seen[index] += 1
            one, expected = batch.slice(i, 1), int(contents.rows[index])
            rows = flat_rows(one.column("rows"), manifest.dim).astype(np.float32)
            dense = one.column("dense").flatten().to_numpy().astype(np.float32)
            broken = wrong(rows, dense, len(one.column("cells").flatten()), expected)
            if broken:
                yield f"{_name(contents, index)}: {broken}. Delete the document and add it again."
    for index in np.flatnonzero(seen != 1).tolist():
        yield (
            f"{_name(contents, index)} has {seen[index]} entries in the table of vectors "
            "instead of one. Delete the document and add it again."
        )


def wrong(rows: np.ndarray, dense: np.ndarray, cells: int, expected: int) -> str:
    """What is wrong with the vectors of a page of so many rows; "" for nothing."""
    if len(rows) != expected or cells != expected:
        return f"{len(rows)} rows and {cells} cells are stored instead of {expected}"
    if not (np.isfinite(rows).all() and np.isfinite(dense).all()):
        return "its vectors hold numbers that are not finite"
    lengths = np.linalg.norm(rows, axis=1)
    if ((lengths < SHORTEST) | (lengths > LONGEST)).any():
        return f"its rows are {lengths.min():.2f} to {lengths.max():.2f} long instead of about 1"
    return ""


def _images(tables: Tables, contents: Contents) -> Iterator[str]:
    for index in range(len(contents)):
        document = contents.entries[int(contents.owner[index])].document
        try:
            load_image(tables.layout, document.id, int(contents.numbers[index]))
        except EngineError as error:
            yield f"{_name(contents, index)}: {error}."


def _orphans(tables: Tables, contents: Contents) -> Iterator[str]:
    """Pages and images without a document: left by a run that was killed, and harmless."""
    known = {entry.document.id for entry in contents.entries}
    for table in (tables.pages, tables.vectors):
        ids = table.search().select(["id"]).to_arrow().column("id").to_pylist()
        lost = sum(page.rpartition("#")[0] not in known for page in ids)
        if lost:
            yield (
                f"{lost} entries of the table {table.name} belong to no document. "
                "The next add removes them."
            )
    lost = len(image_folders(tables.layout) - known)
    if lost:
        yield f"{lost} folders of images belong to no document. The next add removes them."


def _name(contents: Contents, index: int) -> str:
    document = contents.entries[int(contents.owner[index])].document
    return f"Page {contents.numbers[index]} of {document.paths[0]}"
