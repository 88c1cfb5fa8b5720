"""An adapter learns what a teacher thinks of texts, and the encoder gives what was learnt."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_model import tiny_pieces, tiny_reader, write_tiny_model

from quire.adapters.distil.losses import alike_loss, late_loss, point_loss
from quire.adapters.distil.teacher import Teacher, teach
from quire.adapters.distil.texts import KINDS, Pairs, described, load_pairs
from quire.adapters.distil.tower import Tower
from quire.adapters.distil.train import Plan, Trainer, train
from quire.adapters.errors import AdapterError
from quire.adapters.lora import write_adapter
from quire.adapters.read.export import FAMILY
from quire.adapters.read.pieces import special_ids
from quire.adapters.train.encoded import Encoded
from quire.adapters.train.late import late_scores
from quire.engine.encode.encoder import Encoder

TEXTS = ["the quick brown fox", "a fox, quick and brown", "revenue grew", "revenue of 2017 grew"]


LENGTHS = np.linspace(0.1, 1, len(tiny_reader().model.language_model.embed_tokens.weight))


def tower(seed: int = 0, whole: float = 0.0, telling: float = 0.0) -> Tower:
    torch.manual_seed(seed)
    return Tower(tiny_reader(), special_ids(tiny_pieces()), LENGTHS, whole, telling)


def learnt(task: str) -> Tower:
    """Something learnt for a task of the encoder of `write_tiny_model`, whose lengths it has."""
    out = tower(whole=FAMILY["whole"].get(task, 0), telling=FAMILY["telling"][task])
    out.lengths = torch.linspace(0.5, 1, len(out.table))
    with torch.no_grad():
        for parameter in out.trained().values():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return out


def pieces(texts: list[str]) -> list[list[int]]:
    return [tiny_pieces().encode(text, add_special_tokens=False).ids for text in texts]


def test_the_encoder_gives_the_vectors_that_the_tower_was_trained_for(tmp_path: Path) -> None:
    trained, reader = learnt("similarity"), tiny_reader()
    folder = write_tiny_model(tmp_path, reader)
    write_adapter(folder / "adapters" / "similarity", trained.adapter(), "tiny")
    encoder = Encoder.load(str(folder), device="cpu")
    assert encoder.tasks == ("retrieval", "similarity")
    for asks, encode in ((True, encoder.encode_query), (False, encoder.encode_document)):
        own = trained(pieces(TEXTS), [asks] * 4, torch.float32).detach()
        wanted = torch.nn.functional.normalize(own, dim=-1).numpy()
        found = encode(TEXTS, task="similarity", vectors="dense")
        np.testing.assert_allclose(found, wanted, atol=1e-5)
        ids, of_text = trained.padded(pieces(TEXTS), [asks] * 4)
        seen = trained.rows(ids, trained.read(ids, of_text, torch.float32), ask=False)
        for i, rows in enumerate(encode(TEXTS, task="similarity", vectors="multi")):
            mine = seen.rows[i][seen.real[i]].detach().numpy()
            unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)  # a question's differ
            np.testing.assert_allclose(unit, mine, atol=1e-5)
    plain = encoder.encode_query(TEXTS, vectors="dense")
    assert (
        np.abs(plain - encoder.encode_query(TEXTS, task="similarity", vectors="dense")).max() > 0.01
    )


def test_the_encoder_gives_the_row_for_the_whole_that_was_trained(tmp_path: Path) -> None:
    folder, trained = write_tiny_model(tmp_path), learnt("code")
    write_adapter(folder / "adapters" / "code", trained.adapter(), "tiny")
    encoder = Encoder.load(str(folder), device="cpu")
    for asks, encode in ((True, encoder.encode_query), (False, encoder.encode_document)):
        ids, own = trained.padded(pieces(TEXTS), [asks] * 4)
        seen = trained.rows(ids, trained.read(ids, own, torch.float32), asks)
        for i, rows in enumerate(encode(TEXTS, task="code", vectors="multi")):
            np.testing.assert_allclose(rows, seen.rows[i][seen.real[i]].detach(), atol=1e-5)


def test_a_table_begins_with_the_main_axes_of_meaning() -> None:
    new, rng = tower(), np.random.default_rng(0)
    meanings = rng.standard_normal((len(new.table), 8)).astype(np.float32)
    new.begin(meanings)
    near, table = meanings - meanings.mean(0), new.table.detach().numpy()
    # As many axes as numbers: nothing but scale is lost, and nothing else is there.
    assert np.corrcoef((near @ near.T).ravel(), (table @ table.T).ravel())[0, 1] > 0.9
    assert not table[:, 8:].any()


def test_the_attention_begins_in_silence() -> None:
    new, ids = tower(), pieces(TEXTS)
    new.begin(np.random.default_rng(0).standard_normal((len(new.table), 8)))
    with_it = new(ids, [False] * 4, torch.float32)
    new.alone = True
    torch.testing.assert_close(new(ids, [False] * 4, torch.float32), with_it)


def test_the_table_learns_alone_and_each_part_warms_up_and_falls() -> None:
    plan = Plan(alone=4, steps=8, warm_up=2, rate=1.0, table_rate=(8.0, 4.0))
    paces = [plan.pace(step) for step in range(8)]
    assert paces == [
        (4, 0.5),
        (6, 0.75),
        (4, 0.5),
        (2, 0.25),
        (2, 0.5),
        (3, 0.75),
        (2, 0.5),
        (1, 0.25),
    ]


def test_equal_vectors_cost_nothing_and_opposite_ones_two() -> None:
    taught = torch.eye(2)
    assert point_loss(taught * 7, taught).item() == pytest.approx(0, abs=1e-6)
    assert point_loss(-taught, taught).item() == pytest.approx(2)


def test_alike_is_measured_at_every_length() -> None:
    taught = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    assert alike_loss(taught, taught, (2,)).item() == pytest.approx(0, abs=1e-5)
    # Cut to one number all but the last are the same vector: cosine 1 where 0.6 is wanted.
    pair = taught[:2]
    assert alike_loss(pair, pair, (2, 1)).item() == pytest.approx(10 * (1 - 0.6) ** 2, abs=1e-4)


def test_late_scores_are_held_against_the_teacher_s() -> None:
    rows = torch.eye(2)[:, None]  # two questions of one row
    pages = torch.stack([torch.eye(2), torch.tensor([[0.0, 1.0], [1.0, 0.0]])])
    own = torch.tensor([[1.0, 0.0], [1.0, 0.0]])  # the second rows are nobody's
    lengths = torch.tensor([[0.5], [2.0]])
    asked = Encoded(rows * lengths[..., None], lengths > 0, torch.eye(2))
    late = late_scores(asked, Encoded(pages, own > 0, torch.eye(2)))
    assert late_loss(late, torch.eye(2)).item() == pytest.approx(0, abs=1e-6)
    swapped = late_loss(late, torch.eye(2).flip(0)).item()
    assert swapped == pytest.approx(20, abs=1e-3), "one score apart, over 0.05"


def test_pairs_are_english_and_stand_side_by_side(tmp_path: Path) -> None:
    rows = [
        {"a": f"first {i}", "b": f"second {i}", "lang_a": "en", "lang_b": "de" if i == 2 else "en"}
        for i in range(4)
    ]
    (tmp_path / "similar.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code = {"query": "adds one", "code": "def f(x):\n    return x + 1\n" + "#" * 900}
    (tmp_path / "code.jsonl").write_text(json.dumps(code) + "\n")
    pairs = load_pairs(tmp_path)
    assert list(pairs.kinds) == ["similar", "code"]
    assert {pairs.texts[2 * i] for i in pairs.kinds["similar"]} == {"first 0", "first 1", "first 3"}
    for i in pairs.kinds["similar"]:
        assert pairs.texts[2 * i].split()[1] == pairs.texts[2 * i + 1].split()[1]
    (last,) = pairs.kinds["code"]
    assert pairs.asks[2 * last : 2 * last + 2] == [True, False]
    assert len(pairs.texts[2 * last + 1]) == 500
    assert load_pairs(tmp_path) == pairs


def test_half_of_the_functions_are_described_in_their_code() -> None:
    assert described("def f(x):\n    return x", "same", "python").split("\n") == [
        "def f(x):",
        '    """same"""',
        "    return x",
    ]
    assert described("f = x => x", "same", "javascript") == "// same\nf = x => x"
    row = {"query": "adds one", "code": "def f(x):\n    return x + 1", "language": "python"}
    odd = {**row, "kind": "function", "query": "adds ones"}
    assert [KINDS["code"].pair(one)[1].count('"""') for one in (row, odd)] == [0, 2]  # type: ignore[index]
    assert KINDS["code"].pair({**row, "lang_query": "de"}) is None


