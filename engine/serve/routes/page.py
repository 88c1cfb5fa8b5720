"""The page in the browser: its files, read once when the server starts."""

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request, Response

from ..refusals import Refusal

router = APIRouter(include_in_schema=False)
TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


def read_files() -> dict[str, tuple[bytes, str, str]]:
    """Name -> content, media type and tag of every file of the page. What a request names is
    looked up here and never on the disk."""
    found: dict[str, tuple[bytes, str, str]] = {}

    def walk(folder: Traversable, above: str) -> None:
        for entry in folder.iterdir():
            name = f"{above}{entry.name}"
            if entry.is_dir():
                walk(entry, f"{name}/")
            elif (kind := TYPES.get(name.rpartition(".")[2])) is not None:
                content = entry.read_bytes()
                found[name] = (content, kind, f'"{hashlib.sha256(content).hexdigest()[:16]}"')

    walk(files("quire.engine.serve") / "page", "")
    return found


def _send(request: Request, name: str) -> Response:
    known: dict[str, tuple[bytes, str, str]] = request.app.state.files
    if name not in known:
        raise Refusal(404, "not found", "the page has no such file")
    content, kind, tag = known[name]
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


@router.get("/")
async def index(request: Request) -> Response:
    return _send(request, "index.html")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """What the interface offers, drawn from /openapi.json without anything from elsewhere."""
    return _send(request, "docs.html")


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    return _send(request, "mark.svg")


@router.get("/page/{name:path}")
async def file(name: str, request: Request) -> Response:
    return _send(request, name)
