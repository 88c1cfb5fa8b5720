"""Rankings of pages, found through the same search that everybody uses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from .folder import Folder
from .measures import DEPTH
from .shelf import PageLibrary, Shelf

PAGE_MODES = ("text", "visual", "hybrid")


@dataclass(frozen=True)
class Found:
    """question id -> corpus ids, best first; `seconds` one search took (median)."""

    whole: Mapping[str, Sequence[str]]
    within: Mapping[str, Sequence[str]]
    seconds: float


def rank_pages(
    folder: Folder,
    shelf: Shelf,
    library: PageLibrary,
    mode: str,
    *,
    fusion: str,
    step: Callable[[int], None],
) -> Found:
    """Ask every question of the whole folder and, where its document is known, of that alone.

    `step` is called with 1 after each question.
    """
    stems = {document.id: stem for stem, document in shelf.documents.items()}
    seconds: list[float] = []

    def ask(text: str, where: str | None) -> list[str]:
        began = perf_counter()
        hits = list(library.search(text, k=DEPTH, where=where, mode=mode, fusion=fusion))
        seconds.append(perf_counter() - began)
        return [f"{stems[hit.document.id]}#{hit.page}" for hit in hits]

    whole: dict[str, list[str]] = {}
    within: dict[str, list[str]] = {}
    for question in folder.questions:
        whole[question.id] = ask(question.text, shelf.where)
        if question.doc in shelf.documents:
            within[question.id] = ask(question.text, shelf.where_of(question.doc))
        step(1)
    return Found(whole, within, median(seconds))
