"""Is the server well, and what has it done?"""

from importlib.metadata import version

from fastapi import APIRouter, Request, Response

from ..desk import TheDesk
from ..metrics import MEDIA_TYPE
from ..models import HealthReply, SessionRequest
from ..refusals import Refusal
from ..tokens import COOKIE, Doorman
from ..workers import run

router = APIRouter(tags=["status"])


def _doorman(request: Request) -> Doorman:
    doorman: Doorman = request.app.state.doorman
    return doorman


@router.get("/health")
async def health(request: Request, desk: TheDesk) -> HealthReply:
    """Open to all; without the token only whether the server is up."""
    doorman, shelf = _doorman(request), desk.shelf
    allowed = doorman.lets_in(
        request.headers.get("authorization", ""), request.headers.get("cookie", "")
    )
    told = HealthReply(state=shelf.state, token_needed=doorman.needs_token, allowed=allowed)
    if not allowed:
        return told
    told.problem, told.version = shelf.problem, version("quire")
    told.rerank = bool(desk.settings.rerank)
    told.generator = _name(desk.settings.generator)
    if shelf.state == "ready":
        documents = await run(desk.workers.draw, shelf.documents)
        told.encoder = shelf.encoder.name
        told.documents, told.pages = len(documents), sum(d.pages for d in documents)
    return told


@router.post("/api/session", status_code=204)
async def session(asked: SessionRequest, request: Request, response: Response) -> None:
    """A cookie for the token, so that pictures in a page can be fetched as well."""
    doorman = _doorman(request)
    if not doorman.needs_token or not doorman.knows(asked.token):
        raise Refusal(401, "wrong token", "this is not the server's token")
    response.set_cookie(
        COOKIE,
        doorman.session,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )


@router.get("/metrics", response_class=Response)
async def metrics(desk: TheDesk) -> Response:
    """For Prometheus, in its text form."""
    gauges = {
        "ready": float(desk.shelf.state == "ready"),
        "streams": float(desk.streams),
        "jobs_running": float(sum(not job.over for job in desk.jobs.all())),
    }
    if desk.shelf.state == "ready":
        documents = await run(desk.workers.draw, desk.shelf.documents)
        gauges["documents"] = float(len(documents))
        gauges["pages"] = float(sum(document.pages for document in documents))
    return Response(desk.metrics.text(gauges), media_type=MEDIA_TYPE)


def _name(generator: object) -> str:
    """What to call it: of a folder only its last part."""
    named = generator if isinstance(generator, str) else getattr(generator, "name", "")
    return str(named).rstrip("/").rpartition("/")[2]
