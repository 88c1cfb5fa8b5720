"""`quire sync`: a library that is as a folder is, once or for as long as it runs."""

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import LibraryBusy, NoFolder
from . import output
from .exits import DONE, STOPPED
from .options import DEFAULT_LIBRARY, DtypeOption, JsonOption, LibraryOption, ModelOption
from .reading import (
    EngineOption,
    LimitOption,
    MetadataOption,
    OcrEngineOption,
    OcrOption,
    PasswordOption,
    RetryOption,
    RowsOption,
    limits_of,
    reading_of,
)

if TYPE_CHECKING:
    from quire.ingest.failure import Failure

    from ..library import Library
    from ..store.report import Report
    from .stopping import Stop

BUSY_SECONDS = 5.0  # until a library that another process writes to is tried again


def sync(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A folder with all below it.")],
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until Ctrl-C: changes are taken in as they come.")
    ] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    model: ModelOption = None,
    dtype: DtypeOption = "float32",
    metadata: MetadataOption = None,
    rows: RowsOption = None,
    engine: EngineOption = None,
    ocr: OcrOption = "auto",
    ocr_engine: OcrEngineOption = "auto",
    password: PasswordOption = None,
    limit: LimitOption = None,
    retry: RetryOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make the library match FOLDER: add what is new, take out what is gone.

    A file that was moved or renamed is known by its bytes and not read again. Documents from
    elsewhere stay as they are. All else is as with index.
    """
    from ..store.sidecar import read_sidecar
    from ..store.syncing import synced_folder
    from .adding import STOPPING, Wishes, shown
    from .opening import writable_library
    from .stopping import stoppable
    from .telling import tell

    limits = limits_of(limit)
    sidecar = read_sidecar(metadata) if metadata is not None else None
    root = synced_folder(folder)
    opened = writable_library(library, model, engine or "auto", rows, dtype=dtype)
    how = reading_of(engine or opened.manifest.engine, ocr, ocr_engine, password)
    wishes = Wishes(sidecar, limits, how, retry)
    with stoppable(STOPPING) as stop:
        work = partial(shown, partial(opened.sync, root), wishes, stop, as_json=as_json)
        if watch:
            raise typer.Exit(_watch(opened, root, work, stop, as_json=as_json))
        report = work()
    for failure in report.failures:
        output.note(f"Failed: {failure}")
    raise typer.Exit(tell(report, library, sidecar, as_json=as_json))


def _watch(
    library: "Library", root: str, work: "Callable[[], Report]", stop: "Stop", *, as_json: bool
) -> int:
    """Do the work whenever the folder has changed; a line for each time that there was any.

    A library that is busy, and a folder that is away, are waited for.
    """
    from quire.ingest.watch import changes

    from .telling import as_dict, sentence

    output.note(f"Watching {root}; Ctrl-C ends it.")
    told: set[Failure] = set()
    left = 0
    for _ in changes(root, stop.wait, str(library.path)):
        report = _waited_for(work, stop)
        if report is None:
            continue
        for failure in report.failures:
            if failure not in told:
                output.note(f"Failed: {failure}")
        told, left = set(report.failures), report.left
        if as_json:
            output.result(json.dumps(as_dict(report, str(library.path)), ensure_ascii=False))
        elif report.added or report.moved or report.removed or report.replaced:
            output.result(sentence(report, str(library.path)))
    return STOPPED if left else DONE


def _waited_for(work: "Callable[[], Report]", stop: "Stop") -> "Report | None":
    """The report, when the library is free; None when there is nothing to be done just now."""
    said = False
    while not stop.asked():
        try:
            return work()
        except LibraryBusy as busy:
            if not said:
                output.note(f"Waiting: {busy}")
            said = True
            stop.wait(BUSY_SECONDS)
        except NoFolder as gone:
            output.note(f"Waiting: {gone}")
            return None
    return None
