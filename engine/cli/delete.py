"""`quire delete`: documents out of a library."""

from typing import Annotated

import typer

from . import output
from .exits import UsageError
from .options import DEFAULT_LIBRARY, JsonOption, LibraryOption


def delete(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TARGET]...", help="Paths, folders or ids of documents."),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where", metavar="SQL", help="Documents of which every page matches, as in search."
        ),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Take documents out of the library; the files themselves stay.

    Of a document that lies at several paths only the path that is named is forgotten.
    """
    from .opening import open_library

    if not targets and where is None:
        raise UsageError("nothing to delete: name paths, folders or ids, or give --where")
    gone = open_library(library, encoder=False).delete(targets or (), where=where)
    if as_json:
        told = [{"document": document.id, "path": document.paths[0]} for document in gone]
        output.result_json({"library": library, "deleted": told})
        return
    for document in gone:
        output.note(f"Deleted: {document.paths[0]}")
    output.result(f"Deleted {output.count(len(gone), 'document')} from {library}.")
