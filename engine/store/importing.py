"""Documents out of an export into a library, without doubles."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from quire.ingest.document import Document, document_id

from ..errors import BadExport, SearchError, WrongLibrary
from .archive import ABOUT, FORMAT, PIECE, Packed, folder_of
from .check import wrong
from .contents import Entry, read_entries
from .manifest import Manifest, manifest_of
from .names import safe_name
from .pages import page_id
from .report import Progress, Report
from .schema import pages_schema, vectors_schema
from .tables import Tables
from .writing import Writer

if TYPE_CHECKING:
    import pyarrow as pa

# How the files begin that page images are.
_STARTS = {".webp": b"RIFF", ".png": b"\x89PNG\r\n\x1a\n"}


def exported_manifest(packed: Packed) -> Manifest:
    """Of the library that was exported. Raises BadExport."""
    told = packed.read_json(ABOUT)
    try:
        if told["export"] != FORMAT:
            raise BadExport(
                f"an export of format {told['export']!r}, and this quire reads {FORMAT}: use the "
                "quire that made it"
            )
        return manifest_of(told["manifest"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadExport(f"{ABOUT} does not say which library it is from ({error})") from error


def check_same(mine: Manifest, theirs: Manifest, root: Path) -> None:
    """Raise WrongLibrary unless vectors of both can be compared."""
    if (mine.fingerprint, mine.format) != (theirs.fingerprint, theirs.format):
        raise WrongLibrary(
            f"the export holds vectors of {theirs.encoder.get('name')} (fingerprint "
            f"{theirs.fingerprint}, format {theirs.format}), and {root} those of "
            f"{mine.encoder.get('name')} ({mine.fingerprint}, format {mine.format}): import it "
            "into a new folder"
        )


class Importer:
    """Takes documents in, one after the other, whole. The caller holds the write lock."""

    def __init__(
        self,
        packed: Packed,
        tables: Tables,
        writer: Writer,
        manifest: Manifest,
        check_metadata: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._packed, self._tables, self._writer = packed, tables, writer
        self._manifest, self._check_metadata = manifest, check_metadata
        self._known = {entry.document.id: entry for entry in read_entries(tables)}
        self.report = Report()

    def run(self, progress: Progress) -> None:
        """All documents of the export. Those that are there keep what they have, and get the
        paths and metadata that they lack."""
        progress.start(len(self._packed.documents))
        for key in self._packed.documents:
            entry = self._entry(key)
            known = self._known.get(key)
            if known is None and progress.stop():
                self.report.left += 1
            elif known is None:
                self._take_in(entry, progress)
            else:
                self._join(known, entry)
        progress.done()

    def _join(self, known: Entry, other: Entry) -> None:
        paths = tuple(sorted({*known.document.paths, *other.document.paths}))
        metadata = {**other.metadata, **known.metadata}
        if paths != known.document.paths or metadata != known.metadata:
            self._writer.update(replace(known.at(paths), metadata=metadata))
        self.report.skipped.append(known.document)

    def _take_in(self, entry: Entry, progress: Progress) -> None:
        document = entry.document
        try:
            stored = dict(self._pages(document.id))
            self._writer.wrote(document.id, stored)
            images = self._packed.images(document.id)
            if sorted([*stored, *entry.missing]) != list(range(1, document.pages + 1)):
                raise self._bad(document, f"{document.pages} pages are told, {sorted(stored)} came")
            if set(images) != set(stored):
                raise self._bad(document, "its images are not those of its pages")
            self._write_vectors(document, stored)
            for number, name in sorted(images.items()):
                self._write_image(document, number, name)
                progress.page(document, number)
            entry = self._with_source(entry)
            self._writer.commit(entry.document, entry.metadata, entry.missing)
        except BaseException:
            self._writer.wrote(document.id, [])
            self._writer.give_up(document.id)
            raise
        self.report.added.append(entry.document)
        self.report.pages += len(stored)

    def _pages(self, document: str) -> Iterator[tuple[int, int]]:
        """Number and count of rows of each page, whose light rows are handed to the writer."""
        import pyarrow as pa

        for batch in self._batches(document, "pages", pages_schema()):
            numbers = batch.column("number").to_pylist()
            ids = [page_id(document, number) for number in numbers]
            if batch.column("id").to_pylist() != ids or set(
                batch.column("document").to_pylist()
            ) - {document}:
                raise BadExport(f"pages of another document lie in {folder_of(document)}")
            self._tables.pages.add(pa.Table.from_batches([batch]))
            yield from zip(numbers, batch.column("rows").to_pylist(), strict=True)

    def _write_vectors(self, document: Document, stored: Mapping[int, int]) -> None:
        import pyarrow as pa

        manifest, left = self._manifest, {page_id(document.id, n): r for n, r in stored.items()}
        schema = vectors_schema(manifest.dim, manifest.dense_dim)
        for batch in self._batches(document.id, "vectors", schema):
            for i, page in enumerate(batch.column("id").to_pylist()):
                one = batch.slice(i, 1)
                owner = one.column("document").to_pylist()
                if page not in left or owner != [document.id]:
                    raise self._bad(document, f"vectors of page {page!r} came unasked or twice")
                broken = wrong(one, manifest.dim, left.pop(page))
                if broken:
                    raise self._bad(document, f"page {page}: {broken}")
            self._tables.vectors.add(pa.Table.from_batches([batch]))
        if left:
            raise self._bad(document, f"{len(left)} pages have no vectors")

    def _batches(self, document: str, name: str, schema: "pa.Schema") -> "Iterator[pa.RecordBatch]":
        import pyarrow as pa

        path = f"{folder_of(document)}{name}.arrow"
        try:
            with self._packed.member(path) as member, pa.ipc.open_stream(member) as stream:
                if not stream.schema.equals(schema):
                    raise BadExport(f"{path} has other columns than a library has")
                for batch in stream:
                    batch.validate(full=True)
                    yield batch.cast(schema)
        except pa.ArrowException as error:
            raise BadExport(f"{path} cannot be read ({error})") from error

    def _write_image(self, document: Document, number: int, name: str) -> None:
        content = self._packed.read(name)
        suffix = Path(name).suffix
        if not content.startswith(_STARTS[suffix]):
            raise self._bad(document, f"{name} is no picture")
        path = self._tables.layout.image_folder(document.id) / f"{number}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def _with_source(self, entry: Entry) -> Entry:
        """The entry, with the place of the file itself if that came along."""
        document, name = entry.document, f"{folder_of(entry.document.id)}source"
        if not self._packed.has(name):
            return entry
        given = os.fsencode(Path(document.paths[0]).name).decode("utf-8", "replace")
        place = self._tables.layout.uploads / document.id / safe_name(given)
        place.parent.mkdir(parents=True, exist_ok=True)
        with self._packed.member(name) as member, place.open("wb") as file:
            copyfileobj(member, file, PIECE)
        if document_id(place) != document.id:  # changed while it was exported
            place.unlink()
            return entry
        return entry.at(tuple(sorted({*document.paths, str(place)})))

    def _entry(self, key: str) -> Entry:
        told: dict[str, Any] = self._packed.read_json(f"{folder_of(key)}document.json")
        try:
            paths = tuple(sorted(os.fsdecode(unquote_to_bytes(path)) for path in told["paths"]))
            document = Document(
                id=key,
                paths=paths,
                kind=told["kind"],
                pages=int(told["pages"]),
                title=str(told["title"]),
                size=int(told["size"]),
                engine=str(told["engine"]),
                info=dict(told["info"]),
            )
            missing = tuple(int(number) for number in told["missing"])
            if told["id"] != key or not paths:
                raise ValueError(told["id"])
            self._check_metadata(told["metadata"])
            return Entry(document, dict(told["metadata"]), "", missing)
        except (KeyError, TypeError, ValueError, SearchError) as error:
            raise BadExport(f"{folder_of(key)}document.json tells no document ({error})") from error

    def _bad(self, document: Document, why: str) -> BadExport:
        return BadExport(f"{document.paths[0]} cannot be imported: {why}; export it again")
