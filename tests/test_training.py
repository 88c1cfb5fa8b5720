"""Training an adapter: gradients in parts, a run taken up again, a model that got better."""

import json
import random
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_model import WORDS, tiny_reader, write_tiny_model
from tiny_published import write_colqwen, write_jina, write_qwen3
from torch import Tensor

from quire.adapters.errors import AdapterError
from quire.adapters.lora import write_adapter
from quire.adapters.train.batch import sides_of
from quire.adapters.train.cached import backward
from quire.adapters.train.examples import Example, Known, Pair, Scored
from quire.adapters.train.order import Order
from quire.adapters.train.plan import Plan, rate_at
from quire.adapters.train.progress import duration
from quire.engine.cli.app import main
from quire.engine.encode.checkpoint import load_checkpoint
from quire.engine.encode.encoder import Encoder
from quire.engine.encode.source import find_source
from quire.engine.score.maxsim import maxsim
from quire.engine.score.packed import pack
from quire.engine.train.pupil import Picture, Pupil
from quire.engine.train.run import RUN, train

VOCABULARY = sorted(set(WORDS.split()))


def other_words(count: int, seed: int) -> list[dict[str, str]]:
    """A question says each of four words in another word, always the same one: no word of it
    stands in its text, and only who learnt the pairs of words can find that."""
    rng = random.Random(seed)
    other = dict(zip(VOCABULARY, [*VOCABULARY[5:], *VOCABULARY[:5]], strict=True))
    chosen = [rng.sample(VOCABULARY, 4) for _ in range(count)]
    return [{"query": " ".join(other[w] for w in ws), "positive": " ".join(ws)} for ws in chosen]


