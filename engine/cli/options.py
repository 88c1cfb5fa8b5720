"""Arguments that several commands share."""

from typing import Annotated

import typer

DEFAULT_LIBRARY = "quire-library"
DEFAULT_MODEL = "quire-mini"

LibraryOption = Annotated[
    str, typer.Option("--library", metavar="DIR", help="The folder of the library.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME_OR_PATH",
        help=f"The encoder, {DEFAULT_MODEL} if not given; a library keeps the one it has.",
    ),
]
