"""The two lists of scores that a search is made of: by looks, and by words."""

import numpy as np
from jaxtyping import Bool, Float

from ..score.maxsim import maxsim
from ..score.packed import Packed
from ..store.contents import Contents
from ..store.tables import Tables

# Pages copied at a time when only some are scored: about 90 MB.
SELECT_PAGES = 512


def visual_scores(
    query: Float[np.ndarray, "q d"], rows: Packed, scope: Bool[np.ndarray, " n"], device: str
) -> Float[np.ndarray, " n"]:
    """Exact MaxSim of every page in scope; NaN outside it."""
    if scope.all():
        return maxsim(query, rows, device=device)
    scores = np.full(len(rows), np.nan, dtype=np.float32)
    chosen = np.flatnonzero(scope)
    for start in range(0, len(chosen), SELECT_PAGES):
        some = chosen[start : start + SELECT_PAGES]
        scores[some] = maxsim(query, rows.select(some), device=device)
    return scores


def text_scores(
    query: str, tables: Tables, contents: Contents, scope: Bool[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """BM25 of every page in scope by LanceDB's full-text index.

    0 for a page that no word hits, NaN for one without text and outside the scope. The query is
    words and never syntax, however it looks. Word statistics are those of the whole library.
    """
    from lancedb.query import MatchQuery

    scores = np.array([0.0 if text.strip() else np.nan for text in contents.texts])
    words = tables.pages.search(MatchQuery(query, "text"), query_type="fts")
    # A page in the index may belong to no visible document, so the limit is that of the table.
    hits = words.select(["id", "_score"]).limit(max(1, tables.pages.count_rows())).to_arrow()
    found = zip(hits.column("id").to_pylist(), hits.column("_score").to_pylist(), strict=True)
    for page, score in found:
        index = contents.position(page)
        if index is not None:
            scores[index] = score
    return np.where(scope, scores, np.nan)