def write(folder: Path, lines: list[Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lines.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model"))


def pupil(folder: Path, task: str = "retrieval", **load: Any) -> Pupil:
    torch.manual_seed(0)
    return Pupil(load_checkpoint(find_source(str(folder)), "cpu", **load), "cpu", task, 4)


def picture(folder: Path, seed: int = 0) -> Picture:
    ink = np.random.default_rng(seed).integers(0, 255, (84, 112, 3), dtype=np.uint8)
    Image.fromarray(ink).save(folder / f"{seed}.png")
    return Picture(folder / f"{seed}.png")


def gradients(of: Pupil, examples: list[Example], part: int, task: str = "retrieval") -> list[Any]:
    plan = Plan(task=task, part=part)
    sides, loss = sides_of(plan, examples, Known(examples), of.dims, "cpu")
    terms = backward(of.encode, sides, loss, part)
    found = [w.grad for w in of.weights.values()]
    for weight in of.weights.values():
        weight.grad = None
    return [terms, *found]


def test_a_pupil_that_learnt_nothing_gives_the_vectors_of_its_encoder(
    model: Path, tmp_path: Path
) -> None:
    page = picture(tmp_path)
    encoder, own = Encoder.load(str(model)), pupil(model)
    with Image.open(page.path) as opened:
        wanted = encoder.encode_document([opened, "the fox"], vectors="both")
    for _ in range(2):  # the second time what the tower saw is remembered
        found = own.encode([page, "the fox"], False)
        for i, vectors in enumerate(wanted):
            rows = found.rows[i][found.real[i]].detach()
            np.testing.assert_allclose(rows, vectors.multi, atol=1e-5)
            np.testing.assert_allclose(found.dense[i].detach(), vectors.dense, atol=1e-5)


@pytest.mark.parametrize("part", [1, 2, 3])
def test_gradients_in_parts_are_those_of_the_whole(model: Path, tmp_path: Path, part: int) -> None:
    own = pupil(model)
    for weight in own.weights.values():
        torch.nn.init.normal_(weight, std=0.1)
    pages = [picture(tmp_path, seed) for seed in range(3)]
    examples: list[Example] = [
        Pair("the fox", pages[0], ("lazy dog",), "page"),
        Pair("revenue of 2017", pages[1], (), "page"),
        Pair("the quick brown", pages[2], (), "page"),
    ]
    terms, *whole = gradients(own, examples, 99)
    same, *parts = gradients(own, examples, part)
    assert terms.keys() == same.keys() == {"late", "dense", "agreement"}
    assert any(grad.abs().sum() > 0 for grad in whole)
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_scored_pairs_move_the_language_model_and_not_the_head(model: Path) -> None:
    own = pupil(model, "similarity")
    examples: list[Example] = [Scored("fox", "dog", 1.0), Scored("the fox", "the lazy fox", 5.0)]
    _, *grads = gradients(own, examples, 99, "similarity")
    moved = {n: g is not None for n, g in zip(own.weights, grads, strict=True)}
    assert not any(moved[name] for name in moved if name.startswith("head."))
    assert all(moved[name] for name in moved if not name.startswith("head."))


def test_the_base_may_be_in_bfloat16_and_what_moves_stays_in_float32(model: Path) -> None:
    own = pupil(model, dtype="bfloat16")
    assert {w.dtype for w in own.weights.values()} == {torch.float32}
    _, *grads = gradients(own, [Pair("a fox", "fox"), Pair("a dog", "lazy dog")], 99)
    assert all(g is not None and torch.isfinite(g).all() for g in grads)


def test_every_example_comes_once_an_epoch_and_a_step_holds_one_kind() -> None:
    examples = [Pair(str(i), "p", kind=f"kind {i % 2}") for i in range(12)]
    order = Order(examples, 3, seed=1)
    assert order.steps == 4
    first = [order.at(step) for step in range(4)]
    assert sorted(i for batch in first for i in batch) == list(range(12))
    assert all(len({i % 2 for i in batch}) == 1 for batch in first)
    assert [order.at(step) for step in range(4, 8)] != first
    assert [Order(examples, 3, seed=1).at(step) for step in range(4)] == first


def test_a_kind_with_few_examples_is_a_smaller_step() -> None:
    order = Order([Pair("q", "p"), Pair("r", "s")], 32, seed=0)
    assert order.steps == 1
    assert sorted(order.at(5)) == [0, 1]


def test_the_rate_rises_and_falls_in_a_line() -> None:
    plan = Plan(steps=10, warm_up=0.2, rate=0.9)
    found = [rate_at(plan, step) for step in range(10)]
    np.testing.assert_allclose(found[:3], [0.45, 0.9, 0.8])
    np.testing.assert_allclose(found[-1], 0.1)


def test_times_are_told_in_the_unit_that_a_person_would_use() -> None:
    assert [duration(s) for s in (7, 89.6, 600, 9000)] == ["7 s", "90 s", "10 min", "2.5 h"]


def weights_of(folder: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / "adapters" / "retrieval" / "adapter_model.safetensors")


def test_a_run_that_was_stopped_ends_in_the_same_weights(model: Path, tmp_path: Path) -> None:
    data, plan = write(tmp_path / "data", other_words(20, 1)), Plan(steps=6, batch=8, rank=2)
    told: list[str] = []
    train(str(model), data, tmp_path / "whole", plan, told.append)

    class Stop(Exception):
        pass

    def stop_at_three(trainer: Any) -> dict[str, float]:
        if trainer.step == 3:
            trainer.save()
            raise Stop
        return learn(trainer)

    from quire.adapters.train.trainer import Trainer

    learn = Trainer.learn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "learn", stop_at_three)
        with pytest.raises(Stop):
            train(str(model), data, tmp_path / "parts", plan, told.append)
    assert not (tmp_path / "parts" / "adapters").exists()
    train(str(model), data, tmp_path / "parts", plan, told.append)
    assert "going on at step 3" in told
    whole, parts = weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    logs = [(tmp_path / n / RUN / "log.jsonl").read_text() for n in ("whole", "parts")]
    assert logs[0] == logs[1]
    with pytest.raises(AdapterError, match=r"is of another run \(steps=6, now 7\)"):
        train(str(model), data, tmp_path / "parts", Plan(steps=7, batch=8, rank=2), told.append)


def read_log(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / RUN / "log.jsonl").read_text().splitlines()]


