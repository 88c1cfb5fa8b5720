"""The application: routes, errors, and the guard before them."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from ..library import Library
from .desk import Desk
from .guard import Guard
from .models import ErrorReply
from .refusals import install
from .routes import answer, documents, embeddings, jobs, page, pages, search, status
from .settings import Settings
from .tokens import Doorman

DESCRIPTION = """Finds the page that answers a question, and the place on it.

Where the server has a token, show it with each request: `Authorization: Bearer TOKEN`.
Every error has the form `{"error": {"message": ..., "type": ...}}`."""
ERRORS: dict[int | str, dict[str, object]] = {
    status: {"model": ErrorReply, "description": told}
    for status, told in {
        400: "The request cannot be meant so.",
        401: "The token is missing or wrong.",
        403: "The request comes from another site.",
        404: "There is no such thing.",
        408: "The request took too long to come.",
        409: "Not now: nothing has been added, or adding goes on.",
        413: "The request is too large.",
        421: "The server is called otherwise.",
        422: "A field is missing, wrong or unknown.",
        429: "Too many requests.",
        503: "Not ready yet, or too busy.",
    }.items()
}


def create_app(open_library: Callable[[], Library], settings: Settings) -> FastAPI:
    """The application for one library, which is opened when it starts.

    The library that `open_library` returns must have been opened with a `SharedEncoder`.
    """
    desk = Desk(open_library, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=desk.shelf.open, name="quire-open", daemon=True).start()
        yield
        for job in desk.jobs.all():
            desk.jobs.stop(job.id)
        desk.workers.close()

    app = FastAPI(
        title="quire",
        version=version("quire"),
        description=DESCRIPTION,
        docs_url=None,  # these load scripts from elsewhere; routes/page.py has one that does not
        redoc_url=None,
        lifespan=lifespan,
        responses=ERRORS,
    )
    app.state.desk, app.state.doorman = desk, Doorman(settings.token)
    app.state.files = page.read_files()
    for part in (search, documents, jobs, pages, answer, embeddings, status, page):
        app.include_router(part.router)
    install(app)
    app.add_middleware(Guard, settings=settings, doorman=app.state.doorman, metrics=desk.metrics)
    return app
