"""Training data as it lies on disk: what a line means, and what is wrong with it."""

import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from quire.adapters.errors import AdapterError
from quire.adapters.train.examples import Pair, Scored
from quire.engine.train.data import Data, read_data
from quire.engine.train.judged import refuse_judged_files
from quire.engine.train.pupil import Picture


def read(folder: Path, *lines: Any) -> Data:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / "a.jsonl").write_text(text, encoding="utf-8")
    Image.new("RGB", (8, 8)).save(folder / "page.png")
    return read_data(folder)


def fault(folder: Path, line: Any) -> str:
    with pytest.raises(AdapterError) as caught:
        read(folder, {"query": "q", "positive": "p"}, line)
    told = str(caught.value)
    assert "1 of 2 lines" in told and "a.jsonl, line 2: " in told
    return told


def test_lines_become_examples(tmp_path: Path) -> None:
    page = Picture(tmp_path / "page.png")
    data = read(
        tmp_path,
        {"query": "q", "positive": "p", "negatives": ["n"], "source": "anybody's business"},
        {"query": "q", "picture": "page.png", "negative_pictures": ["page.png"], "group": "g"},
        {"a": "x", "b": "y", "score": 3},
        {"a": "x", "b": "y"},
    )
    assert data.examples == (
        Pair("q", "p", ("n",), "text "),
        Pair("q", page, (page,), "page g"),
        Scored("x", "y", 3.0, "scored "),
        Pair("x", "y", (), "alike "),
    )
    assert list(data.texts()) == ["q", "p", "n", "q", "x", "y", "x", "y"]
    assert list(data.pictures()) == [tmp_path / "page.png"]


def test_packed_files_are_read_and_contents_told_apart(tmp_path: Path) -> None:
    line = json.dumps({"query": "q", "positive": "p"}) + "\n"
    with lzma.open(tmp_path / "a.jsonl.xz", "wt") as file:
        file.write(line)
    packed = read_data(tmp_path)
    (tmp_path / "a.jsonl.xz").unlink()
    (tmp_path / "a.jsonl").write_text(line)
    assert read_data(tmp_path) == packed
    (tmp_path / "a.jsonl").write_text(line.replace("p", "r", 1))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ({"text": "x"}, "neither 'query' nor 'a' and 'b', but 'text'"),
        ({"query": " ", "positive": "p"}, "'query' is no text"),
        ({"query": "q"}, "exactly one of 'positive'"),
        ({"query": "q", "positive": "p", "picture": "page.png"}, "exactly one of 'positive'"),
        ({"query": "q", "positive": 3}, "'positive' is no text"),
        (
            {"query": "q", "positive": "p", "negative": ["n"]},
            "no key 'negative': write 'negatives'",
        ),
        ({"query": "q", "positive": "p", "negatives": "n"}, "'negatives' is no list of texts"),
        ({"query": "q", "picture": "none.png"}, "there is no picture"),
        ({"query": "q", "picture": "a.jsonl"}, "is no picture"),
        ({"query": "q", "picture": 7}, "picture 7 is no path"),
        ({"a": "x", "score": 1}, "'b' is missing"),
        ({"a": "x", "b": "y", "score": "high"}, "score 'high' is no number"),
        ('{"a": "x", "b": "y", "score": NaN}', "score nan is no number"),
        ({"query": "\ud800", "positive": "p"}, "'query' is not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_line_is_told(tmp_path: Path, line: Any, told: str) -> None:
    assert told in fault(tmp_path, line)


def test_every_bad_line_is_named_up_to_twenty(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"25 of 25 lines") as caught:
        read(tmp_path, *["{"] * 25)
    assert "line 20:" in str(caught.value)
    assert "line 21:" not in str(caught.value)
    assert "and 5 more" in str(caught.value)


def test_a_folder_without_examples_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"holds no \*\.jsonl"):
        read_data(tmp_path)


def test_files_that_models_are_judged_by_are_refused(tmp_path: Path) -> None:
    judged, own = tmp_path / "judged" / "corpus", tmp_path / "own.png"
    judged.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(own)
    refuse_judged_files([own], judged)
    (judged / "page.png").write_bytes(own.read_bytes())
    with pytest.raises(AdapterError, match=r"own\.png has the bytes of .* judged"):
        refuse_judged_files([own], tmp_path / "judged")
