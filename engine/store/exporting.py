"""A library into one file."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from shutil import copyfileobj
from typing import Any

from quire.ingest.document import Document, document_id

from ..errors import EngineError
from .archive import ABOUT, FORMAT, PIECE, Packing, folder_of
from .contents import Contents, Entry, read_contents
from .images import image_path
from .manifest import Manifest
from .report import Progress
from .rows import BATCH
from .tables import Tables, one_of


@dataclass
class Exported:
    """What an export holds. without_source: documents whose own file was asked for, and is gone
    or has changed. size: bytes of the file."""

    path: Path
    documents: int = 0
    pages: int = 0
    size: int = 0
    without_source: list[Document] = field(default_factory=list)


def export_library(
    tables: Tables, manifest: Manifest, target: Path, *, sources: bool, progress: Progress
) -> Exported:
    """Write all documents to the file `target`, which must not be there yet; it is whole or not
    there. The caller holds the library still. Raises EngineError when the library is damaged."""
    if os.path.lexists(target):
        raise EngineError(f"{target} is there already: name another file, or move it away")
    contents, done = read_contents(tables), Exported(target)
    draft = target.with_name(f".{target.name}.new")
    packing = Packing(draft)
    try:
        about = {"export": FORMAT, "manifest": asdict(manifest), "documents": len(contents.entries)}
        packing.put_json(ABOUT, about)
        progress.start(len(contents.entries))
        for i, entry in enumerate(contents.entries):
            _one(packing, tables, contents, i, progress)
            if sources and not _source(packing, entry.document):
                done.without_source.append(entry.document)
        packing.close()
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.rename(target)
    except BaseException:
        with suppress(Exception):  # a full disk, again
            packing.give_up()
        draft.unlink()
        raise
    progress.done()
    done.documents, done.pages = len(contents.entries), len(contents)
    done.size = target.stat().st_size
    return done


def _one(packing: Packing, tables: Tables, contents: Contents, i: int, progress: Progress) -> None:
    entry = contents.entries[i]
    document, folder = entry.document, folder_of(entry.document.id)
    numbers = contents.numbers[contents.owner == i].tolist()
    packing.put_json(folder + "document.json", _told(entry))
    condition = one_of("document", [document.id])
    for table, name in ((tables.pages, "pages"), (tables.vectors, "vectors")):
        written = _rows(packing, table, condition, f"{folder}{name}.arrow")
        if written != len(numbers):
            raise EngineError(
                f"{document.paths[0]} has {len(numbers)} pages and {written} entries in the table "
                f"{name}: mend the library with `quire doctor --repair`, then export it"
            )
    for number in numbers:
        image = image_path(tables.layout, document.id, number)
        if image is None:
            raise EngineError(
                f"page {number} of {document.paths[0]} has no image: mend the library with "
                "`quire doctor --repair`, then export it"
            )
        packing.put(f"{folder}images/{image.name}", image.read_bytes())
        progress.page(document, number)


def _rows(packing: Packing, table: Any, condition: str, name: str) -> int:
    import pyarrow as pa

    count = 0
    with packing.member(name) as member, pa.ipc.new_stream(member, table.schema) as stream:
        for batch in table.search().where(condition).to_batches(BATCH):
            stream.write_batch(batch)
            count += len(batch)
    return count


def _told(entry: Entry) -> dict[str, Any]:
    """Names that are no valid text keep their odd bytes, as JSON's lone surrogates."""
    document = asdict(entry.document)
    return {
        **document,
        "paths": [_escaped(path) for path in entry.document.paths],
        "info": dict(entry.document.info),
        "metadata": entry.metadata,
        "missing": list(entry.missing),
    }


def _escaped(path: str) -> str:
    """As a URL's path: every byte that is no plain letter as %XX."""
    from urllib.parse import quote

    return quote(os.fsencode(path))


def _source(packing: Packing, document: Document) -> bool:
    """Put the file itself in, if one of its paths still holds its bytes."""
    for path in _files(document.paths):
        with suppress(OSError):
            if document_id(path) == document.id:
                with (
                    open(path, "rb") as file,
                    packing.member(f"{folder_of(document.id)}source") as out,
                ):
                    copyfileobj(file, out, PIECE)
                return True
    return False


def _files(paths: Sequence[str]) -> list[str]:
    return [path for path in paths if os.path.isfile(path)]
