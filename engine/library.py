"""A library: a folder on disk that holds documents, their pages and the vectors of one encoder."""

from pathlib import Path
from typing import Any

from PIL import Image

from quire.ingest.document import Document
from quire.ingest.failure import Failure
from quire.ingest.options import Engine

from .answer.askable import Askable
from .changing import Changeable
from .encode.load import load_encoder
from .encode.protocol import PageEncoder
from .rerank.protocol import Reranker
from .search.hits import Hit, Hits
from .search.scope import Where
from .search.searcher import Searcher
from .store.check import check_library
from .store.contents import Entry, read_entries
from .store.creating import create_library
from .store.failing import read_failures
from .store.layout import Layout
from .store.lock import reading
from .store.manifest import Manifest, read_manifest
from .store.report import Progress, Report
from .store.sides import PIXELS, Side
from .store.tables import Tables

__all__ = ["Hit", "Hits", "Library", "Progress", "Report"]


class Library(Changeable, Askable):
    """Documents that can be searched by what their pages look like. Make one with `Library.open`.

    One process at a time may write; any number may search, also meanwhile. A document is there
    whole or not at all, whenever and however a process ends. len() is the number of pages.
    """

    def __init__(
        self, layout: Layout, manifest: Manifest, encoder: PageEncoder | None, device: str
    ) -> None:
        self._layout = layout
        self._encoder = encoder
        self._tables = Tables(layout)
        self._searcher = Searcher(self._tables, manifest.dim, device)
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
        engine: Engine = "auto",
        rows: Side | None = None,
    ) -> "Library":
        """Open the library in the folder `path`; with `create`, make it if there is none.

        Without `encoder` the one that the manifest names is loaded when it is first needed (a new
        library is made for the default encoder). `device` is where pages are scored.
        `engine` draws the PDFs of a new library (`Reading.engine`), and its pages are encoded by
        their "pixels" (the default), their "text" or "both" (`rows`); others keep what they have.
        Raises WrongLibrary when the library was made by another encoder or with other `rows`,
        NotALibrary for a path that holds none, or something else.
        """
        layout = Layout(Path(path).expanduser().absolute())
        if create and not layout.manifest.exists():
            encoder = encoder or load_encoder("quire-mini")
            create_library(layout, encoder, engine, rows or PIXELS)
        manifest = read_manifest(layout)
        manifest.accept_rows(rows, layout.root)
        if encoder is not None:
            manifest.accept(encoder, layout.root)
        return cls(layout, manifest, encoder, device)

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

    def search(
        self,
        query: str,
        k: int = 10,
        where: Where | None = None,
        mode: str = "hybrid",
        *,
        fusion: str = "score",
        rerank: Reranker | str | None = None,
        rerank_top: int | None = None,
    ) -> Hits:
        """The k best pages for a question, best first; all pages if there are fewer than k.

        mode: "visual" scores every page by exact MaxSim, "text" by BM25 on its text layer (and
        finds only pages that hold a word of the query), "hybrid" joins both.
        where: SQL such as "year >= 2020 AND name LIKE '%report%'", or a dict of values to equal
        ({"year": 2020}; a list allows any of its values). Columns: document, name, path, title,
        kind, page, section and each key of the metadata.
        fusion: of hybrid, by "score" or by "rank"; see `search/fuse.py` for the formulas.
        rerank: a reranker, or the name or folder of one, that reads the best `rerank_top` pages
        (20, or k if that is more) again together with the question and puts them in order; a name
        is loaded once. See `search/rerank.py` for pages that it cannot read.
        Raises SearchError for a request that makes no sense, EmptyLibrary when nothing is there.
        """
        reranker = self._reranker(rerank) if isinstance(rerank, str) else rerank
        return self._searcher.search(
            query, k, where, mode, fusion, lambda: self.encoder, reranker, rerank_top
        )

    def search_picture(self, picture: Image.Image, k: int = 10, where: Where | None = None) -> Hits:
        """The k pages that look most like a picture of a page or of a part of one, best first.

        Such hits have no words to explain: their heat maps and regions are empty, and relevance
        says nothing. Raises as `search` does, and EncodeError if the encoder reads text alone.
        """
        return self._searcher.like(picture, k, where, lambda: self.encoder)

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

    def _reranker(self, name: str) -> Reranker:
        if name not in self._rerankers:
            from .rerank.load import load_reranker

            self._rerankers[name] = load_reranker(name)
        return self._rerankers[name]
