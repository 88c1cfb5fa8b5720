"""A library: a folder on disk that holds documents, their pages and the vectors of one encoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quire.ingest.document import Document
from quire.ingest.failure import Failure
from quire.ingest.options import Engine

from .answer.askable import Askable
from .carrying import Portable, make_like
from .changing import Changeable
from .encode.load import load_encoder
from .encode.protocol import PageEncoder
from .rerank.protocol import Reranker
from .search.hits import Hit, Hits
from .search.looks import Means
from .search.searchable import Searchable
from .search.searcher import Searcher
from .store.check import check_library
from .store.coding import mend_codes
from .store.contents import Entry, read_entries
from .store.creating import create_library
from .store.failing import read_failures
from .store.kinds import DEFAULT_CODES
from .store.layout import Layout
from .store.lock import reading
from .store.making import Making
from .store.manifest import Manifest, read_manifest
from .store.pooling import Pooling, usual_pooling
from .store.report import Progress, Report
from .store.sides import PIXELS, Side
from .store.tables import Tables

__all__ = ["Hit", "Hits", "Library", "Progress", "Report"]


class Library(Changeable, Portable, Searchable, Askable):
    """Documents that can be searched by what their pages look like. Make one with `Library.open`.

    One process at a time may write; any number may search, also meanwhile. A document is there
    whole or not at all, whenever and however a process ends. len() is the number of pages.
    """

    def __init__(
        self, layout: Layout, manifest: Manifest, encoder: PageEncoder | None, means: Means
    ) -> None:
        self._layout = layout
        self._encoder = encoder
        self._tables = Tables(layout)
        self._searcher = Searcher(self._tables, manifest, means)
        self._rerankers: dict[str, Reranker] = {}
        super().__init__()
        self.manifest = manifest

    @classmethod
    def open(
        cls,
        path: str | Path,
        encoder: PageEncoder | None = None,
        *,
        create: bool = False,
        device: str = "cpu",
        threads: int | None = None,
        memory: int | None = None,
        device_memory: int | None = None,
        engine: Engine = "auto",
        rows: Side | None = None,
        codes: Sequence[str] | None = None,
        pooling: Pooling | None = None,
    ) -> "Library":
        """Open the library in the folder `path`; with `create`, make it if there is none.

        Without `encoder` the one that the manifest names is loaded when it is first needed (a new
        library is made for the default encoder). `device` is where pages are scored, by `threads`
        on a CPU; rows may take `memory` bytes, a quarter of the machine's by default, and on a GPU
        `device_memory`, most of what is free; larger libraries are scanned by their codes.
        `engine` draws the PDFs of a new library (`Reading.engine`), its pages are encoded by their
        "pixels" (the default), their "text" or "both" (`rows`; source code always by its text, if
        the encoder has the task `code`), keep as many rows as `pooling` says
        (by default as many as suit the encoder: 160 of quire-mini, of others all), and have `codes`
        of these kinds for quick scans ("bits"); others keep what they have.
        Raises WrongLibrary when the library was made by another encoder or otherwise than asked,
        NotALibrary for a path that holds none, or something else.
        """
        layout = Layout(Path(path).expanduser().absolute())
        if create and not layout.manifest.exists():
            encoder = encoder or load_encoder("quire-mini")
            kinds = DEFAULT_CODES if codes is None else tuple(codes)
            side = rows or PIXELS
            making = Making(engine, side, kinds, pooling or usual_pooling(encoder, side))
            create_library(layout, encoder, making)
        manifest = read_manifest(layout)
        manifest.accept_rows(rows, layout.root)
        manifest.accept_shape(codes, pooling, layout.root)
        if encoder is not None:
            manifest.accept(encoder, layout.root)
        library = cls(layout, manifest, encoder, Means(device, threads, memory, device_memory))
        mend_codes(library._tables, manifest)
        return library

    @classmethod
    def make_like(
        cls, file: str | Path, path: str | Path, encoder: PageEncoder | None = None
    ) -> "Library":
        """Make an empty library in the folder `path` to `import_` the exported `file` into.

        It is of the encoder that the export is from. Raises BadExport for a file that is none,
        EngineError where a library is already, else as `open`.
        """
        make_like(file, Layout(Path(path).expanduser().absolute()))
        return cls.open(path, encoder)

    @property
    def path(self) -> Path:
        return self._layout.root

    @property
    def encoder(self) -> PageEncoder:
        """The library's encoder, loaded now if it was not handed in."""
        if self._encoder is None:
            encoder = load_encoder(str(self.manifest.encoder.get("name")))
            self.manifest.accept(encoder, self.path)
            self._encoder = encoder
        return self._encoder

    def documents(self) -> list[Document]:
        """What is there, in the order of the paths."""
        return [entry.document for entry in self._entries()]

    def failures(self) -> list[Failure]:
        """Files that could not be read when they were last met, and pages of documents."""
        with reading(self._layout):
            return [failed.failure for failed in read_failures(self._tables)]

    def metadata(self, document: Document | str) -> dict[str, Any]:
        """What was noted of a document; {} for one that is not there."""
        key = document if isinstance(document, str) else document.id
        return next((dict(e.metadata) for e in self._entries() if e.document.id == key), {})

    def check(self) -> list[str]:
        """One plain sentence per problem; none when the library is sound. Reads everything."""
        with reading(self._layout):
            return check_library(self._tables, self.manifest)

    def close(self) -> None:
        """Let go of what was read into memory; the library can still be used."""
        self._searcher = self._searcher.fresh()
        self._rerankers.clear()

    def __len__(self) -> int:
        return sum(entry.document.pages - len(entry.missing) for entry in self._entries())

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def __repr__(self) -> str:
        documents = len(self._entries())
        return f"Library({str(self.path)!r}: {documents:,} documents, {len(self):,} pages)"

    def _entries(self) -> list[Entry]:
        with reading(self._layout):
            return read_entries(self._tables)
