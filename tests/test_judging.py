"""Judging whole folders, with stand-ins whose rankings are known beforehand."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quire.engine.encode.protocol import Vectors
from quire.engine.errors import EvaluationError
from quire.engine.evaluate import judge
from quire.ingest.budget import PixelBudget
from quire.ingest.document import Document, document_id


class WordRows:
    """Each word is a row drawn from its letters; equal words give equal rows."""

    fingerprint = "0" * 16
    budget = PixelBudget(max_pixels=1_000_000, min_pixels=10_000, factor=28)
    dim = 16
    dense_dims = (16,)

    def __init__(self) -> None:
        self.tasks: set[str] = set()

    def describe(self) -> dict[str, Any]:
        return {"family": "stand-in"}

    def encode_query(self, texts: Any, *, task: str = "retrieval", vectors: str = "multi") -> Any:
        self.tasks.add(task)
        if isinstance(texts, str):
            return self._vectors(texts, vectors)
        return [self._vectors(text, vectors) for text in texts]

    encode_document = encode_query

    def _vectors(self, text: str, kind: str) -> Any:
        rows = []
        for word in text.lower().split():
            seed = int.from_bytes(word.encode()[:8], "little")
            row = np.random.default_rng(seed).normal(size=self.dim)
            rows.append(row / np.linalg.norm(row))
        multi = np.array(rows, dtype=np.float32)
        dense = multi.mean(axis=0)
        cells = np.full(len(multi), -1, dtype=np.int16)
        return dense if kind == "dense" else Vectors(multi, dense, cells, (0, 0))


@dataclass(frozen=True)
class Hit:
    document: Document
    page: int
    text: str


class FixedLibrary:
    """Pages in a fixed order: by document, then by number; "text" knows pages with text only."""

    def __init__(self, pages: dict[Path, list[str]]) -> None:
        self.asked: list[tuple[str, str | None, str]] = []
        self._pages = pages

    def documents(self) -> list[Document]:
        return [
            Document(document_id(path), (str(path),), "pdf", len(texts), path.stem, 1)
            for path, texts in self._pages.items()
        ]

    def search(
        self,
        query: str,
        k: int = 10,
        where: str | None = None,
        mode: str = "hybrid",
        *,
        fusion: str = "score",
    ) -> list[Hit]:
        self.asked.append((query, where, mode))
        hits = [
            Hit(document, number, text)
            for document, texts in zip(self.documents(), self._pages.values(), strict=True)
            if where is None or document.id in where
            for number, text in enumerate(texts, start=1)
            if mode != "text" or text
        ]
        return hits[:k]


def write(root: Path, questions: Sequence[dict[str, Any]], right: dict[str, list[str]]) -> None:
    lines = [json.dumps({"text": "what?", **question}) for question in questions]
    (root / "queries.jsonl").write_text("\n".join(lines))
    rows = [f"{q}\t{page}\t1" for q, pages in right.items() for page in pages]
    (root / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *rows]))


@pytest.fixture
def pdfs(tmp_path: Path) -> Path:
    """Two documents, `scan` (3 pages, no text) and `words` (4 pages), with one question each."""
    (tmp_path / "corpus").mkdir()
    for stem in ("scan", "words"):
        (tmp_path / "corpus" / f"{stem}.pdf").write_bytes(stem.encode())
    questions = [
        {"_id": "s", "doc": "scan", "lang": "en", "doc_lang": "ja"},
        {"_id": "w", "doc": "words", "lang": "en", "doc_lang": "en"},
        {"_id": "p", "doc": "words", "positional": True},
    ]
    write(tmp_path, questions, {"s": ["scan#1"], "w": ["words#2"], "p": ["words#1"]})
    return tmp_path


def library_of(folder: Path) -> FixedLibrary:
    corpus = folder / "corpus"
    return FixedLibrary({corpus / "scan.pdf": [""] * 3, corpus / "words.pdf": list("abcd")})


def test_modes_are_measured_over_the_folder_and_within_documents(pdfs: Path) -> None:
    report = judge(pdfs, library_of(pdfs))
    # Over the folder the pages come as scan 1 2 3, words 1 2 3 4: first place and fifth place.
    assert report.figure("visual", "nDCG@5").mean == pytest.approx((1 + 1 / log2(6)) / 2)
    assert report.figure("visual", "MRR@10").mean == pytest.approx((1 + 1 / 5) / 2)
    # By words the scan is never found; words 2 comes second.
    assert report.figure("text", "MRR@10").mean == pytest.approx((0 + 1 / 2) / 2)
    assert report.figure("visual", "MRR@10", "within document").mean == (1 + 1 / 2) / 2


def test_the_random_row_comes_first_and_knows_the_size_of_each_pool(pdfs: Path) -> None:
    report = judge(pdfs, library_of(pdfs))
    assert [row.mode for row in report.rows[:4]] == ["random", "text", "visual", "hybrid"]
    assert report.figure("random", "recall@1").mean == pytest.approx(1 / 7)
    within = report.figure("random", "recall@1", "within document")
    assert within.mean == pytest.approx((1 / 3 + 1 / 4) / 2)


def test_documents_without_text_and_other_languages_are_reported_apart(pdfs: Path) -> None:
    report = judge(pdfs, library_of(pdfs))
    for group, expected in (
        ("within document, with text layer", 0.5),
        ("within document, no text layer", 0.0),
        ("within document, same language", 0.5),
        ("within document, across languages", 0.0),
    ):
        assert report.figure("text", "MRR@10", group).mean == expected, group
    with pytest.raises(KeyError, match="there are"):
        report.figure("text", "MRR@10", "nowhere")


def test_positional_questions_are_asked_only_on_demand(pdfs: Path) -> None:
    report = judge(pdfs, library_of(pdfs))
    assert report.rows[0].questions == 2
    assert "Left out: 1 of 3 questions, which name their page by number or place." in str(report)
    assert judge(pdfs, library_of(pdfs), positional=True).rows[0].questions == 3


def test_other_documents_of_the_library_stay_out_of_the_ranking(pdfs: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pdf"
    other.write_bytes(b"other")
    library = library_of(pdfs)
    assert judge(pdfs, library, modes=["visual"]).figure("visual", "MRR@10").mean == 0.6
    assert ("what?", None, "visual") in library.asked
    crowded = FixedLibrary({other: ["x"] * 9, **library._pages})
    assert judge(pdfs, crowded, modes=["visual"]).figure("visual", "MRR@10").mean == 0.6


def test_a_document_that_could_not_be_indexed_counts_as_not_found(pdfs: Path) -> None:
    library = FixedLibrary({pdfs / "corpus" / "words.pdf": list("abcd")})
    report = judge(pdfs, library)
    assert report.rows[0].questions == 2
    assert report.figure("visual", "MRR@10", "within document").mean == (0 + 1 / 2) / 2
    assert report.figure("random", "recall@10", "within document").mean == 0.5
    assert "Missing: 1 judged ids (such as 'scan#1')" in str(report)
    with pytest.raises(EvaluationError, match=r"holds no file of .* index that folder first"):
        judge(pdfs, FixedLibrary({}))


def test_files_with_equal_bytes_are_one_document_under_both_names(pdfs: Path) -> None:
    (pdfs / "corpus" / "twin.pdf").write_bytes(b"scan")
    write(pdfs, [{"_id": "t", "doc": "twin"}], {"t": ["twin#2"]})
    report = judge(pdfs, library_of(pdfs), modes=["visual"])
    assert report.figure("visual", "MRR@10", "within document").mean == 0.5
    assert report.figure("visual", "MRR@10").mean == 0.5


def test_the_report_is_the_same_twice_and_fit_for_json(pdfs: Path) -> None:
    first, second = (judge(pdfs, library_of(pdfs)) for _ in range(2))
    assert first.rows == second.rows
    assert json.loads(json.dumps(first.as_dict()))["rows"][0]["mode"] == "random"
    assert str(first).splitlines()[0] == pdfs.name


def test_every_answer_is_kept_with_what_was_right(pdfs: Path) -> None:
    answers = judge(pdfs, library_of(pdfs), modes=["visual"]).answers
    assert len(answers) == 4
    kept = next(a for a in answers if a["question"] == "w" and a["scope"] == "within document")
    assert kept["found"] == ["words#1", "words#2", "words#3", "words#4"]
    assert (kept["right"], kept["MRR@10"]) == ({"words#2": 1}, 0.5)


def test_progress_ends_at_its_total(pdfs: Path) -> None:
    seen: list[tuple[int, int]] = []
    judge(pdfs, library_of(pdfs), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 6) for done in range(1, 7)]


def test_a_wrong_mode_or_subject_is_refused_with_the_right_ones(pdfs: Path) -> None:
    with pytest.raises(EvaluationError, match=r"'looks' .* random, text, visual, hybrid"):
        judge(pdfs, library_of(pdfs), modes=["looks"])
    with pytest.raises(EvaluationError, match="pass a library"):
        judge(pdfs, WordRows())


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    lines = [{"_id": str(i), "text": text} for i, text in enumerate(["red fox", "grey owl", ""])]
    (tmp_path / "corpus" / "c.jsonl").write_text("\n".join(map(json.dumps, lines)))
    write(tmp_path, [{"_id": "q", "text": "the owl"}], {"q": ["1"]})
    return tmp_path


def test_texts_are_ranked_by_both_vectors_of_the_task(texts: Path) -> None:
    encoder = WordRows()
    report = judge(texts, encoder, task="code")
    assert encoder.tasks == {"code"}
    assert [row.mode for row in report.rows] == ["random", "dense", "multi"]
    assert report.figure("multi", "recall@1").mean == 1.0
    assert report.figure("dense", "recall@1").mean == 1.0
    assert report.figure("random", "recall@1").mean == pytest.approx(1 / 3)
    with pytest.raises(EvaluationError, match="pass an encoder"):
        judge(texts, FixedLibrary({}))


def test_pairs_are_correlated_by_language_and_across(tmp_path: Path) -> None:
    pairs = [("a b", "a b", 5.0), ("a b", "a c", 3.0), ("a b", "c d", 0.0)]
    for language in ("en", "de"):
        lines = [
            {"_id": f"{language}-{i}", "sentence1": a, "sentence2": b, "score": score}
            for i, (a, b, score) in enumerate(pairs)
        ]
        (tmp_path / f"pairs.{language}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    encoder = WordRows()
    seen: list[tuple[int, int]] = []
    report = judge(tmp_path, encoder, progress=lambda *at: seen.append(at))
    assert encoder.tasks == {"similarity"}
    assert seen[-1] == (12, 12)
    assert [row.group for row in report.rows] == ["de", "en", "en-de"]
    for row in report.rows:
        assert row.figures["Spearman"].mean == pytest.approx(1.0)
    assert "(3 pairs)" in str(report)


def test_an_empty_file_of_pairs_is_named(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text("")
    with pytest.raises(EvaluationError, match=r"pairs\.jsonl is empty"):
        judge(tmp_path, WordRows())
