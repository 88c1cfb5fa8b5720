"""The list of scores by words; looks.py makes the one by looks."""

import numpy as np
from jaxtyping import Bool, Float, Int

from ..store.contents import Contents
from ..store.tables import Tables


def text_scores(
    query: str, tables: Tables, contents: Contents, scope: Bool[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """BM25 of every page in scope by LanceDB's full-text index.

    0 for a page that no word hits, NaN for one without text and outside the scope. The query is
    words and never syntax, however it looks. Word statistics are those of the whole library.
    """
    from lancedb.query import MatchQuery

    scores = np.where(contents.worded, 0.0, np.nan)
    words = tables.pages.search(MatchQuery(query, "text"), query_type="fts")
    # A page in the index may belong to no visible document, so the limit is that of the table.
    hits = words.select(["id", "_score"]).limit(max(1, tables.pages.count_rows())).to_arrow()
    found = zip(hits.column("id").to_pylist(), hits.column("_score").to_pylist(), strict=True)
    for page, score in found:
        index = contents.position(page)
        if index is not None:
            scores[index] = score
    return np.where(scope, scores, np.nan)


def best_words(scores: Float[np.ndarray, " n"] | None, most: int) -> Int[np.ndarray, " m"]:
    """The pages that hold words of the query, at most so many, the best."""
    if scores is None:
        return np.zeros(0, dtype=np.int64)
    found = np.flatnonzero(np.nan_to_num(scores) > 0)
    return found[np.argsort(-scores[found], kind="stable")[:most]]
