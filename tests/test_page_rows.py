"""Rows of a page by its picture, its text, or both."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from standin import StandIn, word_vector, write_pdf

from quire.engine.cli.app import main
from quire.engine.encode.protocol import Vectors
from quire.engine.errors import EncodeError, WrongLibrary
from quire.engine.library import Library
from quire.engine.store.sides import PIECE, Side, encode_pages, pieces
from quire.ingest.page import Page, Word

TEXT = "red fox"


def page(text: str) -> Page:
    """Its picture shows one word, `seen`; its text layer says something else."""
    image = Image.new("RGB", (56, 56), "white")
    return Page("d", 1, image, (Word("seen", (0, 0, 0.1, 0.1)),), text, 1.0, 1.0, 0, "")


def encoded(text: str, side: Side) -> Vectors:
    [found] = encode_pages(StandIn(), [page(text)], side)
    return found


def is_rows_of(found: Vectors, *words: str) -> bool:
    return np.array_equal(found.multi, np.stack([word_vector(word) for word in words]))


def test_pixels_alone_are_what_the_encoder_sees() -> None:
    found = encoded(TEXT, "pixels")
    assert is_rows_of(found, "seen")
    assert found.cells.tolist() == [0]


def test_text_alone_looks_at_no_cell() -> None:
    found = encoded(TEXT, "text")
    assert is_rows_of(found, "red", "fox")
    assert (found.cells.tolist(), found.grid) == ([-1, -1], (0, 0))


def test_both_has_the_rows_of_the_picture_first_and_the_mean_of_the_dense_vectors() -> None:
    found = encoded(TEXT, "both")
    assert is_rows_of(found, "seen", "red", "fox")
    assert (found.cells.tolist(), found.grid) == ([0, -1, -1], (4, 4))
    mean = encoded(TEXT, "pixels").dense + encoded(TEXT, "text").dense
    np.testing.assert_allclose(found.dense, mean / np.linalg.norm(mean), rtol=1e-5)


@pytest.mark.parametrize("side", ["text", "both"])
def test_a_page_without_text_is_encoded_by_its_picture(side: Side) -> None:
    assert is_rows_of(encoded("  \n", side), "seen")


def test_pages_with_and_without_text_keep_their_order() -> None:
    found = encode_pages(StandIn(), [page("one"), page(""), page("two")], "text")
    for vectors, word in zip(found, ("one", "seen", "two"), strict=True):
        assert is_rows_of(vectors, word)


def test_long_text_is_encoded_in_pieces_and_no_word_is_lost() -> None:
    words = [f"word{i}" for i in range(500)]
    assert is_rows_of(encoded(" ".join(words), "text"), *words)


@given(st.text(max_size=5000))
def test_pieces_are_short_and_hold_every_letter(text: str) -> None:
    found = pieces(text)
    assert all(0 < len(piece) <= PIECE for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_an_unknown_side_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(EncodeError, match="rows='ocr': choose one of pixels, text, both"):
        Library.open(tmp_path / "new", StandIn(), create=True, rows="ocr")  # type: ignore[arg-type]


def test_libraries_with_other_rows_are_other_libraries(tmp_path: Path) -> None:
    prints = set()
    for side in ("pixels", "text", "both"):
        library = Library.open(tmp_path / side, StandIn(), create=True, rows=side)
        prints.add(library.manifest.fingerprint)
        assert Library.open(tmp_path / side, StandIn()).manifest.rows == side
    assert len(prints) == 3
    with pytest.raises(WrongLibrary, match="encoded by rows='both', not 'text'"):
        Library.open(tmp_path / "both", StandIn(), rows="text")


def test_a_library_by_text_finds_and_is_sound(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library", StandIn(), create=True, rows="both")
    library.add(write_pdf(tmp_path / "a.pdf", "a red fox", "a lazy dog", ""))
    hits = library.search("dog", mode="visual")
    assert hits[0].page == 2
    assert hits[0].heatmap().whole.shape == (4, 4)
    assert library.check() == []


def test_a_hit_found_by_text_alone_has_an_empty_map_and_no_regions(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library", StandIn(), create=True, rows="text")
    library.add(write_pdf(tmp_path / "a.pdf", "a red fox", "a lazy dog"))
    [first, *_] = library.search("dog", mode="visual")
    assert first.page == 2
    assert first.heatmap().whole.size == 0
    first.regions()
    assert first.heatmap().image().width > 0


def test_the_command_refuses_other_rows_than_the_library_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pdf(tmp_path / "a.pdf", "")
    to = ["index", str(tmp_path / "a.pdf"), "--library", str(tmp_path / "library")]
    assert main([*to, "--rows", "both"]) == 0
    assert main(to) == 0
    assert main([*to, "--rows", "text"]) == 3
    assert "leave the rows out" in capsys.readouterr().err