def test_a_folder_without_training_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="holds no training text: one of prose"):
        load_pairs(tmp_path)


def test_kept_vectors_of_other_texts_are_not_taken(tmp_path: Path) -> None:
    np.save(tmp_path / "texts.npy", np.ones((3, 2), np.float16))
    with pytest.raises(AdapterError, match="holds vectors of 3 texts, and there are 4"):
        teach(Teacher("none"), TEXTS, tmp_path / "texts.npy", print)
    assert teach(Teacher("none"), TEXTS[:3], tmp_path / "texts.npy", print).shape == (3, 2)


def run(folder: Path, steps: int, stop: int) -> Trainer:
    pairs = Pairs(TEXTS, [False] * 4, {"similar": range(2)})
    meaning = np.array([[1, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0, 0.9, 0.2]], np.float32)
    meaning /= np.linalg.norm(meaning, axis=1, keepdims=True)
    plan = Plan(alone=steps // 2, steps=steps, pairs=2, warm_up=2, rate=5e-3)
    trainer = Trainer(tower(), pairs, pieces(TEXTS), meaning, plan, folder)
    trainer.half = torch.float32
    trainer.resume()
    if stop < steps:
        for _, chosen in zip(range(stop), trainer.draws(), strict=False):
            trainer.learn(chosen)
        trainer.save()
    else:
        train(trainer, print)
    return trainer


def test_texts_that_the_teacher_finds_alike_come_to_be_alike(tmp_path: Path) -> None:
    trainer = run(tmp_path, 40, 40)
    own = torch.nn.functional.normalize(trainer.vectors(np.arange(4)).detach(), dim=-1)
    cosines = (own @ own.T).numpy()
    assert min(cosines[0, 1], cosines[2, 3]) > max(cosines[0, 2], cosines[1, 3]) + 0.3


def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path) -> None:
    run(tmp_path / "stopped", 12, 8)
    resumed = run(tmp_path / "stopped", 12, 12).tower.trained()
    whole = run(tmp_path / "whole", 12, 12).tower.trained()
    for name, parameter in whole.items():
        np.testing.assert_allclose(
            resumed[name].detach().numpy(), parameter.detach().numpy(), atol=1e-6, err_msg=name
        )
