"""Questions and pictures in, pages out."""

import tempfile
import time
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Query, UploadFile
from PIL import Image

from quire.ingest.read import open_pages

from ...search.hits import Hits
from ...store.images import load_image
from ...store.layout import Layout
from ..desk import Desk, TheDesk
from ..models import RegionSearch, SearchReply, SearchRequest
from ..refusals import Refusal
from ..replies import search_reply
from ..workers import run

router = APIRouter(prefix="/api/search", tags=["search"])
SMALLEST = 8  # pixels of a side; less shows nothing


@router.post("")
async def search(asked: SearchRequest, desk: TheDesk) -> SearchReply:
    """The pages that answer a question, best first."""
    if asked.rerank and not desk.settings.rerank:
        raise Refusal(400, "bad request", "this server has no reranker: start it with --rerank")
    library = desk.shelf.library
    began = time.perf_counter()

    def work() -> SearchReply:
        waited = time.perf_counter() - began
        hits = library.search(
            asked.query,
            k=asked.k,
            where=asked.where,
            mode=asked.mode,
            rerank=desk.settings.rerank if asked.rerank else None,
        )
        return search_reply(hits, desk.pictures, waited)

    return await run(desk.workers.search, work)


@router.post("/picture")
async def search_picture(
    picture: Annotated[UploadFile, File(description="A picture, or a document's first page.")],
    desk: TheDesk,
    k: Annotated[int, Query(ge=1, le=100)] = 12,
) -> SearchReply:
    """The pages that look most like a picture. It is read in a process of its own, as documents
    are, and not kept."""
    content = await picture.read()
    began = time.perf_counter()

    def work() -> SearchReply:
        return _like(desk, _read(content, desk), k, began)

    return await run(desk.workers.search, work)


@router.post("/region")
async def search_region(asked: RegionSearch, desk: TheDesk) -> SearchReply:
    """The pages that look most like a part of a page."""
    desk.shelf.page(asked.document, asked.page)
    began = time.perf_counter()

    def work() -> SearchReply:
        layout = Layout(desk.shelf.library.path)
        page = load_image(layout, asked.document, asked.page)
        across, down = sorted((asked.box.x0, asked.box.x1)), sorted((asked.box.y0, asked.box.y1))
        part = (
            round(across[0] * page.width),
            round(down[0] * page.height),
            round(across[1] * page.width),
            round(down[1] * page.height),
        )
        return _like(desk, page.crop(part), asked.k, began)

    return await run(desk.workers.search, work)


def _like(desk: Desk, picture: Image.Image, k: int, began: float) -> SearchReply:
    waited = time.perf_counter() - began
    if min(picture.size) < SMALLEST:
        raise Refusal(400, "bad request", f"{picture.size} pixels are too few: take a larger part")
    hits: Hits = desk.shelf.library.search_picture(picture, k=k)
    return search_reply(hits, desk.pictures, waited)


def _read(content: bytes, desk: Desk) -> Image.Image:
    """Raises ReadFailed for what is no picture and no document."""
    with tempfile.TemporaryDirectory(prefix="quire-picture-") as folder:
        place = Path(folder) / "picture"
        place.write_bytes(content)
        with open_pages(place, desk.shelf.encoder.budget, desk.settings.limits) as pages:
            return next(iter(pages)).image