def share_found(encoder: Encoder, lines: list[dict[str, str]]) -> float:
    """Of the questions, those whose own text scores highest of all."""
    queries = encoder.encode_query([line["query"] for line in lines])
    texts = pack(encoder.encode_document([line["positive"] for line in lines]))
    best = [int(maxsim(query, texts).argmax()) for query in queries]
    return float(np.mean([place == i for i, place in enumerate(best)]))


def test_a_short_run_learns_to_find_what_it_never_saw(model: Path, tmp_path: Path) -> None:
    """The loss falls, unseen questions find their texts, and the folder is a model of its own."""
    data, unseen = write(tmp_path / "data", other_words(400, 1)), other_words(24, 2)
    plan = Plan(steps=50, batch=16, part=16, rate=1e-2)
    train(str(model), data, tmp_path / "out", plan, print)
    late, dense = (
        [line[name] for line in read_log(tmp_path / "out")] for name in ("late", "dense")
    )
    assert np.mean(late[-5:]) < 0.75 * np.mean(late[:5])
    assert np.mean(dense[-5:]) < 0.75 * np.mean(dense[:5])
    assert (tmp_path / "out" / RUN / "curves.png").stat().st_size > 5000
    before, after = Encoder.load(str(model)), Encoder.load(str(tmp_path / "out"))
    assert before.fingerprint != after.fingerprint
    assert share_found(before, unseen) < 4 / 24, "chance is 1 / 24"
    assert share_found(after, unseen) > 5 / 24, "by chance once in 2,700 runs"


def test_a_task_begins_with_a_copy_of_the_adapter_for_retrieval(
    model: Path, tmp_path: Path
) -> None:
    first, both = tmp_path / "first", tmp_path / "both"
    told: list[str] = []
    pairs = write(tmp_path / "pairs", other_words(4, 1))
    train(str(model), pairs, first, Plan(steps=2, batch=4, rank=3), told.append)
    code = pupil(first, "code")
    retrieval = pupil(first, "retrieval")
    assert (code.started, retrieval.started) == ("that of retrieval", "its own")
    assert len(next(iter(code.weights.values()))) == 3, "of its rank"
    assert all(torch.equal(w, retrieval.weights[n]) for n, w in code.weights.items())
    lines = [{"a": "fox", "b": "dog", "score": 1}, {"a": "fox", "b": "the fox", "score": 5}]
    plan = Plan(task="similarity", steps=2)
    train(str(first), write(tmp_path / "scored", lines), both, plan, told.append)
    encoder, before = Encoder.load(str(both)), Encoder.load(str(first))
    assert encoder.tasks == ("retrieval", "similarity")
    same = encoder.encode_query("the fox"), before.encode_query("the fox")
    np.testing.assert_allclose(*same, atol=1e-6)
    other = encoder.encode_query("the fox", task="similarity", vectors="dense")
    assert not np.allclose(other, before.encode_query("the fox", vectors="dense"), atol=1e-4)


def test_an_adapter_of_several_ranks_with_a_table_of_token_vectors_is_trained_further(
    model: Path, tmp_path: Path
) -> None:
    copytree(model, tmp_path / "model")
    vocabulary, width = tiny_reader().model.language_model.embed_tokens.weight.shape
    torch.manual_seed(3)
    weights = {
        "language_model.embed_tokens.lora_embedding_A": torch.randn(2, vocabulary),
        "language_model.embed_tokens.lora_embedding_B": torch.randn(width, 2),
        "language_model.layers.0.self_attn.q_proj.lora_A": torch.randn(3, width),
        "language_model.layers.0.self_attn.q_proj.lora_B": torch.randn(width, 3),
    }
    write_adapter(tmp_path / "model" / "adapters" / "retrieval", weights, "tiny")
    encoder, own = Encoder.load(str(tmp_path / "model")), pupil(tmp_path / "model")
    wanted = encoder.encode_query("the fox")
    assert not np.allclose(wanted, Encoder.load(str(model)).encode_query("the fox"), atol=1e-3)
    np.testing.assert_allclose(own.encode(["the fox"], True).rows[0].detach(), wanted, atol=1e-5)
    assert own.weights.keys() == weights.keys()
    data = write(tmp_path / "data", other_words(8, 1))
    train(str(tmp_path / "model"), data, tmp_path / "out", Plan(steps=2, batch=4), print)
    further = Encoder.load(str(tmp_path / "out")).encode_query("the fox")
    assert not np.allclose(further, wanted, atol=1e-4)
    assert main(["doctor", "--model", str(tmp_path / "out")]) == 0


