"""A server for tests: a small library, and a client that waits until it is open."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import uvicorn
from PIL import Image
from standin import StandIn, word_vector, write_pdf
from starlette.testclient import TestClient

from quire.engine import Library
from quire.engine.encode.protocol import Vectors
from quire.engine.serve.app import create_app
from quire.engine.serve.encoding import SharedEncoder
from quire.engine.serve.server import listen
from quire.engine.serve.settings import Settings

FERRY = "The ferry sails at noon. It carries 291 people."
HERE = "http://127.0.0.1"


class Seeing(StandIn):
    """A stand-in that takes pictures too: of one it sees the word "ferry" and nothing else."""

    def _encode(self, items: Any, vectors: str) -> Any:
        if isinstance(items, Image.Image):
            return word_vector("ferry")[None].copy()
        return super()._encode(items, vectors)


class Slow(Seeing):
    """Takes its time for each page."""

    seconds = 0.15

    def _one(self, item: Any) -> Vectors:
        if not isinstance(item, str):
            time.sleep(self.seconds)
        return super()._one(item)


def opener(
    folder: Path, *, empty: bool = False, encoder: StandIn | None = None
) -> Callable[[], Library]:
    """What `create_app` opens: two documents, ships.pdf of two pages and bees.pdf of one."""

    def open_library() -> Library:
        shared = SharedEncoder(encoder or Seeing())
        library = Library.open(folder / "library", shared, create=True)
        if not empty and not len(library):
            write_pdf(folder / "ships.pdf", FERRY, "The captain retires in spring.")
            write_pdf(folder / "bees.pdf", "Bees of the northern heath swarm in May.")
            library.add([folder / "ships.pdf", folder / "bees.pdf"])
        return library

    return open_library


@contextmanager
def serving(
    open_library: Callable[[], Library], settings: Settings | None = None, **headers: str
) -> Iterator[TestClient]:
    """A client of a server whose library is open."""
    app = create_app(open_library, settings or Settings())
    with TestClient(app, base_url=HERE, headers=headers, raise_server_exceptions=False) as client:
        for _ in range(600):
            if client.get("/health").json()["state"] != "loading":
                break
            time.sleep(0.05)
        yield client


def events(text: str) -> list[tuple[str, Any]]:
    """Server-sent events as names and values."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def documents(client: TestClient) -> dict[str, Any]:
    """Name -> document."""
    return {one["name"]: one for one in client.get("/api/documents").json()["documents"]}


def add(client: TestClient, *files: tuple[str, bytes]) -> dict[str, Any]:
    """Upload files and follow the job to its end, which is returned."""
    sent = [("files", (name, content, "application/octet-stream")) for name, content in files]
    reply = client.post("/api/documents", files=sent)
    assert reply.status_code == 202, reply.text
    told = events(client.get(f"/api/jobs/{reply.json()['id']}/events").text)
    last: dict[str, Any] = told[-1][1]
    return last


def pdf_bytes(folder: Path, *pages: str, title: str = "") -> bytes:
    content: bytes = write_pdf(folder / "made.pdf", *pages, title=title).read_bytes()
    return content


def unpacked(packed: str, *shape: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), np.uint8).reshape(shape)


@contextmanager
def listening(
    open_library: Callable[[], Library], settings: Settings | None = None
) -> Iterator[tuple[str, Any]]:
    """A real server in a thread of its own: its address, and the application."""
    app = create_app(open_library, settings or Settings())
    config = uvicorn.Config(app, log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    socket = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{socket.getsockname()[1]}"
    try:
        for _ in range(600):
            with suppress(httpx2.TransportError):
                if httpx2.get(f"{address}/health").json()["state"] != "loading":
                    break
            time.sleep(0.05)
        yield address, app
    finally:
        server.should_exit = True
        thread.join(10)
        socket.close()
