"""Every family runs as its native class does with the same weights, on tiny checkpoints."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import tiny_published as tiny
import torch
import torch.nn.functional as F
from PIL import Image
from tiny_published import (
    byte_pieces,
    head,
    ids,
    lora,
    native,
    write_bge,
    write_colqwen,
    write_jina,
    write_qwen3,
    write_qwen3_vl,
)

from quire.engine.encode.encoder import Encoder
from quire.engine.encode.images import patches, to_array
from quire.engine.encode.protocol import Parts
from quire.engine.errors import EncodeError
from quire.ingest import Page

CLOSE = {
    "rtol": 0,
    "atol": 1e-4,
}  # a mistake in prompt, scale or order costs a hundred times as much
ODD = {"WIDTH": 48, "INNER": 56, "LAYERS": 3, "HEADS": 3, "DEPTH": 3, "ROWS": 20, "RANK": 3,
       "ALPHA": 7}  # fmt: skip
TEXTS = ["the quick brown fox", "dog", "the lazy dog jumps over Query: the fox"]


def noise(height: int, width: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture(scope="module", autouse=True, params=[{}, ODD], ids=["even", "odd"])
def sizes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Sizes are read from the files: everything here runs with those of two models."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in request.param.items():
            patch.setattr(tiny, name, value)
        yield


@pytest.fixture(scope="module")
def load(sizes: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Encoder]:
    writers = {
        "jina": write_jina,
        "colqwen2.5": write_colqwen,
        "colqwen2.5 newer": lambda f: write_colqwen(f, newer=True),
        "colqwen2": lambda f: write_colqwen(f, kind="2"),
        "qwen3": write_qwen3,
        "qwen3_vl": write_qwen3_vl,
        "bge": write_bge,
    }
    made: dict[str, Encoder] = {}

    def loaded(kind: str) -> Encoder:
        if kind not in made:
            folder = writers[kind](tmp_path_factory.mktemp("published"))
            made[kind] = Encoder.load(str(folder), device="cpu")
        return made[kind]

    return loaded


def adapted(kind: str, name: str, seed: int) -> tuple[Any, dict[str, Any]]:
    """The native model and head with W + (alpha / r) B A in the place of W."""
    model, top = native(kind), head()
    for layer, (a, b) in lora(model, name, seed).items():
        delta = tiny.ALPHA / tiny.RANK * b @ a
        if layer == name:
            top["weight"] = top["weight"] + delta
        else:
            model.get_submodule(layer).weight.data += delta
    return model, top


def run_native(model: Any, string: str, shown: list[Image.Image], encoder: Encoder) -> Any:
    """Last hidden states [length, width], with the model's own positions and vision pass."""
    checkpoint, tokenizer = encoder._checkpoint, Any
    family, look = checkpoint.family, checkpoint.look
    tokenizer = byte_pieces()
    tokenizer.encode_special_tokens = False
    pixels, grids = [], []
    for picture in shown:
        array = to_array(picture, family.budget, family.transparency, family.short_side)
        side = family.budget.factor // 2
        still = patches(array, look.mean, look.std, side).reshape(-1, 3, 1, side * side)
        pixels.append(np.repeat(still, 2, axis=2).reshape(len(still), -1))
        grids.append((1, array.shape[0] // side, array.shape[1] // side))
        count = grids[-1][1] * grids[-1][2] // 4
        string = string.replace("{image}", "<|image_pad|>" * count, 1)
    tokens = torch.tensor([tokenizer.encode(string, add_special_tokens=False).ids])
    options: dict[str, Any] = {}
    if shown:
        options = {
            "pixel_values": torch.from_numpy(np.concatenate(pixels)),
            "image_grid_thw": torch.tensor(grids),
            "mm_token_type_ids": (tokens == ids()["image_token_id"]).int(),
        }
    with torch.no_grad():
        return model(input_ids=tokens, use_cache=False, **options).last_hidden_state[0]


def rows_of(hidden: Any, top: dict[str, Any]) -> np.ndarray:
    rows: np.ndarray = F.normalize(F.linear(hidden, top["weight"], top["bias"]), dim=-1).numpy()
    return rows


@pytest.mark.parametrize(
    ("task", "seed", "prefix"),
    [("retrieval", 10, "Passage"), ("similarity", 11, "Query"), ("code", 12, "Passage")],
)
def test_jina_gives_both_kinds_of_each_task(
    load: Callable[..., Encoder], task: str, seed: int, prefix: str
) -> None:
    encoder = load("jina")
    model, top = adapted("qwen2_5_vl", "multi_vector_projector", seed)
    for text in TEXTS:
        for way, first in ((encoder.encode_query, "Query"), (encoder.encode_document, prefix)):
            hidden = run_native(model, f"{first}: {text}", [], encoder)
            found = way(text, task=task, vectors="both")
            np.testing.assert_allclose(found.multi, rows_of(hidden, top), **CLOSE)
            np.testing.assert_allclose(found.dense, F.normalize(hidden.mean(0), dim=0), **CLOSE)
    string = (
        "<|im_start|>user\n<|vision_start|>{image}<|vision_end|>Describe the image.<|im_end|>\n"
    )
    picture = noise(100, 180)
    hidden = run_native(model, string, [picture], encoder)
    found = encoder.encode_document(picture, task=task, vectors="both")
    np.testing.assert_allclose(found.multi, rows_of(hidden, top), **CLOSE)
    first = len(byte_pieces().encode("user\n", add_special_tokens=False).ids) + 1
    span = hidden[first : first + found.grid[0] * found.grid[1] + 2]
    np.testing.assert_allclose(found.dense, F.normalize(span.mean(0), dim=0), **CLOSE)
    assert (found.cells >= 0).sum() == found.grid[0] * found.grid[1]


@pytest.mark.parametrize("kind", ["colqwen2", "colqwen2.5"])
def test_colqwen_folds_its_adapter_into_base_and_head(
    load: Callable[..., Encoder], kind: str
) -> None:
    encoder = load(kind)
    backbone = "qwen2_vl" if kind == "colqwen2" else "qwen2_5_vl"
    model, top = adapted(backbone, "custom_text_proj", 10)
    hidden = run_native(model, "Query: the fox" + "<|endoftext|>" * 10, [], encoder)
    found = encoder.encode_query("the fox", vectors="both")
    np.testing.assert_allclose(found.multi, rows_of(hidden, top), **CLOSE)
    mean = rows_of(hidden, top).mean(0)
    np.testing.assert_allclose(found.dense, mean / np.linalg.norm(mean), **CLOSE)
    picture = noise(120, 90)
    string = (
        "<|im_start|>user\n<|vision_start|>{image}<|vision_end|>"
        "Describe the image.<|im_end|><|endoftext|>"
    )
    hidden = run_native(model, string, [picture], encoder)
    found = encoder.encode_document(picture)
    np.testing.assert_allclose(found, rows_of(hidden, top), **CLOSE)


def test_newer_revisions_take_their_merged_head(load: Callable[..., Encoder]) -> None:
    old, new = load("colqwen2.5"), load("colqwen2.5 newer")
    one, other = (e.encode_query("the fox") for e in (old, new))
    assert 1e-5 < np.abs(one - other).max() < 1e-2, "the rounding of bfloat16"
    assert old.fingerprint != new.fingerprint


def test_qwen3_pools_at_the_token_that_closes_a_text(load: Callable[..., Encoder]) -> None:
    encoder, model = load("qwen3"), native("qwen3")
    for text in TEXTS:
        hidden = run_native(model, f"{text}<|endoftext|>", [], encoder)
        found = encoder.encode_document(text, vectors="dense")
        np.testing.assert_allclose(found, F.normalize(hidden[-1], dim=0), **CLOSE)
        string = f"Instruct: find it\nQuery:{text}<|endoftext|>"
        hidden = run_native(model, string, [], encoder)
        found = encoder.encode_query(text, vectors="dense", instruction="find it")
        np.testing.assert_allclose(found, F.normalize(hidden[-1], dim=0), **CLOSE)
    assert encoder.encode_query("fox").shape == (1, tiny.WIDTH), "the dense vector as the only row"


def test_qwen3_vl_reads_pictures_and_texts_together(load: Callable[..., Encoder]) -> None:
    encoder, model = load("qwen3_vl"), native("qwen3_vl")
    shown = [noise(70, 100), noise(96, 64, 1)]
    string = (
        "<|im_start|>system\nfind it.<|im_end|>\n<|im_start|>user\n"
        + "<|vision_start|>{image}<|vision_end|>" * 2
        + "the foxdog<|im_end|>\n<|im_start|>assistant\n"
    )
    hidden = run_native(model, string, shown, encoder)
    item = Parts(tuple(shown), ("the fox", "dog"))
    found = encoder.encode_document(item, vectors="dense", instruction=" find it ")
    np.testing.assert_allclose(found, F.normalize(hidden[-1], dim=0), **CLOSE)


def test_bge_gives_dense_rows_and_words(load: Callable[..., Encoder]) -> None:
    encoder, model = load("bge"), native("xlm-roberta")
    tokenizer = encoder._checkpoint.tokenizer
    text = "the quick fox the zebra"
    tokens = tokenizer.encode(text).ids
    with torch.no_grad():
        hidden = model(torch.tensor([tokens])).last_hidden_state[0]
    found = encoder.encode_document(text, vectors="both")
    np.testing.assert_allclose(found.dense, F.normalize(hidden[0], dim=0), **CLOSE)
    torch.manual_seed(1)
    rows = F.linear(hidden[1:], torch.randn(tiny.WIDTH, tiny.WIDTH), torch.randn(tiny.WIDTH))
    np.testing.assert_allclose(found.multi, F.normalize(rows, dim=-1), **CLOSE)
    weights = torch.relu(F.linear(hidden, torch.randn(1, tiny.WIDTH), torch.randn(1)))[
        :, 0
    ].tolist()
    the = [w for t, w in zip(tokens, weights, strict=True) if t == tokenizer.token_to_id("the")]
    assert len(the) == 2
    assert found.sparse.get(tokenizer.token_to_id("the"), 0.0) == pytest.approx(max(the), abs=1e-4)
    assert tokenizer.token_to_id("<unk>") not in found.sparse
    assert encoder.encode_query(text, vectors="sparse") == pytest.approx(found.sparse, abs=1e-4)


@pytest.mark.parametrize("kind", ["jina", "colqwen2", "qwen3_vl"])
def test_a_mixed_batch_of_texts_and_pictures_is_as_if_alone(
    load: Callable[..., Encoder], kind: str
) -> None:
    encoder = load(kind)
    items = [noise(60, 150), "dog", noise(150, 60, 1), TEXTS[2], Page("d", 1, noise(90, 90, 2),
             (), "", 90, 90, 0, "")]  # fmt: skip
    for item, found in zip(items, encoder.encode_document(items, vectors="both"), strict=True):
        alone = encoder.encode_document(item, vectors="both")
        np.testing.assert_allclose(found.multi, alone.multi, **CLOSE)
        np.testing.assert_allclose(found.dense, alone.dense, **CLOSE)
    assert encoder.encode_document([]) == []


@pytest.mark.parametrize("kind", ["qwen3", "bge"])
def test_texts_of_any_length_in_a_batch_are_as_if_alone(
    load: Callable[..., Encoder], kind: str
) -> None:
    encoder = load(kind)
    for text, found in zip(TEXTS, encoder.encode_query(TEXTS, vectors="both"), strict=True):
        alone = encoder.encode_query(text, vectors="both")
        np.testing.assert_allclose(found.multi, alone.multi, **CLOSE)
        np.testing.assert_allclose(found.dense, alone.dense, **CLOSE)
    page = Page("d", 1, noise(30, 30), (), "the fox", 30, 30, 0, "")
    found = encoder.encode_document(page, vectors="dense")
    np.testing.assert_allclose(found, encoder.encode_document("the fox", vectors="dense"), **CLOSE)
    with pytest.raises(EncodeError, match="reads text alone, and was given a picture"):
        encoder.encode_document([noise(30, 30)])


def test_tasks_in_one_batch_are_as_if_alone_to_the_last_bit(load: Callable[..., Encoder]) -> None:
    encoder = load("jina")
    tasks = ["code", "retrieval", "similarity"]
    mixed = encoder.encode_query(TEXTS, task=tasks, vectors="both")
    for i, task in enumerate(tasks):
        alone = encoder.encode_query(TEXTS, task=task, vectors="both")[i]
        np.testing.assert_array_equal(mixed[i].multi, alone.multi)
        np.testing.assert_array_equal(mixed[i].dense, alone.dense)
    with pytest.raises(EncodeError, match="2 tasks for 3 items"):
        encoder.encode_query(TEXTS, task=tasks[:2])
