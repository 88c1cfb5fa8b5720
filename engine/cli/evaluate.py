"""`quire eval`: how well are the questions of a folder answered?"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import output
from .exits import SOME_FAILED, UsageError
from .options import DEFAULT_MODEL, JsonOption, ModelOption
from .search import Fusion, FusionOption

if TYPE_CHECKING:
    from ..evaluate import Report


class Task(StrEnum):
    """The tasks of an encoder."""

    RETRIEVAL = "retrieval"
    SIMILARITY = "similarity"
    CODE = "code"


def evaluate(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Corpus, questions, judgements.")],
    mode: Annotated[
        list[str] | None,
        typer.Option("--mode", help="A row of the table; may be repeated. All if not given."),
    ] = None,
    fusion: FusionOption = Fusion.SCORE,
    task: Annotated[
        Task | None,
        typer.Option("--task", help="Task of the encoder for texts and pairs of sentences."),
    ] = None,
    positional: Annotated[
        bool,
        typer.Option("--positional", help="Keep questions that name their page by its place."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Keep what each question found, as JSON lines."),
    ] = None,
    model: ModelOption = None,
    library: Annotated[
        str | None,
        typer.Option("--library", metavar="DIR", help="Index PDFs here, not in a passing library."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Judge search on the questions and judgements of FOLDER.

    PDFs are indexed, then searched exactly as `quire search` does; texts and pairs of sentences
    are encoded and compared in memory.
    """
    from ..evaluate import judge
    from .progress import bar

    if out is not None and not out.parent.is_dir():
        raise UsageError(f"--out {str(out)!r}: there is no folder {str(out.parent)!r}, make it")
    with (
        _subject(folder, library, model, as_json=as_json) as (subject, failures),
        bar("Judging", "steps", as_json=as_json) as shown,
    ):
        report = judge(
            folder,
            subject,
            modes=mode,
            fusion=fusion.value,
            task=task.value if task else None,
            positional=positional,
            progress=shown.at,
        )
    if out is not None:
        _keep(report, out)
    if as_json:
        output.result_json(report.as_dict())
    else:
        output.result(str(report))
    if failures:
        raise typer.Exit(SOME_FAILED)


@contextmanager
def _subject(
    folder: str, library: str | None, model: str | None, *, as_json: bool
) -> Iterator[tuple[Any, int]]:
    """What is judged, a filled library or an encoder, and how many PDFs could not be read."""
    from ..evaluate.folder import read_folder
    from ..evaluate.similarity import pair_files
    from .adding import add, check_paths
    from .opening import load_encoder, passing_folder, writable_library

    # Read before anything slow: a slip in the folder should cost nothing.
    files = () if pair_files(folder) else read_folder(folder).files
    if not files:
        if library is not None:
            raise UsageError(f"--library {library!r}: {folder!r} holds no PDFs, leave it out")
        yield load_encoder(model or DEFAULT_MODEL), 0
        return
    paths = [str(path) for path in files]
    check_paths(paths)
    where = nullcontext(library) if library else passing_folder()
    with where as path:
        opened = writable_library(path, model)
        yield opened, len(add(opened, paths, as_json=as_json).failures)


def _keep(report: "Report", path: Path) -> None:
    lines = (json.dumps(answer, ensure_ascii=False) + "\n" for answer in report.answers)
    path.write_text("".join(lines), encoding="utf-8", errors="backslashreplace")
    output.note(f"Kept {len(report.answers)} answers in {path}.")
