"""The two kinds of corpus: PDFs in a library, and texts."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from ..encode.protocol import PageEncoder
from .asked import within
from .folder import Folder
from .meter import Meter, Progress
from .pages import rank_pages
from .shelf import PageLibrary, readable, shelve
from .slices import slices
from .tally import Scope, Tally
from .texts import rank_texts


def judge_pages(
    folder: Folder,
    library: PageLibrary,
    modes: Sequence[str],
    fusion: str,
    seed: int,
    progress: Progress,
) -> tuple[Tally, list[str]]:
    """Search the library for every question of a folder of PDFs."""
    folder, shelf = shelve(folder, library)
    every, inside = shelf.pages, within(folder)
    whole = Scope("whole folder", folder.judgements, {q.id: every for q in folder.questions})
    alone = Scope(
        "within document", inside, {q.id: shelf.pages_of(q.doc) for q in folder.questions}
    )
    groups = slices(folder.questions, inside, readable(shelf, library))
    tally = Tally(folder, whole, alone, groups, seed)
    notes = _lost(folder, every)
    meter = Meter(progress, len(folder.questions) * len([m for m in modes if m != "random"]))
    for mode in modes:
        if mode == "random":
            tally.chance()
            continue
        found = rank_pages(folder, shelf, library, mode, fusion=fusion, step=meter.step)
        tally.mode(mode, found.whole, found.within)
        notes.append(f"Mode {mode}: {found.seconds * 1000:.0f} ms a search (median).")
    return tally, notes


def judge_texts(
    folder: Folder,
    encoder: PageEncoder,
    modes: Sequence[str],
    task: str,
    seed: int,
    progress: Progress,
) -> tuple[Tally, list[str]]:
    """Encode the corpus and rank it in memory for every question."""
    folder = replace(folder, questions=tuple(replace(q, doc="") for q in folder.questions))
    every = [text.id for text in folder.texts]
    whole = Scope("whole folder", folder.judgements, {q.id: every for q in folder.questions})
    tally = Tally(folder, whole, Scope("", {}, {}), slices(folder.questions, (), ()), seed)
    if "random" in modes:
        tally.chance()
    meter = Meter(progress, len(folder.texts) + len(folder.questions))
    found = rank_texts(folder, encoder, task=task, step=meter.step)
    for mode in modes:
        if mode != "random":
            tally.mode(mode, found[mode])
    return tally, _lost(folder, every)


def _lost(folder: Folder, every: Sequence[str]) -> list[str]:
    known: Collection[str] = set(every)
    lost = {name for grades in folder.judgements.values() for name in grades if name not in known}
    if not lost:
        return []
    return [f"Missing: {len(lost)} judged ids (such as {min(lost)!r}) count as not found."]
