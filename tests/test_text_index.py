"""Does the text index find what people ask for, in several scripts and within documents?"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from lancedb import connect
from lancedb.query import MatchQuery

from quire.engine.store.schema import STOP_WORDS, text_index

DATA = Path(__file__).parents[2] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason=f"no evaluation data at {DATA}")


def index(folder: Path, rows: Iterable[tuple[str, str, str]]) -> Any:
    """A table of (id, document, text) with the text index of a library."""
    ids, documents, texts = zip(*rows, strict=True)
    data = pa.table({"id": ids, "document": documents, "text": texts})
    table = connect(folder).create_table("pages", data)
    table.create_index("text", config=text_index())
    return table


def best(table: Any, query: str, document: str | None = None) -> list[str]:
    found = table.search(MatchQuery(query, "text"), query_type="fts").select(["id", "_score"])
    if document is not None:
        quoted = document.replace("'", "''")
        found = found.where(f"document = '{quoted}'")
    return [row["id"] for row in found.limit(10).to_list()]


def ndcg(found: list[str], relevant: set[str]) -> float:
    gain = sum(1 / math.log2(i + 2) for i, name in enumerate(found) if name in relevant)
    return gain / sum(1 / math.log2(i + 2) for i in range(min(10, len(relevant))))


def questions(name: str) -> list[tuple[dict[str, Any], set[str]]]:
    relevant = defaultdict(set)
    for line in (DATA / name / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, page, _ = line.split("\t")
        relevant[query].add(page)
    rows = read_lines(DATA / name / "queries.jsonl")
    return [(row, relevant[row["_id"]]) for row in rows if row["_id"] in relevant]


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").strip().split("\n")]


def test_common_nouns_are_found_and_question_words_are_not_looked_for(tmp_path: Path) -> None:
    table = index(tmp_path, [("1", "a", "the cat sat"), ("2", "a", "what is this?")])
    assert best(table, "cat") == ["1"] and best(table, "what is the") == []
    assert "cat" not in STOP_WORDS and all(re.fullmatch("[a-z]+", word) for word in STOP_WORDS)


@needs_data
@pytest.mark.parametrize(
    ("name", "floor"), [("cmrc2018-zh", 0.969), ("jsquad-ja", 0.922), ("piaf-fr", 0.799)]
)
def test_paragraphs_are_found_in_chinese_japanese_and_french(
    tmp_path: Path, name: str, floor: float
) -> None:
    rows = read_lines(DATA / name / "corpus" / "corpus.jsonl")
    table = index(tmp_path, ((r["_id"], "", f"{r.get('title', '')} {r['text']}") for r in rows))
    assert np.mean([ndcg(best(table, q["text"]), rel) for q, rel in questions(name)]) > floor


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "floor"),
    [
        ("visdoc-mmlong", 0.454),
        ("manuals", 0.902),
        ("fin-filings", 0.626),
        ("uda-wiki-fin", 0.646),
        ("owasp-top10-xling", 0.59),
    ],
)
def test_pages_are_found_within_their_documents(tmp_path: Path, name: str, floor: float) -> None:
    """The floor is a plain BM25 over each document alone; statistics here are the table's."""
    import pymupdf

    pages = []
    for path in sorted((DATA / name / "corpus").glob("*.pdf")):
        with pymupdf.open(path) as pdf:
            for i, page in enumerate(pdf, start=1):
                pages.append((f"{path.stem}#{i}", path.stem, page.get_text()))
    table = index(tmp_path, pages)
    values = [ndcg(best(table, q["text"], q["doc"]), rel) for q, rel in questions(name)]
    assert np.mean(values) > floor - 0.02
