"""How adding goes, and how to stop it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import StreamingResponse

from ..desk import TheDesk
from ..events import BEAT, HEADERS, MEDIA_TYPE, event
from ..jobs import Job
from ..models import JobReply
from ..streams import counted

router = APIRouter(prefix="/api/jobs", tags=["documents"])
JobId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
LOOK = 0.2  # seconds between two looks at a job that is watched


@router.get("")
async def list_jobs(desk: TheDesk) -> list[JobReply]:
    """All that are going on, and the last that are over; newest first."""
    return [JobReply(**job.as_dict()) for job in desk.jobs.all()]


@router.get("/{job}")
async def show_job(job: JobId, desk: TheDesk) -> JobReply:
    return JobReply(**desk.jobs.get(job).as_dict())


@router.delete("/{job}")
async def stop_job(job: JobId, desk: TheDesk) -> JobReply:
    """Stop adding after the page in hand; documents that are finished stay."""
    return JobReply(**desk.jobs.stop(job).as_dict())


@router.get(
    "/{job}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {MEDIA_TYPE: {}}}},
)
async def watch_job(job: JobId, desk: TheDesk) -> StreamingResponse:
    """The whole job again at each change, as event `job`, until it is over: a watcher that has
    lost its connection has lost nothing."""
    watched = desk.jobs.get(job)
    return StreamingResponse(counted(desk, _watch(watched)), media_type=MEDIA_TYPE, headers=HEADERS)


async def _watch(job: Job) -> AsyncIterator[bytes]:
    seen, quiet = -1, 0.0
    while True:
        changes, over = job.changes, job.over
        if changes != seen:
            seen, quiet = changes, 0.0
            yield event("job", job.as_dict())
        if over:
            return
        await asyncio.sleep(LOOK)
        quiet += LOOK
        if quiet >= BEAT:
            quiet = 0.0
            yield b": still here\n\n"
