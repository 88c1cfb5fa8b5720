"""Documents: what is there, more of them, fewer of them."""

from typing import Annotated

from fastapi import APIRouter, File, UploadFile

from ..desk import TheDesk
from ..jobs import failure_as_dict
from ..models import DeletedReply, DocumentsReply, FailureReply, JobReply
from ..refusals import Refusal
from ..replies import document_reply
from ..workers import run
from .pages import DocumentId

router = APIRouter(prefix="/api/documents", tags=["documents"])
MOST_FAILURES = 500


@router.get("")
async def list_documents(desk: TheDesk) -> DocumentsReply:
    """What is there, by path, and what could not be read when it was last met."""

    def work() -> DocumentsReply:
        documents, failures = desk.shelf.documents(), desk.shelf.library.failures()
        return DocumentsReply(
            documents=[document_reply(document) for document in documents],
            failures=[FailureReply(**failure_as_dict(f)) for f in failures[:MOST_FAILURES]],
            pages=sum(document.pages for document in documents),
        )

    return await run(desk.workers.draw, work)


@router.post("", status_code=202)
async def add_documents(
    files: Annotated[list[UploadFile], File(description="Any number of files.")], desk: TheDesk
) -> JobReply:
    """Take files in. The reply comes at once and names a job; its events tell how it goes."""
    library = desk.shelf.library
    if len(files) > desk.settings.max_files:
        many, most = len(files), desk.settings.max_files
        raise Refusal(413, "too large", f"{many} files at once, and {most} are allowed: send fewer")
    places = [
        await run(desk.workers.draw, desk.uploads.keep, file.filename or "", file.file)
        for file in files
    ]
    job = desk.jobs.new(list(dict.fromkeys(places)))
    desk.workers.add.submit(desk.jobs.work, job, library)
    return JobReply(**job.as_dict())


@router.delete("/{document}")
async def delete_document(document: DocumentId, desk: TheDesk) -> DeletedReply:
    """Take a document out, with its pages and what was uploaded of it; files elsewhere stay."""
    desk.shelf.document(document)

    def work() -> DeletedReply:
        gone = desk.shelf.library.delete(document)
        desk.uploads.forget(document)
        desk.shelf.documents()
        return DeletedReply(deleted=[document_reply(one) for one in gone])

    return await run(desk.workers.explain, work)
