"""Teaching to read: sheets whose words lie where they say, losses by hand, a run that learns."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_model import SHAPE, WORDS, tiny_pieces, tiny_reader, write_tiny_model

from quire.adapters.errors import AdapterError
from quire.adapters.read.__main__ import main
from quire.adapters.read.blocks import (
    PER_SHEET,
    Blocks,
    cut_blocks,
    join,
    patch_places,
    piece_places,
    to_windows,
)
from quire.adapters.read.export import restore
from quire.adapters.read.faces import latin_faces
from quire.adapters.read.losses import Classes, letter_loss, piece_loss, silence_loss
from quire.adapters.read.measure import reading
from quire.adapters.read.overlap import refuse_overlap
from quire.adapters.read.pieces import SPECIAL, piece_prior, piece_weights, train_pieces
from quire.adapters.read.sheet import Sheet, draw_sheet
from quire.adapters.read.spoil import spoil

TEXTS = [WORDS * 12, "a lazy fox grew brown while the dog jumps over revenue " * 12]


def sheet(number: int = 0, difficulty: float = 0.0) -> Sheet:
    return spoil((0, number), draw_sheet((0, number), TEXTS, latin_faces(), difficulty), difficulty)


def test_equal_seeds_draw_equal_sheets() -> None:
    one, same, other = sheet(1, 1.0), sheet(1, 1.0), sheet(2, 1.0)
    assert np.array_equal(one.ink, same.ink)
    assert one.text == same.text
    assert one.ink.shape != other.ink.shape or not np.array_equal(one.ink, other.ink)


@pytest.mark.parametrize("number", range(6))
def test_ink_lies_where_the_characters_say(number: int) -> None:
    """Around the middle of a letter the page is far from its ground; at random places it is not."""
    drawn = sheet(number)
    ground = np.median(drawn.ink)
    height, width = drawn.ink.shape
    inside = (drawn.x > 4) & (drawn.x < width - 4) & (drawn.y > 6) & (drawn.y < height - 6)
    solid = np.array([c.isalnum() for c in drawn.text]) & inside
    inked = []
    for x, y in zip(drawn.x[solid], drawn.y[solid], strict=True):
        near = drawn.ink[max(0, int(y) - 6) : int(y) + 7, max(0, int(x) - 4) : int(x) + 5]
        inked.append(bool((np.abs(near.astype(int) - ground) > 60).any()))
    assert np.mean(inked) > 0.95


def test_patches_come_by_window_by_cell_by_patch() -> None:
    rows, columns = np.mgrid[0:448, 0:448]
    number = (rows // 14 * 32 + columns // 14).astype(np.uint16)  # of the patch, row by row
    windows = to_windows((number % 251).astype(np.uint8), SHAPE)
    assert windows.shape == (4, 256, 196)
    flat = windows.reshape(-1, 196)
    places = patch_places(SHAPE, 2)
    for row, column in [(0, 0), (0, 1), (1, 0), (0, 15), (0, 16), (31, 31), (17, 5)]:
        assert set(flat[places[row, column]]) == {(row * 32 + column) % 251}
    assert places[0, 0] == 0
    assert places[0, 1] == 1
    assert places[1, 0] == 2, "the second row of the first cell"
    assert places[0, 16] == 256, "the second window"


def test_the_middle_of_a_piece_lies_between_its_letters() -> None:
    text = "fox dog\n"
    x = np.array([10, 20, 30, np.nan, 50, 60, 70, np.nan])
    ids, px, py = piece_places(Sheet(np.zeros((9, 9), np.uint8), text, x, x * 0 + 5), tiny_pieces())
    assert [tiny_pieces().id_to_token(i) for i in ids] == ["fox", "dog"]
    assert (px.tolist(), py.tolist()) == ([20, 60], [5, 5])


def test_blocks_know_what_stands_in_their_cells() -> None:
    drawn = sheet(3)
    blocks = cut_blocks((0, 3), drawn, tiny_pieces(), SHAPE)
    assert len(blocks) == PER_SHEET
    assert set(blocks.pieces[:, 0]) <= set(range(PER_SHEET))
    assert blocks.pieces[:, 1].max() < 256
    speaking = np.zeros_like(blocks.silent)
    speaking[blocks.pieces[:, 0], blocks.pieces[:, 1]] = True
    assert not (speaking & blocks.silent).any()


def test_a_letter_whose_lower_case_is_two_letters_shifts_no_other() -> None:
    """`İ` in lower case is an i and a dot above: every fact behind it would be off by one."""
    x = np.array([10.0, 24.0, 38.0, np.nan])
    drawn = Sheet(np.full((448, 448), 255, np.uint8), "İab\n", x, x * 0 + 7)
    blocks = cut_blocks((0, 0), drawn, tiny_pieces(), SHAPE, count=1)
    assert blocks.letters[:, 2].tolist() == [0, 1]


def test_picked_and_joined_blocks_keep_their_facts() -> None:
    both = [cut_blocks((0, n), sheet(n), tiny_pieces(), SHAPE) for n in range(2)]
    whole = join(both)
    back: Blocks = whole.pick(range(PER_SHEET, 2 * PER_SHEET))
    assert np.array_equal(back.pixels, both[1].pixels)
    assert np.array_equal(back.pieces, both[1].pieces)
    assert np.array_equal(back.letters, both[1].letters)


def classes(scale: float = 10.0) -> Classes:
    return Classes(torch.eye(4), torch.tensor(scale), torch.zeros(4))


def test_a_cell_with_two_pieces_is_best_between_them() -> None:
    facts = torch.tensor([[0, 0, 1], [0, 0, 2]])
    between = torch.nn.functional.normalize(torch.tensor([[[0.0, 1.0, 1.0, 0.0]]]), dim=-1)
    one = torch.tensor([[[0.0, 1.0, 0.0, 0.0]]])
    assert piece_loss(between, facts, classes()) < piece_loss(one, facts, classes())
    by_hand = np.log(2 + 2 * np.exp(-10 / np.sqrt(2)))
    np.testing.assert_allclose(piece_loss(between, facts, classes()), by_hand, rtol=1e-5)


def test_silent_cells_belong_to_the_first_class() -> None:
    rows = torch.tensor([[[1.0, 0, 0, 0], [0, 1.0, 0, 0]]])
    first, second = torch.tensor([[True, False]]), torch.tensor([[False, True]])
    assert silence_loss(rows, first, classes(), 8) < 0.01
    assert silence_loss(rows, second, classes(), 8) > 9
    assert silence_loss(rows, first & second, classes(), 8) == 0


def test_letters_that_are_there_weigh_four_times() -> None:
    logits = torch.zeros(1, 2, 3)
    none = torch.zeros(0, 3, dtype=torch.long)
    np.testing.assert_allclose(letter_loss(logits, none), np.log(2), rtol=1e-5)
    one = torch.tensor([[0, 1, 2]])
    np.testing.assert_allclose(letter_loss(logits, one), np.log(2) * 9 / 6, rtol=1e-5)


def test_a_piece_counts_as_read_unless_a_stranger_scores_higher() -> None:
    rows = torch.nn.functional.normalize(
        torch.tensor([[[0.0, 1.0, 0.9, 0.0], [1.0, 0.5, 0.0, 0.0]]]), dim=-1
    )
    facts = torch.tensor([[0, 0, 1], [0, 0, 2], [0, 1, 1]])
    wide = Classes(torch.eye(12)[:, :4], torch.tensor(1.0), torch.zeros(12))
    found = reading(rows, facts, wide)
    assert (found.first, found.among_eight, found.pieces) == (pytest.approx(2 / 3), 1.0, 3)


def test_pieces_are_lower_case_without_accents_and_split_names_of_code() -> None:
    pieces = train_pieces([WORDS * 20 + " café parse url " * 20], 300)
    assert pieces.encode("CAFÉ").tokens == pieces.encode("cafe").tokens
    assert pieces.encode("parseUrl").tokens == pieces.encode("parse url").tokens
    weights = piece_weights([WORDS * 300, "a b c " * 900], pieces)
    assert (weights[: len(SPECIAL)] <= 1e-3).all()
    assert weights.max() == 1
    np.testing.assert_allclose(np.exp(piece_prior([WORDS], pieces)).sum(), 1, rtol=1e-5)


def test_training_text_that_holds_a_judged_passage_is_refused(tmp_path: Path) -> None:
    passage = " ".join(f"word{i}" for i in range(30))
    (tmp_path / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": passage}) + "\n")
    refuse_overlap(["something else altogether " * 20], tmp_path)
    with pytest.raises(AdapterError, match=r"queries\.jsonl:1 .* stands in the training text"):
        refuse_overlap([f"It began. {passage.upper()}, and ended."], tmp_path)


def test_an_exported_reader_is_the_same_reader_when_it_is_restored(tmp_path: Path) -> None:
    reader, other = tiny_reader(1), tiny_reader(2)
    write_tiny_model(tmp_path, reader)
    lengths = restore(other, tmp_path)
    assert lengths.shape == (SHAPE.vocabulary,)
    for name, tensor in reader.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], tensor)


@pytest.mark.slow
def test_a_short_run_learns_resumes_and_exports_a_model_that_loads(tmp_path: Path) -> None:
    from quire.engine.encode.encoder import Encoder

    text = tmp_path / "text"
    text.mkdir()
    lines = [json.dumps({"text": t, "lang": "en"}) for t in TEXTS * 5]
    (text / "prose.jsonl").write_text("\n".join(lines))
    run = ["--text", str(text), "--folder", str(tmp_path / "run"), "--smoke"]
    assert main([*run, "--steps", "100"]) == 0
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [r["piece"] for r in log if "piece" in r]
    assert losses[-1] < losses[0] - 0.05, "the loss falls"
    assert main([*run, "--steps", "102", "--out", str(tmp_path / "model")]) == 0
    assert (tmp_path / "run" / "curves.png").stat().st_size > 5000
    further = ["--folder", str(tmp_path / "more"), "--begin-from", str(tmp_path / "model")]
    assert main([*run[:2], *further, "--smoke", "--stage", "ask", "--steps", "50"]) == 0
    asked = json.loads((tmp_path / "more" / "log.jsonl").read_text().splitlines()[-1])["ask"]
    assert 0 < asked < math.log(8 + 64), "better than guessing among all blocks"
    encoder = Encoder.load(str(tmp_path / "model"))
    assert encoder.encode_query("the lazy dog").shape[1] == 128


def test_a_folder_without_training_text_says_what_it_should_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["--text", str(tmp_path), "--folder", str(tmp_path / "run"), "--smoke"]
    assert main(run) == 3
    assert "holds no prose*.jsonl" in capsys.readouterr().err
