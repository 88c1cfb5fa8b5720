"""What the library found, in the form in which it is sent."""

import base64
from typing import Any

import numpy as np

from quire.ingest.document import Document

from ..answer.answer import Claim
from ..answer.events import Checked, Event, Finished, Retrieved, Written
from ..explain.heatmap import Heatmap
from ..explain.region import Region
from ..search.hits import Hit, Hits
from ..store.text import storable
from .jobs import name_of
from .models import (
    DocumentReply,
    HeatmapReply,
    HitReply,
    Mark,
    Reason,
    RegionReply,
    SearchReply,
)
from .pictures import Pictures
from .snippet import snippet_of

LONGEST_TEXT = 2_000  # letters of a region's text


def search_reply(hits: Hits, pictures: Pictures, waited: float) -> SearchReply:
    """Everything a list of results shows. Reads the heads of the pictures."""
    scores = [hit.score for hit in hits]
    worst, best = (min(scores), max(scores)) if scores else (0.0, 0.0)
    spread = best - worst or 1.0
    relevance = hits.relevance if hits.query else 1.0  # a picture asks nothing
    return SearchReply(
        query=hits.query,
        mode=hits.plan.mode,
        plan=str(hits.plan),
        seconds=hits.plan.seconds,
        waited=waited,
        pages=hits.plan.pages,
        of=hits.plan.of,
        relevance=relevance,
        found=hits.found if hits.query else True,
        hits=[
            hit_reply(hit, hits.query, (hit.score - worst) / spread if spread else 1.0, pictures)
            for hit in hits
        ],
    )


def hit_reply(hit: Hit, query: str, share: float, pictures: Pictures) -> HitReply:
    snippet = snippet_of(hit.text, query)
    width, height = pictures.size(hit.document.id, hit.page)
    return HitReply(
        document=hit.document.id,
        name=hit.name,
        title=storable(hit.document.title),
        page=hit.page,
        pages=hit.document.pages,
        score=hit.score,
        share=share,
        section=hit.section,
        snippet=snippet.text,
        marks=[Mark(start=a, end=b) for a, b in snippet.marks],
        reasons={
            name: Reason(score=reason["score"], rank=int(reason["rank"]))
            for name, reason in hit.reasons.items()
        },
        metadata=hit.metadata,
        width=width,
        height=height,
    )


def heatmap_reply(heat: Heatmap) -> HeatmapReply:
    rows, columns = heat.whole.shape
    return HeatmapReply(
        rows=rows,
        columns=columns,
        words=[storable(word) for word in heat.words],
        weights=[float(weight) for weight in heat.weights],
        whole=_packed(heat.levels()),
        maps=[_packed(heat.levels(i)) for i in range(len(heat.words))],
    )


def region_reply(region: Region) -> RegionReply:
    return RegionReply(
        box=region.box, kind=region.kind, score=region.score, text=region.text[:LONGEST_TEXT]
    )


def document_reply(document: Document) -> DocumentReply:
    return DocumentReply(
        id=document.id,
        name=name_of(document.paths[0]),
        title=storable(document.title),
        kind=document.kind,
        pages=document.pages,
        size=document.size,
    )


def answer_event(event: Event) -> tuple[str, Any]:
    """The name and JSON value of one event of an answer."""
    match event:
        case Retrieved(pages, relevance):
            return "retrieved", {
                "relevance": relevance,
                "pages": [
                    {
                        "number": number,
                        "document": hit.document.id,
                        "name": hit.name,
                        "page": hit.page,
                        "pages": hit.document.pages,
                    }
                    for number, hit in enumerate(pages, start=1)
                ],
            }
        case Written(text):
            return "written", {"text": storable(text)}
        case Checked(claim):
            return "checked", _claim(claim)
        case Finished(answer):
            return "finished", {
                "outcome": answer.outcome.value,
                "text": storable(answer.text),
                "claims": [_claim(claim) for claim in answer.claims],
                "relevance": answer.relevance,
                "generator": answer.generator,
                "note": storable(answer.note),
                "seconds": answer.seconds,
            }


def _claim(claim: Claim) -> dict[str, Any]:
    told = claim.as_dict()
    told["text"] = storable(claim.text)
    for own, citation in zip(told["citations"], claim.citations, strict=True):
        own["pages"] = citation.hit.document.pages if citation.hit else 0
        own["quote"], own["reason"] = storable(own["quote"]), storable(own["reason"])
        if own["region"] is not None:
            own["region"]["text"] = own["region"]["text"][:LONGEST_TEXT]
    return told


def _packed(levels: np.ndarray) -> str:
    return base64.b64encode(levels.astype(np.uint8).tobytes()).decode("ascii")
