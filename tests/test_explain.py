"""Why a page was found: words on the visual grid, regions, and how likely it answers at all."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from standin import GRID, StandIn, write_pdf

from quire.engine import Library
from quire.engine.encode.protocol import Vectors
from quire.engine.errors import SearchError
from quire.engine.explain.calibration import USUAL, SelfAsked, calibrate, fit
from quire.engine.explain.coverage import read_coverage
from quire.engine.explain.evidence import seen_cells, seen_maps
from quire.engine.explain.mapping import heatmap
from quire.engine.explain.paint import colours, paint
from quire.engine.explain.question import Question, ask
from quire.engine.explain.ranking import cells_of, rank_regions
from quire.engine.explain.rarity import Rarity
from quire.engine.explain.words import content_words, folded, likeness, words
from quire.engine.search.hits import Hit
from quire.engine.store.pages import StoredPage
from quire.ingest.block import Block
from quire.ingest.page import Word

AXES = np.eye(4, dtype=np.float32)


def question(text: str, rows: np.ndarray, spans: list[tuple[int, int] | None] | None) -> Question:
    """Evidence begins at cosine 0 and is whole at 1: there is no library to compare with."""
    return ask(text, Rarity([]), rows, spans, np.zeros((0, rows.shape[1]), np.float32))


def page(cells: list[int], rows: np.ndarray, grid: tuple[int, int], *own: Word) -> StoredPage:
    vectors = Vectors(rows, np.zeros(8, np.float32), np.array(cells, np.int16), grid)
    return StoredPage(vectors, own, 100.0, 200.0)


def picture() -> Image.Image:
    return Image.new("RGB", (60, 40), "white")


def test_a_row_lies_in_the_cell_that_it_looks_at() -> None:
    asked = question("red", AXES[:1], [(0, 3)])
    # Two rows of three cells: the match looks at cell 5, bottom right.
    maps = seen_maps(asked, page([0, 5], AXES[[1, 0]], (2, 3)).vectors)
    assert maps.tolist() == [[[0, 0, 0], [0, 0, 1]]]


def test_blank_cells_have_no_row_and_no_evidence() -> None:
    asked = question("red", AXES[:1], [(0, 3)])
    map_ = heatmap(asked, page([1], AXES[:1], (2, 2)), picture)
    assert map_.seen.tolist() == [[False, True], [False, False]]
    assert map_.whole.tolist() == [[0, 1], [0, 0]]


def test_special_tokens_explain_nothing_neither_in_the_question_nor_on_the_page() -> None:
    asked = question("red", AXES[:2], [(0, 3), None])
    special_row = page([-1, 0], AXES[[0, 1]], (1, 2))  # cell -1 matches, cell 0 is the special one
    assert seen_maps(asked, special_row.vectors).max() == 0
    assert seen_cells(special_row.vectors).tolist() == [[True, False]]


def test_pieces_of_a_word_may_stand_in_neighbouring_cells() -> None:
    asked = question("redder", AXES[:2], [(0, 3), (3, 6)])
    apart = seen_maps(asked, page([0, 1], AXES[:2], (1, 3)).vectors)
    far = seen_maps(asked, page([0, 2], AXES[:2], (1, 3)).vectors)
    assert apart.max() == pytest.approx(1)
    assert far[0, 0].tolist() == pytest.approx([0.5, 1, 0.5]) or far.max() <= 1


def test_an_encoder_that_cannot_tell_its_rows_shares_them_among_all_words() -> None:
    asked = question("red box", AXES[:2], None)
    maps = seen_maps(asked, page([0], AXES[:1], (1, 1)).vectors)
    assert maps[:, 0, 0].tolist() == [0.5, 0.5]


def test_scale_is_that_of_the_library_so_colours_mean_the_same_on_every_page() -> None:
    library = np.repeat(AXES[:1] * 0.5, 100, axis=0)  # every row of the library is half as like
    asked = ask("red", Rarity([]), AXES[:1], [(0, 3)], library)
    half = page([0], AXES[:1] * 0.5, (1, 1))
    assert seen_maps(asked, half.vectors).max() == 0, "what every page shows is no evidence"


def test_the_map_can_be_had_by_word_and_as_bytes() -> None:
    asked = question("red box", AXES[:2], [(0, 3), (4, 7)])
    map_ = heatmap(asked, page([0, 3], AXES[:2], (2, 2)), picture)
    assert map_.words == ("red", "box")
    assert map_.of("box").tolist() == [[0, 0], [0, 1]]
    assert map_.levels(0).tolist() == [[255, 0], [0, 0]]
    with pytest.raises(SearchError, match="words with a map: red, box"):
        map_.of("blue")


def test_the_picture_is_marked_where_the_map_is_and_has_a_legend() -> None:
    values = np.zeros((4, 6), np.float32)
    values[0, 5] = 1  # top right, of a page that is wider than tall
    shown = np.asarray(paint(Image.new("RGB", (600, 400), "white"), values, "a question"))
    marked = (shown[:400] < 200).any(axis=2)
    rows, columns = np.nonzero(marked)
    assert rows.max() < 150 and columns.min() > 400
    assert len(shown) > 400, "the legend stands below the page"
    assert (shown[400:] < 100).all(axis=2).any(), "and is written on"


def test_no_evidence_leaves_the_page_as_it_is() -> None:
    white = Image.new("RGB", (60, 40), "white")
    assert (np.asarray(paint(white, np.zeros((2, 3)), ""))[:40] == 255).all()


def test_colours_grow_darker() -> None:
    levels = colours(np.linspace(0, 1, 20)).astype(float).mean(axis=1)
    assert (np.diff(levels) < 0).all()


def line(text: str, top: float) -> list[Word]:
    return [
        Word(word, (0.1 + 0.1 * i, top, 0.19 + 0.1 * i, top + 0.02))
        for i, word in enumerate(text.split())
    ]


def test_regions_snap_to_blocks_and_hold_their_text() -> None:
    own = [*line("the cat sat", 0.1), *line("a ferry sails at noon", 0.5)]
    blocks = [Block("text", (0.05, 0.08, 0.95, 0.2)), Block("text", (0.05, 0.48, 0.95, 0.6))]
    asked = question("When does the ferry sail?", AXES[:1], [None])
    found = rank_regions(asked, page([0], AXES[:1], (4, 4), *own), blocks, picture)
    assert [(region.kind, region.text) for region in found] == [("text", "a ferry sails at noon")]
    assert found[0].box == blocks[1].box
    assert 0 < found[0].score <= 1


def test_without_blocks_words_become_paragraphs() -> None:
    own = [*line("the cat sat", 0.1), *line("a ferry sails", 0.5), *line("at noon", 0.53)]
    asked = question("ferry noon", AXES[:1], [None])
    [best, *_] = rank_regions(asked, page([0], AXES[:1], (4, 4), *own), [], picture)
    assert best.text == "a ferry sails at noon"
    assert best.box == pytest.approx((0.1, 0.5, 0.39, 0.55))


def test_without_words_the_inked_areas_are_looked_at() -> None:
    asked = question("red", AXES[:1], [(0, 3)])
    scan = page([0, 11], AXES[[1, 0]], (3, 4))
    [best] = rank_regions(asked, scan, [], picture, k=1)
    assert (best.kind, best.text) == ("area", "")
    assert best.box == pytest.approx((3 / 4, 2 / 3, 1, 1))


def test_a_chart_that_nobody_named_is_a_place_too() -> None:
    own = line("the cat sat", 0.02)
    blocks = [Block("text", (0.05, 0.0, 0.95, 0.1))]
    # Ten rows of ten cells: the text in the first, a drawing of 4 x 5 below, and a lone rule.
    drawn = [10 * row + column for row in range(4, 8) for column in range(3, 8)]
    cells = [1, *drawn, 99]
    rows = AXES[[1, *[0] * len(drawn), 1]]
    asked = question("red", AXES[:1], [(0, 3)])
    [best, *more] = rank_regions(asked, page(cells, rows, (10, 10), *own), blocks, picture)
    assert (best.kind, best.text, more) == ("area", "", [])
    assert best.box == pytest.approx((0.3, 0.4, 0.8, 0.8))


def test_a_row_of_a_table_is_about_what_its_head_says() -> None:
    own = [*line("income 2025", 0.1), *line("fares 38", 0.2), *line("freight 17", 0.3)]
    rows = [Block("table row", (0, top, 1, top + 0.05)) for top in (0.09, 0.19, 0.29)]
    blocks = [Block("table", (0, 0.09, 1, 0.34)), *rows]
    asked = question("freight income", AXES[:1], [None])
    [best, *_] = rank_regions(asked, page([0], AXES[:1], (4, 4), *own), blocks, picture)
    assert best.text in ("freight 17", "income 2025 fares 38 freight 17")


def test_nothing_speaks_and_nothing_is_returned() -> None:
    asked = question("ferry", AXES[:1], [None])
    assert rank_regions(asked, page([0], AXES[1:2], (4, 4)), [], picture) == []
    blank = page([], AXES[:0], (4, 4))
    assert rank_regions(asked, blank, [], picture) == []


@given(
    st.tuples(*[st.floats(0, 1)] * 4).map(
        lambda c: (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
    ),
    st.tuples(st.integers(1, 50), st.integers(1, 50)),
)
def test_every_box_has_cells_and_they_lie_on_the_grid(
    box: tuple[float, float, float, float], grid: tuple[int, int]
) -> None:
    for part, n in zip(cells_of(box, grid), grid, strict=True):
        assert 0 <= part.start < part.stop <= n + 1 and part.start < n


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [("ferry", "ferry", 1), ("sail", "sails", 0.7), ("2025", "2026", 0), ("cat", "cats", 0)],
)
def test_two_forms_of_a_word_are_worth_a_little_less(a: str, b: str, alike: float) -> None:
    assert likeness(a, b) == likeness(b, a) == alike


def test_words_of_scripts_without_blanks_are_pairs_of_letters() -> None:
    assert [word.key for word in words("今年股利 up")] == ["今年", "年股", "股利", "up"]
    assert folded("Ábc ﬁn") == "abc fin"


def test_a_question_is_asked_by_the_words_that_say_something() -> None:
    asked = "What is the price of the price?"
    assert [asked[w.start : w.end] for w in content_words(asked)] == ["price"]
    assert [w.key for w in content_words("Who is it?")] == ["who", "is", "it"]


def test_rare_words_weigh_more_and_absent_ones_most() -> None:
    rarity = Rarity(["the ferry", "the cat", ""])
    assert rarity.pages == 2
    assert rarity.of("the") < rarity.of("ferry") < rarity.of("dividend")


def test_a_passage_is_sixty_words_long() -> None:
    halves = np.array([0.5, 0.5])
    near, far = "red " + "x " * 58 + "box", "red " + "x " * 59 + "box"
    assert read_coverage(["red", "box"], halves, near)[0] == 1
    assert read_coverage(["red", "box"], halves, far) == (0.5, (0, 3))
    assert read_coverage(["red"], np.ones(1), "") == (0, (0, 0))


def test_words_that_begin_otherwise_are_passed_over_and_nothing_else() -> None:
    """The same as comparing every word of the text with every word of the question."""
    rng = np.random.default_rng(0)
    names = ["car", "cars", "care", "caretaker", "caretakers", "2024", "20241", "灯塔", "map"]
    for _ in range(50):
        text = " ".join(rng.choice([*names, "x", "and"], 90))
        keys = [str(key) for key in rng.choice(names, 3, replace=False)]
        weights = np.full(len(keys), 1 / 3)
        there = [[likeness(key, word.key) for key in keys] for word in words(text)]
        passages = [np.max(there[i : i + 60], axis=0) for i in range(len(there))]
        best = max(float(weights @ held) for held in passages)
        assert read_coverage(keys, weights, text)[0] == pytest.approx(best, abs=1e-8)


def test_the_curve_parts_what_covers_much_from_what_covers_little() -> None:
    curve = fit([SelfAsked(own=0.7, other=0.3)] * 40)
    assert curve.relevance(0.7) > 0.7 > 0.3 > curve.relevance(0.3)
    assert curve.relevance(0.5) == pytest.approx(0.5, abs=0.1)


def test_a_library_of_one_document_has_the_usual_curve() -> None:
    texts = ["many words stand here " * 20, "and other words stand there " * 20]
    assert calibrate(texts, [0, 0], Rarity(texts)) == USUAL


def test_the_same_library_has_the_same_curve() -> None:
    rng = np.random.default_rng(0)
    names = [f"word{i}" for i in range(400)]
    texts = [" ".join(rng.choice(names, 120)) for _ in range(12)]
    owners = [i // 3 for i in range(12)]
    curve = calibrate(texts, owners, Rarity(texts))
    assert curve == calibrate(texts, owners, Rarity(texts)) != USUAL
    assert curve.slope > 0


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("explain")
    write_pdf(folder / "ships.pdf", "a ferry sails at noon", "the captain retires in spring")
    write_pdf(folder / "cats.pdf", "the cat sat on a mat", "")
    made = Library.open(folder / "library", StandIn(), create=True)
    made.add([folder / "ships.pdf", folder / "cats.pdf"])
    return made


def test_a_hit_explains_itself(library: Library) -> None:
    hit = library.search("when does the ferry sail", k=1)[0]
    assert (hit.name, hit.page) == ("ships.pdf", 1)
    map_ = hit.heatmap()
    assert map_.whole.shape == GRID
    assert map_.whole[0].max() > 0, "the text stands at the top of the page"
    assert map_.whole[1:].max() == 0
    [best, *_] = hit.regions()
    assert "ferry sails" in best.text
    assert best.box[3] < 0.2, "so does its region"
    assert hit.crop().height < hit.image().height
    assert map_._repr_png_().startswith(b"\x89PNG")


def test_blocks_are_kept_beside_the_image_and_go_with_it(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quire.engine.store import blocks

    hit = library.search("captain", k=1)[0]
    asked: list[int] = []

    def find(path: str, number: int) -> tuple[Block, ...]:
        asked.append(number)
        return (Block("text", (0.0, 0.0, 1.0, 0.5)),)

    monkeypatch.setattr(blocks, "find_blocks", find)
    assert [hit.regions()[0].box for _ in range(2)] == [(0.0, 0.0, 1.0, 0.5)] * 2
    assert asked == [2], "found once, then read"
    assert library.check() == []


def test_a_file_that_is_gone_costs_the_blocks_and_nothing_else(tmp_path: Path) -> None:
    file = write_pdf(tmp_path / "a.pdf", "a ferry sails at noon")
    library = Library.open(tmp_path / "library", StandIn(), create=True)
    library.add(file)
    file.unlink()
    assert "ferry" in library.search("ferry")[0].regions()[0].text


def test_another_question_can_be_asked_of_the_same_page(library: Library) -> None:
    hit = library.search("ferry", k=1)[0]
    assert hit.covers(hit.text) == 1
    assert hit.about("captain").covers(hit.text) == 0
    assert hit.about("captain").relevance < hit.relevance


def test_relevance_says_whether_anything_answers(library: Library) -> None:
    assert library.search("ferry noon").found
    assert not library.search("quarterly dividend of the museum").found
    assert library.search("xylophone", mode="text").relevance == 0, "no hit, no relevance"


def test_text_search_needs_no_encoder_for_relevance(tmp_path: Path) -> None:
    file = write_pdf(tmp_path / "a.pdf", "a ferry sails at noon")
    Library.open(tmp_path / "library", StandIn(), create=True).add(file)
    reopened = Library.open(tmp_path / "library")  # and the stand-in cannot be loaded by name
    [hit] = reopened.search("ferry", mode="text")
    assert 0 <= hit.relevance <= 1


def test_regions_are_json(library: Library) -> None:
    region: Hit = library.search("ferry", k=1)[0]
    told = json.loads(json.dumps(region.regions()[0].as_dict()))
    assert set(told) == {"box", "kind", "score", "text"}
