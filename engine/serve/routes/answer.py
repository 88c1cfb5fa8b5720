"""Written answers, while they are being written."""

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from ..desk import TheDesk
from ..events import HEADERS, MEDIA_TYPE, Event, from_thread
from ..models import AnswerRequest
from ..refusals import sentence_of
from ..replies import answer_event
from ..streams import counted

router = APIRouter(prefix="/api/answer", tags=["answer"])


@router.post("", response_class=StreamingResponse, responses={200: {"content": {MEDIA_TYPE: {}}}})
async def answer(asked: AnswerRequest, desk: TheDesk) -> StreamingResponse:
    """Events: `retrieved` (the pages), `written` (letters), `checked` (a sentence with its
    citations), `finished`; or `error` in place of what was still to come."""
    library = desk.shelf.library

    def produce() -> Iterator[Event]:
        events = library.answering(
            asked.question,
            desk.settings.generator,
            where=asked.where,
            mode=asked.mode,
            k=asked.k,
        )
        for one in events:
            yield answer_event(one)

    stream = from_thread(desk.workers.answer, produce, _error)
    return StreamingResponse(counted(desk, stream), media_type=MEDIA_TYPE, headers=HEADERS)


def _error(error: Exception) -> Event:
    _, kind, message = sentence_of(error)
    return "error", {"message": message, "type": kind}
