"""Runs the application until it is told to stop."""

import logging
import webbrowser
from collections.abc import Callable

import uvicorn

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

    Raises OSError when the port is taken.
    """
    config = uvicorn.Config(
        create_app(open_library, settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=64 * 1024,
    )
    socket = config.bind_socket()
    shown = address(settings, socket.getsockname()[1])
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    tell(shown)
    if open_browser:
        webbrowser.open(shown)
    uvicorn.Server(config).run(sockets=[socket])


def address(settings: Settings, port: int) -> str:
    """Where to find the page. The token stands behind the #, which browsers keep to themselves."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    token = f"#token={settings.token}" if settings.token else ""
    return f"http://{host}:{port}/{token}"
