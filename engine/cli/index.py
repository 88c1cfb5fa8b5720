"""`quire index`: files in, a library out."""

from dataclasses import asdict
from typing import Annotated

import typer

from . import output
from .exits import SOME_FAILED
from .options import DEFAULT_LIBRARY, JsonOption, LibraryOption, ModelOption


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

    found_in(paths)
    report = add(writable_library(library, model), paths, as_json=as_json)
    for failure in report.failures:
        output.note(f"Failed: {failure}")
    if as_json:
        output.result_json(
            {
                "library": library,
                "added": len(report.added),
                "skipped": len(report.skipped),
                "pages": report.pages,
                "seconds": report.seconds,
                "failures": [asdict(failure) for failure in report.failures],
            }
        )
    elif report.added:
        output.result(
            f"Added {count(len(report.added), 'document')} with {count(report.pages, 'page')} to "
            f"{library} in {report.seconds:.1f} s; {len(report.skipped)} were there already."
        )
    elif report.failures:
        output.result(f"Added nothing to {library}: see the failures.")
    else:
        output.result(
            f"Nothing to do: all of {count(len(report.skipped), 'document')} "
            f"are in {library} already."
        )
    if report.failures:
        raise typer.Exit(SOME_FAILED)


def count(number: int, noun: str) -> str:
    """The number with its noun, which gets an s unless it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
