"""Judge a folder with questions: the one door to this package."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..encode.protocol import PageEncoder
from ..errors import EvaluationError
from .asked import asked
from .corpora import judge_pages, judge_texts
from .folder import read_folder
from .meter import Progress, silent
from .pages import PAGE_MODES
from .report import Report
from .shelf import PageLibrary
from .similarity import judge_pairs, pair_files
from .texts import TEXT_MODES


def judge(
    folder: str | Path,
    subject: PageEncoder | PageLibrary,
    *,
    modes: Sequence[str] | None = None,
    fusion: str = "score",
    task: str | None = None,
    positional: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> Report:
    """Measure how well the questions of `folder` are answered; folder.py says how it must look.

    `subject` is a library that holds the PDFs of the folder, or an encoder where the corpus is
    texts or pairs of sentences. `modes` are the rows of the report, by default a random order and
    all that fit: text, visual and hybrid for PDFs, dense and multi for texts. `task` is the task
    of the encoder, by default retrieval, and similarity for pairs; a library has its own.
    Positional questions are left out unless `positional`. `seed` moves the intervals only.
    """
    if pair_files(folder):
        encoder = _encoder(subject, f"{str(folder)!r} holds pairs of sentences")
        return judge_pairs(folder, encoder, task=task or "similarity", seed=seed, progress=progress)
    questions, notes = asked(read_folder(folder), positional=positional)
    if questions.texts:
        encoder = _encoder(subject, f"the corpus of {str(folder)!r} is texts")
        chosen = _choose(modes, TEXT_MODES)
        tally, more = judge_texts(questions, encoder, chosen, task or "retrieval", seed, progress)
    else:
        library = _library(subject, f"the corpus of {str(folder)!r} is PDFs")
        chosen = _choose(modes, PAGE_MODES)
        tally, more = judge_pages(questions, library, chosen, fusion, seed, progress)
    return Report(
        questions.name, tuple(tally.rows()), (*notes, *more), answers=tuple(tally.answers)
    )


def _encoder(subject: Any, what: str) -> PageEncoder:
    if not hasattr(subject, "encode_query"):
        raise EvaluationError(f"{what}: pass an encoder, not a library")
    encoder: PageEncoder = subject
    return encoder


def _library(subject: Any, what: str) -> PageLibrary:
    if not hasattr(subject, "search"):
        raise EvaluationError(f"{what}: pass a library that holds them, not an encoder")
    library: PageLibrary = subject
    return library


def _choose(wanted: Sequence[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    """The modes in their order in the report."""
    every = ("random", *known)
    for mode in wanted or ():
        if mode not in every:
            raise EvaluationError(
                f"no mode {mode!r} for this corpus: choose from {', '.join(every)}"
            )
    return tuple(mode for mode in every if not wanted or mode in wanted)
