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
DtypeOption = Annotated[
    str,
    typer.Option(
        "--dtype",
        help="What pages are computed in: float32, bfloat16, or auto, which is what is quicker "
        "here. Pages of both are searched together.",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME_OR_PATH",
        help=f"The encoder, {DEFAULT_MODEL} if not given; a library keeps the one it has.",
    ),
]
