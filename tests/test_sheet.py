"""The contact sheet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from quire.engine.explain.lettering import font_for, shorten
from quire.engine.search.sheet import (
    COLUMNS,
    GAP,
    MARGIN,
    TALLEST,
    TILE,
    Strip,
    Tile,
    draw_sheet,
)


def tile(width: int = 60, height: int = 80, file: str = "a.pdf", colour: str = "teal") -> Tile:
    return Tile(Image.new("RGB", (width, height), colour), file, 3, 1.5)


def test_every_query_has_its_row_and_the_longest_row_sets_the_width() -> None:
    one = draw_sheet([Strip("one", [tile()] * 5)])
    two = draw_sheet([Strip("one", [tile()] * 5), Strip("two", [tile()])])
    assert one.width == two.width == 2 * MARGIN + 5 * TILE + 4 * GAP
    assert two.height == 2 * (one.height - MARGIN) + MARGIN


def test_hits_beyond_the_last_column_are_not_drawn() -> None:
    full, more = (draw_sheet([Strip("q", [tile()] * n)]) for n in (COLUMNS, COLUMNS + 1))
    assert full.size == more.size


def test_the_page_itself_is_there_at_full_width_of_its_tile() -> None:
    sheet = draw_sheet([Strip("q", [tile(colour="#ff0000")])])
    red = ImageChops.difference(sheet, Image.new("RGB", sheet.size, "#ff0000")).convert("L")
    box = red.point(lambda value: 255 if value == 0 else 0).getbbox()
    assert box is not None
    assert box[2] - box[0] == TILE


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (1, 1), (3000, 4000)])
def test_odd_pages_fit_their_tile(size: tuple[int, int]) -> None:
    sheet = draw_sheet([Strip("q", [tile(*size)])])
    assert sheet.height < TALLEST + 250


def test_a_query_without_hits_says_so_and_no_query_is_refused() -> None:
    blank = draw_sheet([Strip("", [])])
    said = draw_sheet([Strip("q", [])])
    assert ImageChops.difference(blank, said).getbbox() is not None
    with pytest.raises(ValueError, match="at least one query"):
        draw_sheet([])


def test_long_file_names_lose_their_middle_and_keep_both_ends() -> None:
    cut = shorten("quarterly-report-2018.pdf", 12, len, middle=True)
    assert cut == "quarterl…pdf"


@given(st.text(max_size=60), st.integers(0, 40), st.booleans())
def test_what_is_shortened_fits(text: str, width: int, middle: bool) -> None:
    cut = shorten(text, width, len, middle=middle)
    assert len(cut) <= max(width, 1)
    assert cut == text or "…" in cut


def test_a_query_of_twenty_thousand_letters_is_drawn_at_once() -> None:
    draw_sheet([Strip("word " * 4000, [tile()])])


@pytest.mark.parametrize("letter", "aZ~…ÖßéŁ–“日한Яλ")
def test_every_letter_gets_a_face_that_has_it(letter: str) -> None:
    for rest in ("", "日"):
        font = font_for(letter + rest, 20)
        assert bytes(font.getmask(letter)) != bytes(font.getmask("\ue123"))
