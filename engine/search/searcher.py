"""One search from question to hits."""

import threading
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..encode.protocol import PageEncoder
from ..errors import EmptyLibrary, EngineError
from ..rerank.protocol import Reranker
from ..score.packed import Packed
from ..store.blocks import load_blocks
from ..store.contents import Contents, read_contents
from ..store.images import load_image
from ..store.lock import reading
from ..store.pages import StoredPage, page_id, stored_page
from ..store.rows import Rows
from ..store.tables import Tables, one_of
from ..store.text import storable
from .asked import Asked, Background, sample_rows
from .fuse import best_first, fuse_ranks, fuse_scores, ranks
from .hits import Hit, Hits
from .lists import text_scores, visual_scores
from .plan import Plan, check_request, check_rerank
from .rerank import RERANK_TOP, rerank
from .scope import Scope, Where

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

# Rows of a picture that is searched with, at most, evenly spread: a whole page has 2,000, and
# every one of them is compared with every row of the library.
PICTURE_ROWS = 256


class Searcher:
    """Searches one library, and keeps what it read until the library changes.

    Safe to use from several threads.
    """

    def __init__(self, tables: Tables, dim: int, device: str = "cpu") -> None:
        self._tables = tables
        self._device = device
        self._rows = Rows(tables, dim)
        self._lock = threading.Lock()
        self._reranking = threading.Lock()
        self._version = -1
        self._scope = Scope(Contents.empty())
        self._contents = Contents.empty()
        self._background = Background(self._contents)

    def search(
        self,
        query: str,
        k: int,
        where: Where | None,
        mode: str,
        fusion: str,
        encoder: "Callable[[], PageEncoder]",
        reranker: Reranker | None = None,
        rerank_top: int | None = None,
    ) -> Hits:
        """See `Library.search`. `encoder` is called only when the mode needs one."""
        check_request(query, k, where, mode, fusion)
        top = check_rerank(k, reranker is not None, rerank_top, RERANK_TOP)
        began = perf_counter()
        query = storable(query)
        rows = self._encode(query, encoder) if mode != "text" else None
        with reading(self._tables.layout):
            contents, mask, packed = self._select(where, visual=rows is not None)
            lists = {}
            if rows is not None and packed is not None:
                lists["visual"] = visual_scores(rows, packed, mask, self._device)
            if mode != "visual":
                lists["text"] = text_scores(query, self._tables, contents, mask)
        chosen = np.flatnonzero(mask)
        lists = {name: scores[chosen].astype(np.float64) for name, scores in lists.items()}
        plan = Plan(mode, fusion, where, pages=len(chosen), of=len(contents))
        if "text" in lists:
            plan = replace(plan, found=int((lists["text"] > 0).sum()))
        if mode == "hybrid":
            fuse = fuse_scores if fusion == "score" else fuse_ranks
            scores, weights = fuse(lists)
            plan = replace(plan, weights=weights)
        else:
            scores = lists[mode]
        order = best_first(scores)
        if mode == "text":
            order = order[scores[order] > 0]  # a page that no word hits is no hit
        reasons = _reasons(lists)
        asked = self._asked(query, rows, encoder)
        hits = [
            self._hit(contents, int(chosen[i]), float(scores[i]), reasons(int(i)), asked)
            for i in order[: max(k, top)]
        ]
        if reranker is not None:
            with self._reranking:  # nor need rerankers be
                hits = rerank(reranker, query, hits)
            read = sum("rerank" in hit.reasons for hit in hits)
            plan = replace(plan, reranker=reranker.name, reranked=read)
            hits = hits[:k]
        return Hits(query, k, replace(plan, seconds=perf_counter() - began), hits)

    def like(
        self,
        picture: "Image",
        k: int,
        where: Where | None,
        encoder: "Callable[[], PageEncoder]",
    ) -> Hits:
        """See `Library.search_picture`."""
        check_request("a picture", k, where, "visual", "score")
        began = perf_counter()
        with self._lock:
            seen = encoder().encode_document(picture, vectors="multi")
        rows = seen[:: -(-len(seen) // PICTURE_ROWS)]
        with reading(self._tables.layout):
            contents, mask, packed = self._select(where, visual=True)
            assert packed is not None
            scores = visual_scores(rows, packed, mask, self._device)
        chosen = np.flatnonzero(mask)
        lists = {"visual": scores[chosen].astype(np.float64)}
        reasons = _reasons(lists)
        asked = Asked("", self._background, lambda _: (rows, sample_rows(packed)), encoder)
        hits = [
            self._hit(contents, int(chosen[i]), float(lists["visual"][i]), reasons(int(i)), asked)
            for i in best_first(lists["visual"])[:k]
        ]
        plan = Plan("visual", "score", where, pages=len(chosen), of=len(contents))
        return Hits("", k, replace(plan, seconds=perf_counter() - began), hits)

    def fresh(self) -> "Searcher":
        """A searcher of the same library that has read nothing yet."""
        return Searcher(self._tables, self._rows.dim, self._device)

    def _encode(self, query: str, encoder: "Callable[[], PageEncoder]") -> Any:
        with self._lock:  # encoders need not be safe for threads
            return encoder().encode_query(query)

    def _select(
        self, where: Where | None, *, visual: bool
    ) -> tuple[Contents, np.ndarray, Packed | None]:
        """What is there, which of it is in scope, and all rows if they are wanted."""
        with self._lock:
            while True:
                version = self._tables.documents.version
                if version != self._version:
                    self._contents = read_contents(self._tables)
                    self._scope, self._version = Scope(self._contents), version
                    self._background = Background(self._contents)
                if not len(self._contents):
                    raise EmptyLibrary(
                        f"the library {self._tables.layout.root} holds no page yet: add documents"
                    )
                mask = self._scope.select(where)
                try:
                    packed = self._rows.of(self._contents) if visual else None
                except EngineError:
                    if self._tables.documents.version == version:
                        raise
                    continue  # a document was deleted while its rows were read: look again
                return self._contents, mask, packed

    def _asked(self, query: str, rows: Any, encoder: "Callable[[], PageEncoder]") -> Asked:
        def see(text: str) -> tuple[Any, Any]:
            with reading(self._tables.layout):
                _, _, packed = self._select(None, visual=True)
            assert packed is not None
            known = rows is not None and text == query
            own = rows if known else self._encode(text, encoder)
            return own, sample_rows(packed)

        return Asked(query, self._background, see, encoder)

    def _hit(
        self,
        contents: Contents,
        index: int,
        score: float,
        reasons: dict[str, dict[str, float]],
        asked: Asked,
    ) -> Hit:
        entry = contents.entries[int(contents.owner[index])]
        document, number = entry.document, int(contents.numbers[index])
        layout = self._tables.layout
        return Hit(
            document=document,
            page=number,
            score=score,
            text=contents.texts[index],
            section=contents.sections[index],
            metadata=dict(entry.metadata),
            reasons=reasons,
            _load_image=lambda: load_image(layout, document.id, number),
            _load_stored=lambda: self._stored(page_id(document.id, number)),
            _load_blocks=lambda: load_blocks(layout, document, number),
            _asked=asked,
            ocr=contents.ocrs[index],
        )

    def _stored(self, page: str) -> StoredPage:
        with reading(self._tables.layout):
            found = self._tables.vectors.search().where(one_of("id", [page])).to_arrow()
        return stored_page(found.combine_chunks().to_batches()[0])


def _reasons(lists: dict[str, np.ndarray]) -> "Callable[[int], dict[str, dict[str, float]]]":
    places = {name: ranks(scores) for name, scores in lists.items()}

    def of(index: int) -> dict[str, dict[str, float]]:
        return {
            name: {"score": float(scores[index]), "rank": int(places[name][index])}
            for name, scores in lists.items()
            if np.isfinite(scores[index]) and (name != "text" or scores[index] > 0)
        }

    return of
