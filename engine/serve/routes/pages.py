"""Pages of documents: pictures, heat maps and regions."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from ..desk import TheDesk
from ..models import HeatmapReply, RegionReply
from ..replies import heatmap_reply, region_reply
from ..workers import run

router = APIRouter(prefix="/api/documents/{document}/pages/{page}", tags=["pages"])

# An id is 32 hex digits and is looked up among the documents before any path is made of it.
DocumentId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="A document's id.")]
Number = Annotated[int, Path(ge=1, le=1_000_000, description="Of the page, from 1.")]
Question = Annotated[str, Query(min_length=1, max_length=2_000)]
# The id is made from the document's bytes, so what lies under it never changes.
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {"image/webp": {}, "image/png": {}}}}


@router.get("/image", response_class=Response, responses=PICTURE)
async def image(document: DocumentId, page: Number, desk: TheDesk) -> Response:
    """The page as it was encoded."""
    desk.shelf.page(document, page)
    content, kind = await run(desk.workers.draw, desk.pictures.whole, document, page)
    return Response(content, media_type=kind, headers=FOR_EVER)


@router.get("/thumbnail", response_class=Response, responses=PICTURE)
async def thumbnail(document: DocumentId, page: Number, desk: TheDesk) -> Response:
    """The page in small: at most 400 x 560 pixels."""
    desk.shelf.page(document, page)
    content = await run(desk.workers.draw, desk.pictures.small, document, page)
    return Response(content, media_type="image/webp", headers=FOR_EVER)


@router.get("/heatmap")
async def heatmap(
    document: DocumentId, page: Number, query: Question, desk: TheDesk
) -> HeatmapReply:
    """Where on the page the words of a question are seen, to be painted by whoever asks."""

    def work() -> HeatmapReply:
        return heatmap_reply(desk.shelf.hit(document, page, query).heatmap())

    return await run(desk.workers.explain, work)


@router.get("/regions")
async def regions(
    document: DocumentId,
    page: Number,
    query: Question,
    desk: TheDesk,
    k: Annotated[int, Query(ge=1, le=20)] = 3,
) -> list[RegionReply]:
    """The places of the page that speak most for a question, best first."""

    def work() -> list[RegionReply]:
        return [region_reply(found) for found in desk.shelf.hit(document, page, query).regions(k)]

    return await run(desk.workers.explain, work)
