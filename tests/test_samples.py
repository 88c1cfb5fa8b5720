"""The sample documents are what their README says, and their questions point at pages they have."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image, ImageSequence

SAMPLES = Path(__file__).parent / "samples"
PAGES = {
    "coffee-roaster-manual.pdf": 8,
    "district-heat-slides.pdf": 8,
    "ferry-report-2025.pdf": 8,
    "lighthouse-letter-scan.pdf": 3,
    "museum-floor-plans.tiff": 2,
    "night-bus-poster.png": 1,
    "stadtbibliothek-jahresbericht-de.pdf": 5,
    "swift-counting-paper.pdf": 4,
    "tea-cooperative-zh.pdf": 4,
}
PICTURES_ONLY = ["district-heat-slides.pdf", "lighthouse-letter-scan.pdf"]


def pages(file: Path) -> Iterator[tuple[Image.Image, str]]:
    """Each page of a file as a small picture, with its text layer."""
    if file.suffix == ".pdf":
        with pymupdf.open(file) as pdf:
            for page in pdf:
                pixels = page.get_pixmap(dpi=36)
                size = (pixels.width, pixels.height)
                yield Image.frombytes("RGB", size, pixels.samples), page.get_text()
    else:
        with Image.open(file) as picture:
            for frame in ImageSequence.Iterator(picture):
                yield frame.convert("RGB"), ""


def queries() -> list[dict[str, str]]:
    lines = (SAMPLES / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def judgements() -> list[tuple[str, str]]:
    head, *lines = (SAMPLES / "qrels.tsv").read_text(encoding="utf-8").splitlines()
    assert head == "query-id\tcorpus-id\tscore"
    cells = [line.split("\t") for line in lines]
    assert all(score == "1" for _, _, score in cells)
    return [(query, page) for query, page, _ in cells]


def test_the_corpus_holds_exactly_the_documents_it_should() -> None:
    found = {file.name: len(list(pages(file))) for file in (SAMPLES / "corpus").iterdir()}
    assert found == PAGES


def test_the_samples_stay_below_three_megabytes() -> None:
    files = [file for file in SAMPLES.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 3_000_000


def test_the_readme_tells_the_right_numbers() -> None:
    words = (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert f"{sum(PAGES.values())} pages, with {len(queries())} questions" in words
    assert all(f"| `{name}` | {count} |" in words for name, count in PAGES.items())


@pytest.mark.parametrize("name", PICTURES_ONLY)
def test_a_document_of_pictures_has_no_text_layer(name: str) -> None:
    assert [text for _, text in pages(SAMPLES / "corpus" / name) if text.strip()] == []


@pytest.mark.parametrize("name", [n for n in PAGES if n.endswith("pdf") and n not in PICTURES_ONLY])
def test_every_other_pdf_page_has_a_text_layer(name: str) -> None:
    assert all(len(text.strip()) > 20 for _, text in pages(SAMPLES / "corpus" / name))


def test_numbers_of_a_chart_made_of_pixels_are_in_no_text_layer() -> None:
    ferries = list(pages(SAMPLES / "corpus" / "ferry-report-2025.pdf"))
    assert "291" not in ferries[2][1], "the question about the Harbour Hopper needs the chart"


def test_no_two_pages_look_alike() -> None:
    seen = [page for name in PAGES for page, _ in pages(SAMPLES / "corpus" / name)]
    small = [np.asarray(page.resize((48, 48)), dtype=float) for page in seen]
    closest = min(
        float(np.abs(one - other).mean())
        for index, one in enumerate(small)
        for other in small[:index]
    )
    assert closest > 2.0


def test_there_are_questions_of_every_kind_and_for_every_document() -> None:
    asked = queries()
    assert len(asked) >= 40
    assert len({query["_id"] for query in asked}) == len(asked)
    assert {query["doc"] for query in asked} == {Path(name).stem for name in PAGES}
    assert {query["lang"] for query in asked} == {"en", "de", "zh"}
    kinds = {"text", "table", "chart", "drawing", "formula", "picture", "scan"}
    assert {query["evidence"] for query in asked} == kinds


def test_every_question_is_judged_by_pages_of_its_own_document() -> None:
    stems = {Path(name).stem: count for name, count in PAGES.items()}
    asked = {query["_id"]: query["doc"] for query in queries()}
    assert {query for query, _ in judgements()} == set(asked)
    for query, page in judgements():
        stem, _, number = page.partition("#")
        assert stem == asked[query]
        assert 1 <= int(number) <= stems[stem]


def test_every_page_but_the_covers_answers_a_question() -> None:
    answered = {page for _, page in judgements()}
    every = {f"{Path(n).stem}#{page}" for n, count in PAGES.items() for page in range(1, count + 1)}
    assert every - answered == {"coffee-roaster-manual#1", "ferry-report-2025#1"}


@pytest.mark.slow
def test_made_again_the_pages_are_the_same(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib draws the samples: install quire[dev]")
    make = [sys.executable, str(SAMPLES / "make.py"), "--out", str(tmp_path)]
    subprocess.run(make, check=True)
    for name in PAGES:
        again, before = pages(tmp_path / name), pages(SAMPLES / "corpus" / name)
        for (new, new_text), (old, old_text) in zip(again, before, strict=True):
            assert new_text.split() == old_text.split(), name
            difference = np.asarray(new, dtype=float) - np.asarray(old, dtype=float)
            assert np.abs(difference).mean() < 1.0, f"{name}: the pixels moved"
