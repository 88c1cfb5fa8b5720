"""The ways to search a library."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..encode.protocol import PageEncoder
from ..errors import EngineError
from ..rerank.protocol import Reranker
from .hits import Hits
from .scope import Where
from .searcher import Searcher

if TYPE_CHECKING:
    from PIL import Image


class Searchable:
    """Adds searching to a library, which brings the searcher and the encoder."""

    _searcher: Searcher
    _rerankers: dict[str, Reranker]

    @property
    def encoder(self) -> PageEncoder:
        raise NotImplementedError

    def search(
        self,
        query: str,
        k: int = 10,
        where: Where | None = None,
        mode: str = "auto",
        *,
        plan: str = "auto",
        fusion: str = "score",
        rerank: Reranker | str | None = None,
        rerank_top: int | None = None,
    ) -> Hits:
        """The k best pages for a question, best first; all pages if there are fewer than k.

        mode: "visual" scores pages by MaxSim (source code by its text, for the task `code`), "text"
        by BM25 on their text layer (and finds only pages that hold a word of the query), "hybrid"
        joins both; "auto" is "hybrid" where any page in scope has text, else "visual".
        plan: how pages are scored by looks. "exact" scores every one; "bits", "int8" and "pooled"
        scan such codes, if the library keeps them, and score the best exactly; "auto" does what
        is quickest and finds the same (see `search/planner.py`). The scores of hits are always
        exact. `hits.plan.explain()` tells what was done.
        where: SQL such as "year >= 2020 AND name LIKE '%report%'", or a dict of values to equal
        ({"year": 2020}; a list allows any of its values). Columns: document, name, path, title,
        kind, page, section and each key of the metadata.
        fusion: of hybrid, by "score" or by "rank"; see `search/fuse.py` for the formulas.
        rerank: a reranker, or the name or folder of one, that reads the best `rerank_top` pages
        (20, or k if that is more) again together with the question and puts them in order; a name
        is loaded once. See `search/rerank.py` for pages that it cannot read.
        Raises SearchError for a request that makes no sense, EmptyLibrary when nothing is there.
        """
        reranker = self._reranker(rerank) if isinstance(rerank, str) else rerank
        [hits] = self._searcher.search(
            [query], k, where, mode, fusion, plan, lambda: self.encoder, reranker, rerank_top
        )
        return hits

    def search_many(
        self,
        queries: Sequence[str],
        k: int = 10,
        where: Where | None = None,
        mode: str = "auto",
        *,
        plan: str = "auto",
        fusion: str = "score",
    ) -> list[Hits]:
        """`search` for each query, in order: encoded together, and exact scans go over the pages
        once. The seconds and steps of each plan are those of all."""
        if isinstance(queries, str):
            raise EngineError("search_many takes a list of questions: use search for one")
        return self._searcher.search(
            list(queries), k, where, mode, fusion, plan, lambda: self.encoder
        )

    def search_picture(
        self, picture: "Image.Image", k: int = 10, where: Where | None = None
    ) -> Hits:
        """The k pages that look most like a picture of a page or of a part of one, best first.
        Source code that was encoded by its text is not among them.

        Such hits have no words to explain: their heat maps and regions are empty, and relevance
        says nothing. Raises as `search` does, and EncodeError if the encoder reads text alone.
        """
        return self._searcher.like(picture, k, where, lambda: self.encoder)

    def _reranker(self, name: str) -> Reranker:
        if name not in self._rerankers:
            from ..rerank.load import load_reranker

            self._rerankers[name] = load_reranker(name)
        return self._rerankers[name]
