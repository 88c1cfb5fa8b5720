"""`quire index`: files in, a library out."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quire.ingest.outcome import INDEXED, OUTCOMES, UNCHANGED, outcome

from . import output
from .exits import SOME_FAILED
from .options import DEFAULT_LIBRARY, JsonOption, LibraryOption, ModelOption
from .reading import (
    EngineOption,
    LimitOption,
    OcrEngineOption,
    OcrOption,
    PasswordOption,
    RetryOption,
    RowsOption,
    limits_of,
    passwords_of,
)

if TYPE_CHECKING:
    from ..store.report import Report


def index(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH", help="Files, folders with all below them, or http(s) addresses."
        ),
    ],
    library: LibraryOption = DEFAULT_LIBRARY,
    model: ModelOption = None,
    metadata: Annotated[
        Path | None,
        typer.Option(
            "--metadata",
            metavar="FILE",
            help="CSV or JSON: a column `file`, and what to note of it.",
        ),
    ] = None,
    rows: RowsOption = None,
    engine: EngineOption = None,
    ocr: OcrOption = "auto",
    ocr_engine: OcrEngineOption = "auto",
    password: PasswordOption = None,
    limit: LimitOption = None,
    retry: RetryOption = False,
    as_json: JsonOption = False,
) -> None:
    """Read the documents at each PATH into the library.

    Documents that are in it already are passed over, so a second run costs next to nothing. A page
    that cannot be read costs that page; files that cannot be read are told, and remembered.
    """
    from quire.ingest.options import Reading

    from ..store.sidecar import read_sidecar
    from .adding import Wishes, add, found_in
    from .opening import writable_library

    limits = limits_of(limit)
    sidecar = read_sidecar(metadata) if metadata is not None else None
    found = found_in(paths)
    opened = writable_library(library, model, engine or "auto", rows)
    how = Reading(
        engine=engine or opened.manifest.engine,
        ocr=ocr,
        ocr_engine=ocr_engine,
        passwords=passwords_of(password),
    )
    report = add(opened, found, paths, Wishes(sidecar, limits, how, retry), as_json=as_json)
    if as_json:
        output.result_json(
            {
                "library": library,
                "added": len(report.added),
                "skipped": len(report.skipped),
                "replaced": len(report.replaced),
                "pages": report.pages,
                "seconds": report.seconds,
                "outcomes": outcomes(report),
                "failures": [asdict(failure) for failure in report.failures],
            }
        )
    else:
        output.result(_sentence(report, library))
        for line in table(report):
            output.result(line)
    if sidecar is not None:
        for name in sidecar.unused():
            output.note(f"Metadata for {name!r} is of no document here: check its name.")
    if report.failures:
        raise typer.Exit(SOME_FAILED)


def outcomes(report: "Report") -> dict[str, int]:
    """How many files ended how; a document that lacks pages is indexed all the same."""
    counts = dict.fromkeys(OUTCOMES, 0)
    counts[INDEXED], counts[UNCHANGED] = len(report.added), len(report.skipped)
    for failure in report.failures:
        if failure.page is None:
            counts[outcome(failure)] += 1
    return counts


def table(report: "Report") -> Iterator[str]:
    """The outcomes, where there is more to tell than one sentence does."""
    counts = outcomes(report)
    if not report.failures or sum(counts.values()) < 2:
        return
    for name, count in counts.items():
        if count:
            yield f"{count:6}  {name}"
    lost = sum(failure.page is not None for failure in report.failures)
    if lost:
        yield f"{lost:6}  pages lost of documents that were indexed"


def _sentence(report: "Report", library: str) -> str:
    added = output.count(len(report.added), "document")
    there = output.count(len(report.skipped), "document")
    if report.added:
        pages = output.count(report.pages, "page")
        more = f"; {there} already there" if report.skipped else ""
        return f"Added {added} with {pages} to {library} in {report.seconds:.1f} s{more}."
    if report.failures and not report.skipped:
        return f"Nothing was added to {library}."
    return f"Nothing to do: {library} holds {there} from there already, unchanged."
