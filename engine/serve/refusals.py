"""How every error is told: one JSON form, a sentence for people and a word for programs."""

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from quire.ingest.failure import ReadFailed

from ..errors import (
    QUIRE_ERRORS,
    AnswerError,
    EmptyLibrary,
    EncodeError,
    LibraryBusy,
    NoSuchPage,
    NotReady,
    SearchError,
)

log = logging.getLogger(__name__)

# The first that fits counts.
STATUSES: tuple[tuple[type[Exception], int, str], ...] = (
    (NotReady, 503, "not ready"),
    (NoSuchPage, 404, "not found"),
    (SearchError, 400, "bad request"),
    (EncodeError, 400, "bad request"),
    (ReadFailed, 400, "unreadable"),
    (EmptyLibrary, 409, "empty library"),
    (LibraryBusy, 409, "busy"),
    (AnswerError, 502, "generator"),
)


class Refusal(Exception):
    """A request that cannot be served, with its status, a word for it, and a sentence."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


def told(
    status: int, kind: str, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    plain = message.encode("utf-8", "replace").decode("utf-8")
    return JSONResponse({"error": {"message": plain, "type": kind}}, status, headers)


def sentence_of(error: Exception) -> tuple[int, str, str]:
    """Status, kind and sentence of an error that the library raises on purpose; of any other, a
    sentence that gives nothing away."""
    if isinstance(error, Refusal):
        return error.status, error.kind, str(error)
    for kind, status, name in STATUSES:
        if isinstance(error, kind):
            if isinstance(error, LibraryBusy):
                return (
                    status,
                    name,
                    "documents are being added: wait until that is done, or stop it",
                )
            if isinstance(error, EmptyLibrary):
                return status, name, "nothing has been added yet: add documents first"
            if isinstance(error, ReadFailed):
                return status, name, error.failure.reason
            return status, name, str(error)
    if isinstance(error, QUIRE_ERRORS):
        return 409, "refused", str(error)
    log.error("a request failed", exc_info=error)
    return 500, "internal", "something went wrong here, and the server's log says what"


def _without_paths(error: Exception) -> str:
    """What the library says, less what is nobody's business: where things lie on this machine."""
    if isinstance(error, LibraryBusy):
        return "documents are being added: wait until that is done, or stop it"
    if isinstance(error, EmptyLibrary):
        return "nothing has been added yet: add documents first"
    return error.failure.reason if isinstance(error, ReadFailed) else str(error)


def install(app: FastAPI) -> None:
    """Let all errors of the application take this form."""

    async def on_error(request: Request, error: Exception) -> JSONResponse:
        return told(*sentence_of(error))

    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        kind = {404: "not found", 405: "not allowed", 413: "too large"}.get(
            error.status_code, "bad request"
        )
        return told(error.status_code, kind, str(error.detail), error.headers)

    async def on_invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return told(422, "invalid", f"{where}: {first['msg']}")

    for kind in (Refusal, *QUIRE_ERRORS, OSError):
        app.add_exception_handler(kind, on_error)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_error)
