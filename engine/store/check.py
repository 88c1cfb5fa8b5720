"""Is everything there that should be, as it was written, and nothing else?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np

from quire.ingest.document import document_id

from .checking_codes import check_codes
from .contents import Contents, read_contents
from .images import image_folders, image_path
from .manifest import Manifest
from .pages import flat_rows
from .rows import BATCH
from .sealing import SEALED, Seals, read_seals, seal, seals_of
from .tables import Tables

if TYPE_CHECKING:
    import pyarrow as pa

# A row that an encoder normalised has length 1; float16 moves it by less than 0.001.
SHORTEST, LONGEST = 0.9, 1.1


class Trouble(Enum):
    """What can be done about a problem."""

    ROWS = auto()  # pages or vectors are not what was written: only the document itself helps
    IMAGE = auto()  # can be drawn again from the document
    INDEX = auto()  # can be made again from what is there
    CODES = auto()  # so can these
    ORPHANS = auto()  # can go
    SOURCE = auto()  # nothing helps


@dataclass(frozen=True)
class Problem:
    """text: a plain sentence or two. document: an id; page: from 1; where that can be said."""

    text: str
    trouble: Trouble
    document: str = ""
    page: int = 0


def find_problems(tables: Tables, manifest: Manifest) -> list[Problem]:
    """None when the library is sound. Reads everything once, images too: about 2 ms a page."""
    contents, seals = read_contents(tables), read_seals(tables.pages)
    return [
        *_pages(contents),
        *_vectors(tables, contents, seals, manifest),
        *(Problem(text, Trouble.CODES) for text in check_codes(tables, contents, manifest)),
        *_images(tables, contents, seals),
        *_sources(tables, contents),
        *_index(tables),
        *_orphans(tables, contents),
    ]


def check_library(tables: Tables, manifest: Manifest) -> list[str]:
    """One plain sentence per problem; none when the library is sound."""
    return [problem.text for problem in find_problems(tables, manifest)]


def _pages(contents: Contents) -> Iterator[Problem]:
    """Every document has its pages, numbered from 1, each once, less those known to be missing."""
    for i, entry in enumerate(contents.entries):
        numbers = contents.numbers[contents.owner == i].tolist()
        if sorted([*numbers, *entry.missing]) != list(range(1, entry.document.pages + 1)):
            lost = f" (less {list(entry.missing)})" if entry.missing else ""
            yield Problem(
                f"Document {entry.document.paths[0]} has {entry.document.pages} pages{lost}, but "
                f"these are stored: {numbers}. Delete it and add it again.",
                Trouble.ROWS,
                entry.document.id,
            )


def _vectors(
    tables: Tables, contents: Contents, seals: Mapping[str, Seals], manifest: Manifest
) -> Iterator[Problem]:
    """Every page has its rows, once, finite, of about unit length, and as they were written."""
    seen = np.zeros(len(contents), dtype=np.int64)
    query = tables.vectors.search().select(list(SEALED))
    for batch in query.to_batches(BATCH):
        found = seals_of(batch)
        for i, page in enumerate(batch.column("id").to_pylist()):
            index = contents.position(page)
            if index is None:
                continue
            seen[index] += 1
            one, expected = batch.slice(i, 1), int(contents.rows[index])
            broken = wrong(one, manifest.dim, expected)
            if not broken and found[i] != seals[page].vectors:
                broken = "its vectors have changed since they were written"
            if broken:
                yield _of_page(contents, index, f": {broken}. Delete the document and add it again")
    for index in np.flatnonzero(seen != 1).tolist():
        yield _of_page(
            contents,
            index,
            f" has {seen[index]} entries in the table of vectors instead of one. Delete the "
            "document and add it again",
        )


def wrong(page: "pa.RecordBatch", dim: int, expected: int) -> str:
    """What is wrong with the vectors of a page of so many rows; "" for nothing. page: its one entry
    of the table `vectors`."""
    rows = flat_rows(page.column("rows"), dim).astype(np.float32)
    dense = page.column("dense").flatten().to_numpy().astype(np.float32)
    cells = len(page.column("cells").flatten())
    owners = page.column("owners").flatten().to_numpy()
    if len(rows) != expected or (not len(owners) and cells != expected):
        return f"{len(rows)} rows and {cells} cells are stored instead of {expected}"
    if len(owners) and (len(owners) != cells or owners.min() < 0 or owners.max() >= expected):
        return f"its {cells} cells belong to rows that are not there"
    if not (np.isfinite(rows).all() and np.isfinite(dense).all()):
        return "its vectors hold numbers that are not finite"
    lengths = np.linalg.norm(rows, axis=1)
    if ((lengths < SHORTEST) | (lengths > LONGEST)).any():
        return f"its rows are {lengths.min():.2f} to {lengths.max():.2f} long instead of about 1"
    return ""


def _images(tables: Tables, contents: Contents, seals: Mapping[str, Seals]) -> Iterator[Problem]:
    for index in range(len(contents)):
        document = contents.entries[int(contents.owner[index])].document
        path = image_path(tables.layout, document.id, int(contents.numbers[index]))
        try:
            if path is None:
                what = "its image is gone"
            elif seal(path.read_bytes()) != seals[contents.page_id(index)].image:
                what = "its image has changed since it was written"
            else:
                continue
        except OSError as error:
            what = f"its image cannot be read ({error.strerror})"
        yield _of_page(
            contents, index, f": {what}. `quire doctor --repair` draws it again", Trouble.IMAGE
        )


def _sources(tables: Tables, contents: Contents) -> Iterator[Problem]:
    """Files that the library alone keeps are what they were. Others may change as they like."""
    for entry in contents.entries:
        for path in entry.document.paths:
            if not path.startswith(f"{tables.layout.uploads}/"):
                continue
            try:
                sound = document_id(path) == entry.document.id
            except OSError:
                sound = False
            if not sound:
                yield Problem(
                    f"The uploaded file {path} is gone or has changed: bring it back if you can.",
                    Trouble.SOURCE,
                    entry.document.id,
                )


def _index(tables: Tables) -> Iterator[Problem]:
    reason = tables.text_index_fails()
    if reason:
        yield Problem(
            f"Searching by words fails ({reason}). `quire doctor --repair` makes the text index "
            "anew.",
            Trouble.INDEX,
        )


def _orphans(tables: Tables, contents: Contents) -> Iterator[Problem]:
    """Pages and images without a document: left by a run that was killed, and harmless."""
    known = {entry.document.id for entry in contents.entries}
    for table in (tables.pages, tables.vectors):
        ids = table.search().select(["id"]).to_arrow().column("id").to_pylist()
        lost = sum(page.rpartition("#")[0] not in known for page in ids)
        if lost:
            yield Problem(
                f"{lost} entries of the table {table.name} belong to no document. "
                "The next add removes them.",
                Trouble.ORPHANS,
            )
    lost = len(image_folders(tables.layout) - known)
    if lost:
        yield Problem(
            f"{lost} folders of images belong to no document. The next add removes them.",
            Trouble.ORPHANS,
        )


def _of_page(contents: Contents, index: int, what: str, trouble: Trouble = Trouble.ROWS) -> Problem:
    document, number = contents.entries[int(contents.owner[index])].document, contents.numbers
    name = f"Page {number[index]} of {document.paths[0]}"
    return Problem(f"{name}{what}.", trouble, document.id, int(number[index]))