@pytest.mark.parametrize(
    ("make", "tasks"),
    [
        (write_jina, ("retrieval", "similarity", "code")),
        (write_colqwen, ("retrieval",)),
        (write_qwen3, ("retrieval",)),
    ],
)
def test_published_families_are_trained_and_load_again_under_any_name(
    tmp_path: Path, make: Any, tasks: tuple[str, ...]
) -> None:
    from quire.engine.encode.families.registry import FAMILIES

    name = {"write_jina": "jina-embeddings-v4", "write_colqwen": "colqwen2.5-v0.1"}
    folder = make(tmp_path / name.get(make.__name__, "Qwen3-Embedding-0.6B"))
    model = folder.rename(folder.parent / "colqwen2.5-v0.1") if make is write_colqwen else folder
    plan = Plan(steps=2, batch=4)
    train(str(model), write(tmp_path / "data", other_words(4, 1)), tmp_path / "o", plan, print)
    before, after = Encoder.load(str(model)), Encoder.load(str(tmp_path / "o"))
    assert after.name == before.name and after.name in FAMILIES
    assert after.tasks == tasks
    assert not np.allclose(after.encode_query("fox")[0], before.encode_query("fox")[0], atol=1e-5)
    for task in tasks[1:]:
        same = (e.encode_query("the fox", task=task) for e in (before, after))
        np.testing.assert_allclose(*same, atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_trains_in_bfloat16_and_resumes(tmp_path: Path) -> None:
    model = write_jina(tmp_path / "jina-embeddings-v4")
    data = write(tmp_path / "data", other_words(20, 1))
    plan, told = Plan(steps=3, batch=8, part=4), list[str]()
    train(str(model), data, tmp_path / "out", plan, told.append, device="cuda")
    train(str(model), data, tmp_path / "out", plan, told.append, device="cuda")
    assert "going on at step 3" in told
    assert Encoder.load(str(tmp_path / "out"), device="cuda").tasks[0] == "retrieval"


def test_what_cannot_be_trained_is_refused_before_the_first_step(
    model: Path, tmp_path: Path
) -> None:
    picture(tmp_path, 1)
    scored = write(tmp_path / "scored", [{"a": "x", "b": "y", "score": 1}] * 2)
    with pytest.raises(AdapterError, match="train the task 'similarity' with them"):
        train(str(model), scored, tmp_path / "a", Plan(), print)
    pages = write(tmp_path / "pages", [{"query": "x", "picture": "../1.png"}] * 2)
    reads = write_qwen3(tmp_path / "Qwen3-Embedding-0.6B")
    with pytest.raises(AdapterError, match="reads text alone, and 2 examples are pictures"):
        train(str(reads), pages, tmp_path / "b", Plan(), print)
    with pytest.raises(AdapterError, match="holds other things than a run"):
        train(str(model), scored, pages, Plan(task="similarity"), print)
    judged = write(tmp_path / "judged", [{"_id": "1", "text": WORDS}])
    told = write(tmp_path / "told", [{"query": "fox", "positive": WORDS}] * 2)
    with pytest.raises(AdapterError, match="stands in the training text"):
        train(str(model), told, tmp_path / "c", Plan(), print, refuse=judged)
    with pytest.raises(AdapterError, match="batch=1: choose 2 or more"):
        Plan(batch=1)
