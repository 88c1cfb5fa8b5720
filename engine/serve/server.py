"""Runs the application until it is told to stop."""

import logging
import socket
import webbrowser
from collections.abc import Callable

import uvicorn

from ..errors import ServeError
from ..library import Library
from .app import create_app
from .settings import Settings


def serve(
    open_library: Callable[[], Library],
    settings: Settings,
    *,
    tell: Callable[[str], None],
    open_browser: bool = False,
) -> None:
    """Blocks until Ctrl-C or a signal. `tell` is given the address, once the server listens.

    Raises ServeError when the port is taken.
    """
    config = uvicorn.Config(
        create_app(open_library, settings),
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=64 * 1024,
    )
    listening = listen(settings.host, settings.port)
    shown = address(settings, listening.getsockname()[1])
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    tell(shown)
    if open_browser:
        webbrowser.open(shown)
    uvicorn.Server(config).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A bound TCP socket; port 0 takes one that is free. Raises ServeError when the port is taken.

    The protocol is named, for only then does asyncio send at once what there is to send: without,
    each reply waited 40 ms for the other side to acknowledge its head.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, place = found[0]
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
    except OSError as error:
        listening.close()
        told = f"{error.strerror}: choose another --port, or 0 for any that is free"
        raise ServeError(f"{host} port {port}: {told}") from error
    return listening


def address(settings: Settings, port: int) -> str:
    """Where to find the page. The token stands behind the #, which browsers keep to themselves."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    token = f"#token={settings.token}" if settings.token else ""
    return f"http://{host}:{port}/{token}"
