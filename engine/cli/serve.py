"""`quire serve`: the library in a browser, and over HTTP."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from . import output
from .exits import Refused
from .options import DEFAULT_LIBRARY, LibraryOption, ModelOption

if TYPE_CHECKING:
    from ..library import Library


def serve(
    library: LibraryOption = DEFAULT_LIBRARY,
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; beyond this machine needs a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes one that is free.")
    ] = 8765,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            metavar="WORD",
            help="Who shows it may use the server. Other users can see it in the list of "
            "processes: better put it into the environment, as QUIRE_TOKEN.",
        ),
    ] = None,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser.")
    ] = False,
    generator: Annotated[
        str,
        typer.Option(
            "--generator",
            metavar="NAME_OR_PATH",
            help="Who writes answers: extractive, server, or the folder of a model; see quire ask.",
        ),
    ] = "extractive",
    rerank: Annotated[
        str,
        typer.Option("--rerank", metavar="NAME_OR_PATH", help="A reranker that may be asked for."),
    ] = "",
    model: ModelOption = None,
) -> None:
    """Serve the library: a page for people, and an interface for programs (see /docs).

    A library that is not there yet is made, and documents can be added in the page. Ctrl-C ends it.
    """
    try:
        from ..serve.server import serve as run
        from ..serve.settings import Settings
    except ImportError as error:
        raise Refused(
            f"serving needs packages that are missing ({error.name}): pip install 'quire[serve]'"
        ) from error
    from ..answer.choosing import generator_of

    settings = Settings(
        host=host,
        port=port,
        token=token or os.environ.get("QUIRE_TOKEN", ""),
        generator=generator_of(generator),
        rerank=rerank,
    )

    def tell(address: str) -> None:
        output.result(f"quire serves {library} at {address}")
        output.note("Ctrl-C ends it.")

    run(lambda: _open(library, model), settings, tell=tell, open_browser=open_browser)


def _open(path: str, model: str | None) -> "Library":
    """The library, with an encoder that many threads can share."""
    from ..library import Library
    from ..serve.encoding import SharedEncoder
    from .opening import encoder_for

    return Library.open(path, SharedEncoder(encoder_for(path, model)), create=True)
