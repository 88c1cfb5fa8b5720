"""The best pages of a search, read again together with the question."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import RerankError
from ..rerank.protocol import Reranker
from .fuse import best_first
from .hits import Hit

RERANK_TOP = 20  # pages that are read again where the caller names no number


def rerank(reranker: Reranker, query: str, hits: Sequence[Hit]) -> list[Hit]:
    """The same hits in the order of the reranker's scores; equal scores keep their order.

    Each score goes into `Hit.score` and, with its rank, into `reasons["rerank"]`. A reranker of
    text cannot read a page without a text layer: such a page keeps its place, the others are
    ordered around it, and it takes over the score of the page above it (below it, at the top), so
    that scores still fall along the list; it has no reason "rerank". When no page can be read, all
    stays as it was. Raises RerankError when the reranker gives anything but a finite number a page.
    """
    pages = reranker.reads == "pages"
    places = [i for i, hit in enumerate(hits) if pages or hit.text.strip()]
    if not places:
        return list(hits)
    readable = [hits[i] for i in places]
    scores = np.asarray(
        reranker.score(query, [hit.image() if pages else hit.text for hit in readable])
    )
    if scores.shape != (len(readable),) or not np.isfinite(scores).all():
        raise RerankError(
            f"{reranker.name} gave scores of shape {scores.shape} for {len(readable)} pages, or "
            "some that are not finite: it must give one finite number a page"
        )
    placed: dict[int, Hit] = {}
    for rank, (place, i) in enumerate(zip(places, best_first(scores), strict=True), start=1):
        hit, score = readable[int(i)], float(scores[i])
        reasons = {**hit.reasons, "rerank": {"score": score, "rank": rank}}
        placed[place] = replace(hit, score=score, reasons=reasons)
    out: list[Hit] = []
    above = placed[places[0]].score
    for place, hit in enumerate(hits):
        out.append(placed[place] if place in placed else replace(hit, score=above))
        above = out[-1].score
    return out
