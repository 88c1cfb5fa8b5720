"""The blocks of a page, found in a process that may be killed."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standin import write_pdf

from quire.ingest import block
from quire.ingest.block import Block, find_blocks, read_blocks, write_blocks
from quire.ingest.limits import Limits

CORNERS = [0.1, 0.2, 0.5, 0.6]


def test_blocks_are_read_as_they_were_written() -> None:
    blocks = (Block("text", (0.1, 0.2, 0.5, 0.6)), Block("table row", (0.0, 0.0, 1.0, 1.0)))
    assert read_blocks(write_blocks(blocks)) == blocks


@pytest.mark.parametrize(
    "row",
    [
        ["gold", *CORNERS],
        ["text", 0.5, 0.2, 0.1, 0.6],
        ["text", 0.1, 0.2, 0.5, 1.6],
        ["text", 0.1, 0.2, 0.5],
        ["text", "a", 0.2, 0.5, 0.6],
        ["text", float("nan"), 0.2, 0.5, 0.6],
        "text",
        None,
    ],
)
def test_what_is_no_block_is_left_out(row: object) -> None:
    assert read_blocks(json.dumps([row, ["text", *CORNERS]])) == (Block("text", tuple(CORNERS)),)  # type: ignore[arg-type]


@given(st.text())
def test_whatever_a_hostile_process_says_raises_nothing(text: str) -> None:
    assert read_blocks(text) == ()


@pytest.mark.parametrize(
    "done",
    [
        SimpleNamespace(returncode=-9, stdout=b"[]"),
        SimpleNamespace(returncode=0, stdout=b" " * ((1 << 20) + 1)),
    ],
)
def test_a_process_that_dies_or_talks_too_much_gives_no_blocks(
    monkeypatch: pytest.MonkeyPatch, done: SimpleNamespace
) -> None:
    monkeypatch.setattr(block.subprocess, "run", lambda *_, **__: done)
    assert find_blocks("a.pdf", 1) is None


@pytest.mark.slow
def test_a_page_has_blocks_where_its_text_stands_also_when_it_is_turned(tmp_path: Path) -> None:
    import pymupdf

    limits = Limits(seconds_per_page=120)  # machines that run tests are busy
    text = "A heading\n\n" + "The ferry sails at noon and carries people to the island. " * 4
    file = write_pdf(tmp_path / "a.pdf", text)
    found = find_blocks(file, 1, limits)
    assert found
    assert min(b.box[1] for b in found) < 0.2, "at the top"
    assert max(b.box[3] for b in found) < 0.6, "and nothing below"
    with pymupdf.open(file) as pdf:
        pdf[0].set_rotation(90)
        pdf.save(tmp_path / "turned.pdf")
    # Turned clockwise, the top of the page comes to lie at the right of it.
    turned = find_blocks(tmp_path / "turned.pdf", 1, limits)
    assert turned
    assert max(b.box[2] for b in turned) > 0.8 and min(b.box[0] for b in turned) > 0.4


@pytest.mark.slow
def test_a_file_that_is_no_pdf_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"not a PDF")
    assert find_blocks(tmp_path / "a.pdf", 1, Limits(seconds_per_page=120)) is None
