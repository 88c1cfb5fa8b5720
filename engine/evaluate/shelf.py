"""The files of a folder as they stand in a library."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from quire.ingest.document import Document, document_id

from ..errors import EvaluationError
from .folder import Folder


@runtime_checkable
class PageLibrary(Protocol):
    """What judging needs of a library."""

    def documents(self) -> Sequence[Document]: ...
    def search(
        self,
        query: str,
        k: int = ...,
        where: str | None = ...,
        mode: str = ...,
        *,
        fusion: str = ...,
    ) -> Iterable[Any]: ...


@dataclass(frozen=True)
class Shelf:
    """Stem of a file -> its document; `others` when the library holds more than these."""

    documents: Mapping[str, Document]
    others: bool

    @property
    def pages(self) -> list[str]:
        """The corpus ids of all pages that can be found."""
        return [page for stem in self.documents for page in self.pages_of(stem)]

    def pages_of(self, stem: str) -> list[str]:
        """The corpus ids of one document; none when the library lacks it."""
        document = self.documents.get(stem)
        return [f"{stem}#{page}" for page in range(1, document.pages + 1)] if document else []

    @property
    def where(self) -> str | None:
        """The filter that keeps a search to this folder; None where it needs none."""
        if not self.others:
            return None
        return f"document IN ({', '.join(repr(d.id) for d in self.documents.values())})"

    def where_of(self, stem: str) -> str:
        """The filter that keeps a search to one document."""
        return f"document = {self.documents[stem].id!r}"


def shelve(folder: Folder, library: PageLibrary) -> tuple[Folder, Shelf]:
    """Find the files in the library by their bytes, wherever they were indexed from.

    Files with equal bytes are one document: its pages go by the first stem, and the questions and
    judgements that come back use that one. Files that the library lacks are left out, and their
    pages count as not found; EvaluationError when all are lacking.
    """
    held = {document.id: document for document in library.documents()}
    first: dict[str, str] = {}
    alias: dict[str, str] = {}
    for path in folder.files:
        # A file that cannot be read is no document; indexing it has said so.
        with suppress(OSError):
            alias[path.stem] = first.setdefault(document_id(path), path.stem)
    documents = {stem: held[name] for name, stem in first.items() if name in held}
    if not documents:
        where = str(folder.files[0].parent)
        raise EvaluationError(f"the library holds no file of {where!r}: index that folder first")

    def renamed(grades: Mapping[str, int]) -> dict[str, int]:
        found: dict[str, int] = {}
        for corpus_id, grade in grades.items():
            stem, _, page = corpus_id.rpartition("#")
            name = f"{alias.get(stem, stem)}#{page}"
            found[name] = max(grade, found.get(name, grade))
        return found

    same = replace(
        folder,
        questions=tuple(replace(q, doc=alias.get(q.doc, q.doc)) for q in folder.questions),
        judgements={q: renamed(grades) for q, grades in folder.judgements.items()},
    )
    return same, Shelf(documents, others=len(held) > len(documents))


def readable(shelf: Shelf, library: PageLibrary) -> set[str]:
    """The stems of the documents that have a text layer, be it on one page only."""

    def any_text(stem: str, document: Document) -> bool:
        # "visual" lists every page; "text" would list only those that hold the word.
        hits = library.search("text", k=document.pages, where=shelf.where_of(stem), mode="visual")
        return any(hit.text.strip() for hit in hits)

    return {stem for stem, document in shelf.documents.items() if any_text(stem, document)}
