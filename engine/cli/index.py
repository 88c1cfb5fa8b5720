"""`quire index`: files in, a library out."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from . import output
from .exits import SOME_FAILED
from .options import DEFAULT_LIBRARY, JsonOption, LibraryOption, ModelOption

if TYPE_CHECKING:
    from ..store.report import Report


def index(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Files, or folders with all below them.")
    ],
    library: LibraryOption = DEFAULT_LIBRARY,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the documents at each PATH into the library.

    Documents that are in it already are passed over, so a second run costs next to nothing.
    """
    from .adding import add, found_in
    from .opening import writable_library

    found = found_in(paths)
    report = add(writable_library(library, model), found, paths, as_json=as_json)
    if as_json:
        output.result_json(
            {
                "library": library,
                "added": len(report.added),
                "skipped": len(report.skipped),
                "replaced": len(report.replaced),
                "pages": report.pages,
                "seconds": report.seconds,
                "failures": [asdict(failure) for failure in report.failures],
            }
        )
    else:
        output.result(_sentence(report, library))
    if report.failures:
        raise typer.Exit(SOME_FAILED)


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
