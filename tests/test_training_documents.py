"""Documents as training data: what a page is asked, what is held back, what is told at the end."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from PIL import Image
from tiny_model import WORDS, write_tiny_model

from quire.adapters.errors import AdapterError
from quire.adapters.train.encoded import of_rows
from quire.adapters.train.examples import Pair
from quire.engine.cli.app import main
from quire.engine.encode.encoder import Encoder
from quire.engine.train.data import read_data
from quire.engine.train.documents import HELD, TRAIN, make_data
from quire.engine.train.held_back import Measured, measure_held_back
from quire.engine.train.questions import (
    FEWEST_WORDS,
    captions,
    headings,
    lines_of,
    questions_of,
    span,
)
from quire.ingest.budget import PixelBudget
from quire.ingest.page import Page, Word

RNG = np.random.default_rng
SMALL = PixelBudget(max_pixels=28 * 28 * 64, min_pixels=28 * 28, factor=28)


def set_line(text: str, top: float, height: float = 0.01) -> list[Word]:
    """Words side by side, each .05 wide and .01 apart."""
    return [
        Word(word, (0.06 * i, top, 0.06 * i + 0.05, top + height))
        for i, word in enumerate(text.split())
    ]


def page(*lines: list[Word]) -> Page:
    words = tuple(word for line in lines for word in line)
    text = " ".join(word.text for word in words)
    return Page("d", 1, Image.new("RGB", (28, 28)), words, text, 1.0, 1.0, 0, "")


BODY = [set_line("some words that fill a page from edge to edge", 0.1 + 0.02 * i) for i in range(5)]


def test_words_side_by_side_are_a_line() -> None:
    words = [*set_line("one two", 0.1), *set_line("three", 0.2), Word("far", (0.9, 0.2, 1, 0.21))]
    said = [[word.text for word in line] for line in lines_of(words)]
    assert said == [["one", "two"], ["three"], ["far"]]


def test_a_line_in_larger_letters_is_a_heading() -> None:
    shown = page(set_line("Safety first", 0.02, 0.02), set_line("7", 0.05, 0.03), *BODY)
    assert headings(lines_of(shown.words)) == ["Safety first"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Figure 3: Ferries by month", ["Ferries by month"]),
        ("Table 2.1 Fuel and electricity used", ["Fuel and electricity used"]),
        ("Abbildung 4 – Ausleihen nach Alter", ["Ausleihen nach Alter"]),
        ("Figure 3 shows", []),
        ("See the table below for it", []),
    ],
)
def test_a_caption_asks_what_it_says_behind_its_number(line: str, said: list[str]) -> None:
    assert captions(lines_of(set_line(line, 0.5))) == said


def test_a_span_keeps_the_order_and_leaves_words_out() -> None:
    words = [f"w{i}" for i in range(50)]
    lengths = []
    for seed in range(40):
        numbers = [int(word[1:]) for word in span(words, RNG(seed)).split()]
        assert numbers == sorted(numbers)
        assert numbers[-1] - numbers[0] < 16
        lengths.append(len(numbers))
    assert 5 < np.mean(lengths) < 11, "seven in ten of six to sixteen"
    assert min(lengths) >= 3


def test_a_page_is_asked_its_heading_its_caption_and_spans() -> None:
    shown = page(
        set_line("Safety first", 0.02, 0.02), *BODY, set_line("Table 1: Fuel used up", 0.5)
    )
    found = questions_of(shown, RNG(0), 4)
    assert found[:2] == ["Safety first", "Fuel used up"]
    assert len(set(found)) == 4
    assert found == questions_of(shown, RNG(0), 4)


def test_a_page_with_few_words_is_asked_nothing() -> None:
    assert (
        questions_of(page(set_line(" ".join(["word"] * (FEWEST_WORDS - 1)), 0.1)), RNG(0), 4) == []
    )


def write_document(path: Path, seed: int, pages: int = 4) -> None:
    rng = random.Random(seed)
    with pymupdf.open() as pdf:
        for number in range(pages):
            sheet = pdf.new_page(width=200, height=200)
            said = " ".join(rng.choices(WORDS.split(), k=45))
            sheet.insert_text((10, 20), f"Heading {seed} {number}", fontsize=16)
            sheet.insert_textbox((10, 30, 190, 190), said, fontsize=8)
        pdf.save(path)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    for seed in range(4):
        write_document(folder / f"{seed}.pdf", seed)
    return folder


def make(documents: Path, out: Path, **how: Any) -> list[str]:
    return make_data(documents, out, SMALL, **{"sees": True, "seed": 0, "tell": print, **how})


def test_whole_documents_are_held_back_and_pages_drawn_as_they_are_indexed(
    documents: Path, tmp_path: Path
) -> None:
    ids = make(documents, tmp_path)
    learnt, held = read_data(tmp_path / TRAIN), read_data(tmp_path / HELD)
    assert len(ids) == 4
    groups = [{e.kind.removeprefix("page ") for e in data.examples} for data in (learnt, held)]
    assert [len(group) for group in groups] == [3, 1]
    assert groups[0] | groups[1] == set(ids)
    assert len(learnt.examples) == 3 * 4 * 4, "documents, pages, questions"
    assert len(held.examples) == 4 * 4
    with Image.open(next(held.pictures())) as drawn:
        assert drawn.size == (224, 224)


def test_what_was_made_of_the_same_documents_is_kept(documents: Path, tmp_path: Path) -> None:
    told: list[str] = []
    first = make(documents, tmp_path, tell=told.append)
    assert told
    told.clear()
    assert make(documents, tmp_path, tell=told.append) == first
    assert not told
    make(documents, tmp_path, tell=told.append, seed=1)
    assert told


def test_a_model_that_reads_text_alone_gets_the_text(documents: Path, tmp_path: Path) -> None:
    make(documents, tmp_path, sees=False)
    data = read_data(tmp_path / TRAIN)
    assert not list(data.pictures())
    assert all(isinstance(e, Pair) and "Heading" in str(e.right) for e in data.examples)


def test_one_document_is_not_enough(tmp_path: Path) -> None:
    write_document(tmp_path / "a.pdf", 1)
    with pymupdf.open() as pdf:
        pdf.new_page()
        pdf.save(tmp_path / "blank.pdf")
    with pytest.raises(AdapterError, match="holds 1 documents with a text layer, and two"):
        make(tmp_path, tmp_path / "out")


def test_held_back_questions_are_ranked_over_all_held_back_pages() -> None:
    """Letters as unit vectors: "b" finds its page first, "a" only after the page that says more."""
    letters = torch_eye("abc")

    def encode(items: Any, query: bool) -> Any:
        rows = [letters[["abc".index(letter) for letter in item]] for item in items]
        return of_rows(rows, letters[: len(items)])

    pairs = [Pair("b", "bb"), Pair("ac", "cc"), Pair("ca", "ac")]
    found = measure_held_back(encode, pairs)
    assert found.values[0] == 1
    np.testing.assert_allclose(found.values, [1, 1 / np.log2(3), 1])


def torch_eye(letters: str) -> Any:
    import torch

    return torch.eye(len(letters))


def test_a_gain_is_the_mean_of_what_each_question_gained() -> None:
    before, after = Measured((0.2, 0.4, 0.6)), Measured((0.5, 0.7, 0.9))
    gain = after.gain(before)
    np.testing.assert_allclose([gain.mean, gain.low, gain.high], 0.3)


def test_the_command_adapts_to_documents_and_tells_before_and_after(
    documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_tiny_model(tmp_path / "model")
    told = json.loads((model / "quire.json").read_text())
    told["budget"] = vars(SMALL)
    (model / "quire.json").write_text(json.dumps(told))
    out = tmp_path / "out"
    run = ["train", "--model", str(model), "--from-documents", str(documents), "--out", str(out)]
    more = ["--steps", "3", "--batch", "4", "--json"]
    assert main([*run, *more]) == 0
    result = json.loads(capsys.readouterr().out)
    held = result["held_back"]
    assert held["questions"] == 16
    assert 0 <= held["before"]["low"] <= held["before"]["mean"] <= held["before"]["high"] <= 1
    moved = held["after"]["mean"] - held["before"]["mean"]
    np.testing.assert_allclose(held["gain"]["mean"], moved, atol=1e-9)
    assert Encoder.load(str(out)).fingerprint != Encoder.load(str(model)).fingerprint
    assert main([*run, *more[:-1]]) == 0, "again: done, and told again"
    assert "Held back, 16 questions: before nDCG@10" in capsys.readouterr().out
    judged = ["--refuse", str(documents)]
    assert main([*run, *more, *judged]) == 3
    assert "has the bytes of" in capsys.readouterr().err


def test_the_command_wants_one_kind_of_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["--data", str(tmp_path), "--from-documents", str(tmp_path)]
    for given in ([], both):
        assert main(["train", "--out", str(tmp_path / "out"), *given]) == 2
        assert "exactly one of --data and --from-documents" in capsys.readouterr().err
    wrong = ["--from-documents", str(tmp_path), "--task", "code"]
    assert main(["train", "--out", str(tmp_path / "out"), *wrong]) == 2
    assert "documents teach retrieval alone" in capsys.readouterr().err
