"""`quire export` and `quire import`: a library in one file."""

from pathlib import Path
from typing import Annotated

import typer

from . import output
from .exits import DONE, STOPPED
from .options import DEFAULT_LIBRARY, JsonOption, LibraryOption


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to be made, a ZIP.")],
    sources: Annotated[
        bool, typer.Option("--sources", help="Put the documents' own files in, too.")
    ] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Write the library to one file, which another machine can import.

    It holds pages, vectors, texts and metadata, with a hash of each; and the paths, which may tell
    more than you want of how your folders are called.
    """
    from .adding import Pages
    from .opening import open_library
    from .progress import bar
    from .stopping import Stop

    opened = open_library(library, encoder=False)
    with bar("Exporting", "pages", as_json=as_json) as drawn:
        done = opened.export(file, sources=sources, progress=Pages(drawn, Stop()))
    if as_json:
        output.result_json(
            {
                "file": str(done.path),
                "documents": done.documents,
                "pages": done.pages,
                "bytes": done.size,
                "without_source": [document.paths[0] for document in done.without_source],
            }
        )
        return
    for document in done.without_source:
        output.note(f"Without its file, which is gone or has changed: {document.paths[0]}")
    documents, pages = output.count(done.documents, "document"), output.count(done.pages, "page")
    output.result(f"Exported {documents} with {pages} to {file} ({done.size / 1e6:.1f} MB).")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What quire export has made.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Take in the documents of an exported library; nothing is read or encoded again.

    The library is made if there is none yet. One that is there must be of the same encoder; what it
    holds already is not doubled. Every part of the file is checked first.
    """
    from ..library import Library
    from .adding import STOPPING, Pages
    from .opening import open_library
    from .progress import bar
    from .stopping import stoppable
    from .telling import as_dict, tell_left

    with stoppable(STOPPING) as stop, bar("Importing", "pages", as_json=as_json) as drawn:
        progress = Pages(drawn, stop)
        if (Path(library) / "manifest.json").is_file():
            report = open_library(library, encoder=False).import_(file, progress=progress)
        else:
            report = Library.make_like(file, library).import_(file, progress=progress)
    if as_json:
        output.result_json(as_dict(report, library))
    else:
        added, there = (output.count(len(d), "document") for d in (report.added, report.skipped))
        more = f"; {there} already there" if report.skipped else ""
        pages = output.count(report.pages, "page")
        output.result(f"Imported {added} with {pages} into {library}{more}.")
    tell_left(report)
    raise typer.Exit(STOPPED if report.left else DONE)
