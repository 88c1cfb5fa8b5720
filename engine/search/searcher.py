"""One search from question to hits."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from quire.adapters.tasks import RETRIEVAL

from ..encode.protocol import PageEncoder
from ..errors import EmptyLibrary, EngineError
from ..rerank.protocol import Reranker
from ..store.blocks import load_blocks
from ..store.contents import Contents, read_contents
from ..store.images import load_image
from ..store.lock import reading
from ..store.manifest import Manifest
from ..store.pages import StoredPage, page_id, stored_page
from ..store.tables import Tables, one_of
from ..store.text import storable
from .asked import Asked, Background
from .hits import Hit, Hits
from .lists import best_words, text_scores
from .looks import Looks, Means
from .ordering import Found, reasons_of
from .parts import LISTS, Part, Queries, Rows, made_for, parts_of, reach_of, task_of
from .plan import Plan, check_request, check_rerank
from .planner import Choice
from .rerank import RERANK_TOP, rerank
from .scope import Scope, Where
from .steps import Steps

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

    def __init__(self, tables: Tables, manifest: Manifest, means: Means) -> None:
        self._tables = tables
        self._manifest = manifest
        self._means = means
        self._looks = Looks(tables, manifest.dim, manifest.codes, means)
        self._lock = threading.Lock()
        self._reranking = threading.Lock()
        self._version = -1
        self._scope = Scope(Contents.empty())
        self._contents = Contents.empty()
        self._background = Background(self._contents)

    def search(
        self,
        queries: Sequence[str],
        k: int,
        where: Where | None,
        mode: str,
        fusion: str,
        plan: str,
        encoder: "Callable[[], PageEncoder]",
        reranker: Reranker | None = None,
        rerank_top: int | None = None,
    ) -> list[Hits]:
        """See `Library.search_many`. `encoder` is called only when the mode needs one."""
        for query in queries:
            check_request(query, k, where, mode, fusion, plan)
        top = check_rerank(k, reranker is not None, rerank_top, RERANK_TOP)
        began, steps = perf_counter(), Steps()
        texts, asking = [storable(query) for query in queries], None
        if mode != "text":
            asking = Queries(lambda task: self._encode(texts, task, encoder))
        found = self._look(texts, asking, max(k, top), where, mode, plan, steps)
        if mode == "auto":
            mode = "hybrid" if found.words else "visual"
        out = []
        for i, query in enumerate(texts):
            with steps.step("rank", pages=int(found.scope.sum())):
                scores, order, weights = found.in_order(i, mode, fusion)
            told = Plan(
                mode, fusion, where, len(scores), len(found.contents), choice=found.choice,
                found=found.hits(i), weights=weights,
            )  # fmt: skip
            asked = {task: self._asked(query, task, asking, i, encoder) for task in LISTS}
            hits = self._hits(found, i, scores, order[: max(k, top)], asked)
            if reranker is not None:
                with self._reranking, steps.step(f"rerank by {reranker.name}", pages=len(hits)):
                    hits = rerank(reranker, query, hits)  # nor need rerankers be safe for threads
                read = sum("rerank" in hit.reasons for hit in hits)
                told = replace(told, reranker=reranker.name, reranked=read)
            seconds = perf_counter() - began
            told = replace(told, seconds=seconds, steps=steps.taken)
            out.append(Hits(query, k, told, hits[:k]))
        return out

    def like(
        self,
        picture: "Image",
        k: int,
        where: Where | None,
        encoder: "Callable[[], PageEncoder]",
    ) -> Hits:
        """See `Library.search_picture`."""
        check_request("a picture", k, where, "visual", "score", "auto")
        began, steps = perf_counter(), Steps()
        with self._lock, steps.step("encode"):
            seen = encoder().encode_document(picture, vectors="multi")
        rows = seen[:: -(-len(seen) // PICTURE_ROWS)]
        asking = Queries(lambda _: [rows], [RETRIEVAL])  # a picture looks like no source code
        found = self._look([""], asking, k, where, "visual", "auto", steps)
        scores, order, _ = found.in_order(0, "visual", "score")

        def see(_: str) -> tuple[Any, Any]:
            return rows, self._looks.sample(found.contents, made_for(found.contents, RETRIEVAL))

        asked = {RETRIEVAL: Asked("", self._background, see, encoder)}
        plan = Plan(
            "visual", "score", where, len(scores), len(found.contents), choice=found.choice,
            seconds=perf_counter() - began, steps=steps.taken,
        )  # fmt: skip
        return Hits("", k, plan, self._hits(found, 0, scores, order[:k], asked))

    def fresh(self) -> "Searcher":
        """A searcher of the same library that has read nothing yet."""
        return Searcher(self._tables, self._manifest, self._means)

    def _encode(self, queries: list[str], task: str, encoder: "Callable[[], PageEncoder]") -> Any:
        with self._lock:  # encoders need not be safe for threads: tasks are switched in place
            return encoder().encode_query(queries, task=task)

    def _look(
        self,
        texts: list[str],
        asking: Queries | None,
        k: int,
        where: Where | None,
        mode: str,
        plan: str,
        steps: Steps,
    ) -> Found:
        """Every list of scores for every query, of one moment of the library.

        asking: the queries as rows, None to look for words alone. Pages of tasks that they cannot
        be encoded for are out of scope.
        """
        with reading(self._tables.layout):
            while True:
                version, contents, scope = self._snapshot(where, steps)
                rows: dict[str, Sequence[Rows]] = {}
                parts = [] if asking is None else parts_of(contents, scope, asking.tasks)
                if asking is not None:
                    scope = np.logical_or.reduce([part.pages for part in parts])
                    with steps.step("encode"):
                        rows = {part.task: asking.of(part.task) for part in parts}
                lists: list[dict[str, np.ndarray]] = [{} for _ in texts]
                exact, choice = [scope] * len(texts), None
                reach: list[dict[str, float]] = [{} for _ in texts]
                if mode in ("text", "hybrid") or (mode == "auto" and contents.worded[scope].any()):
                    for query, own in zip(texts, lists, strict=True):
                        with steps.step("BM25", pages=int(scope.sum())):
                            own["text"] = text_scores(query, self._tables, contents, scope)
                try:
                    if parts:
                        choice = self._looks.choose(plan, contents, scope, k)
                        exact = self._score(lists, parts, rows, contents, choice, steps)
                        reach = [
                            {part.list: reach_of(rows[part.task][i]) for part in parts}
                            for i in range(len(texts))
                        ]
                except EngineError:
                    if self._tables.documents.version == version:
                        raise
                    continue  # a document was deleted while its rows were read: look again
                return Found.of(contents, scope, lists, exact, reach, choice)

    def _score(
        self,
        lists: list[dict[str, np.ndarray]],
        parts: Sequence[Part],
        rows: Mapping[str, Sequence[Rows]],
        contents: Contents,
        choice: Choice,
        steps: Steps,
    ) -> list[np.ndarray]:
        """Adds the scores of each part by looks to the lists of each query. Returns which pages
        have exact ones."""
        also = [best_words(own.get("text"), choice.best) for own in lists]
        exact = [np.zeros(len(contents), dtype=bool) for _ in lists]
        for part in parts:
            seen = self._looks.score(rows[part.task], contents, part.pages, choice, also, steps)
            for own, known, one in zip(lists, exact, seen, strict=True):
                own[part.list] = one.scores
                known |= one.exact
        return exact

    def _snapshot(self, where: Where | None, steps: Steps) -> tuple[int, Contents, np.ndarray]:
        """What is there, which version that is, and what of it is in scope."""
        with self._lock:
            version = self._tables.documents.version
            if version != self._version:
                with steps.step("read contents"):
                    self._contents = read_contents(self._tables)
                self._scope, self._version = Scope(self._contents), version
                self._background = Background(self._contents)
            if not len(self._contents):
                raise EmptyLibrary(
                    f"the library {self._tables.layout.root} holds no page yet: add documents"
                )
            with steps.step("filter", pages=len(self._contents)):
                return version, self._contents, self._scope.select(where)

    def _asked(
        self,
        query: str,
        task: str,
        asking: Queries | None,
        i: int,
        encoder: "Callable[[], PageEncoder]",
    ) -> Asked:
        """The query, asked of the pages of one task."""

        def see(text: str) -> tuple[Any, Any]:
            with reading(self._tables.layout):
                _, contents, _ = self._snapshot(None, Steps())
                sample = self._looks.sample(contents, made_for(contents, task))
            if asking is not None and text == query:
                return asking.of(task)[i], sample
            return self._encode([text], task, encoder)[0], sample

        return Asked(query, self._background, see, encoder, task)

    def _hits(
        self,
        found: Found,
        i: int,
        scores: np.ndarray,
        order: np.ndarray,
        asked: Mapping[str, Asked],
    ) -> list[Hit]:
        """asked: by task; each hit has that of its page."""
        contents, reasons = found.contents, reasons_of(found.lists[i])
        places = np.flatnonzero(found.scope)[order].tolist()
        return [
            self._hit(
                contents, page, float(scores[at]), reasons(at), asked[task_of(contents, page)]
            )
            for page, at in zip(places, order.tolist(), strict=True)
        ]

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
