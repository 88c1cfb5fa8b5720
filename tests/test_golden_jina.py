"""jina-embeddings-v4 against the published code, on a tiny random checkpoint in its layout."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden import arrays, golden, limit, pictures, told, tolerance

from quire.engine.encode.encoder import Encoder
from quire.engine.encode.families.jina import JINA_V4
from quire.engine.encode.forward import states
from quire.engine.encode.items import sequence_of
from quire.engine.encode.protocol import Parts
from quire.engine.errors import EncodeError

TASKS = JINA_V4.task_names  # ours -> the publisher's
OURS = {theirs: ours for ours, theirs in TASKS.items()}
ROLES = {"query": "query", "passage": "document"}


@pytest.fixture(scope="module")
def home() -> Path:
    return golden("jina_v4")


@pytest.fixture(scope="module")
def encoder(home: Path) -> Encoder:
    return Encoder.load(str(home / "checkpoint"), device="cpu")


@pytest.fixture(scope="module")
def as_told(encoder: Encoder) -> Encoder:
    """The reference took the prefix "Passage" for every task; ours is "Query" for similarity."""
    checkpoint = encoder._checkpoint
    return Encoder(replace(checkpoint, family=replace(checkpoint.family, strings={})), "cpu")


def texts(home: Path, role: str) -> list[str]:
    strings: list[str] = told(home)["strings"][role]
    return [string.split(": ", 1)[1] for string in strings]


def encode(encoder: Encoder, role: str, items: list[Any], task: str, **options: Any) -> Any:
    way = encoder.encode_query if role == "query" else encoder.encode_document
    return way(items, task=task, **options)


def test_what_the_files_say_is_seen(home: Path, encoder: Encoder) -> None:
    assert encoder.name == "jina-embeddings-v4"
    assert encoder.tasks == tuple(TASKS)
    assert set(told(home)["tasks"]) == set(TASKS.values())
    assert sorted(encoder.dense_dims) == told(home)["matryoshka_dims"]


def test_strings_ids_grids_and_positions_are_exact(home: Path, encoder: Encoder) -> None:
    asked, ids = told(home), arrays(home, "inputs/inputs.safetensors")
    checkpoint = encoder._checkpoint
    for role, ours in ROLES.items():
        assert all(s.startswith(asked["prefix"][role] + ": ") for s in asked["strings"][role])
        for i, text in enumerate(texts(home, role)):
            made = sequence_of(text, checkpoint, ours, "retrieval", None)
            assert made.ids.tolist() == ids[f"text.{role}.{i}.input_ids"].tolist()
    for name in [*asked["small_images"], asked["big_image"]]:
        [picture] = pictures(home, [name], resized=False)
        made = sequence_of(picture, checkpoint, "document", "retrieval", None)
        key = f"image.{name.removesuffix('.png')}"
        assert made.ids.tolist() == ids[f"{key}.input_ids"].tolist()
        assert made.positions.tolist() == ids[f"{key}.position_ids"].tolist()
        assert [1, *(2 * side for side in made.grid)] == ids[f"{key}.image_grid_thw"].tolist()
        assert len(made.ids) == made.grid[0] * made.grid[1] + 11


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("task", TASKS)
def test_texts_have_the_reference_s_vectors(
    home: Path, encoder: Encoder, as_told: Encoder, role: str, task: str
) -> None:
    wanted, close, key = arrays(home, "expected/fp32.safetensors"), tolerance(home), TASKS[task]
    found = encode(as_told, role, texts(home, role), task, vectors="both")
    np.testing.assert_allclose(
        [v.dense for v in found], wanted[f"text.{role}.{key}.dense"], rtol=0, atol=close
    )
    checked = 0
    for i, vectors in enumerate(found):
        if (rows := wanted.get(f"text.{role}.{key}.multi.{i}")) is not None:
            np.testing.assert_allclose(vectors.multi, rows, rtol=0, atol=close)
            checked += 1
    assert checked
    for dim in encoder.dense_dims[1:]:
        cut = encode(as_told, role, texts(home, role), task, vectors="dense", truncate_dim=dim)
        right = wanted[f"text.{role}.{key}.dense.{dim}"]
        np.testing.assert_allclose(cut, right, rtol=0, atol=close)


@pytest.mark.parametrize("task", TASKS)
def test_pictures_have_the_reference_s_vectors(home: Path, encoder: Encoder, task: str) -> None:
    wanted, close, key = arrays(home, "expected/fp32.safetensors"), tolerance(home), TASKS[task]
    names = told(home)["small_images"]
    found = encoder.encode_document(pictures(home, names), task=task, vectors="both")
    np.testing.assert_allclose(
        [v.dense for v in found], wanted[f"image.{key}.dense"], rtol=0, atol=close
    )
    for name, vectors in zip(names, found, strict=True):
        rows = wanted[f"image.{key}.multi.{name.removesuffix('.png')}"]
        np.testing.assert_allclose(vectors.multi, rows, rtol=0, atol=close)
    for dim in encoder.dense_dims[1:]:
        some = pictures(home, names)
        cut = encoder.encode_document(some, task=task, vectors="dense", truncate_dim=dim)
        np.testing.assert_allclose(cut, wanted[f"image.{key}.dense.{dim}"], rtol=0, atol=close)


def test_a_picture_that_is_not_resized_agrees_from_its_file_whatever_its_mode(
    home: Path, encoder: Encoder
) -> None:
    wanted, asked = arrays(home, "expected/fp32.safetensors"), told(home)
    names = [n for n in asked["small_images"] if n not in asked["resized_images"]]
    for name in names:
        [picture] = pictures(home, [name], resized=False)
        rows = wanted[f"image.retrieval.multi.{name.removesuffix('.png')}"]
        found = encoder.encode_document(picture)
        np.testing.assert_allclose(found, rows, rtol=0, atol=tolerance(home))


def test_a_page_at_the_limit_and_two_pictures_in_one(home: Path, encoder: Encoder) -> None:
    wanted, asked = arrays(home, "expected/fp32.safetensors"), told(home)
    close, big = tolerance(home), asked["big_image"]
    [page] = pictures(home, [big])
    found = encoder.encode_document(page, vectors="both")
    rows = wanted[f"image.retrieval.multi.{big.removesuffix('.png')}"]
    np.testing.assert_allclose(found.multi, rows, rtol=0, atol=close)
    np.testing.assert_allclose(found.dense, wanted["image.retrieval.dense.big"], rtol=0, atol=close)
    two = Parts(tuple(pictures(home, asked["two_images"])))
    made = sequence_of(two, encoder._checkpoint, "document", "retrieval", None)
    ids = arrays(home, "inputs/inputs.safetensors")
    assert made.ids.tolist() == ids["image.two.input_ids"].tolist()
    rows = wanted["image.retrieval.multi.two"]
    np.testing.assert_allclose(encoder.encode_document(two), rows, rtol=0, atol=close)


def test_a_smaller_limit_of_pixels_is_kept_to_and_is_in_the_fingerprint(
    home: Path, encoder: Encoder
) -> None:
    wanted = arrays(home, "expected/fp32.safetensors")
    grids = arrays(home, "inputs/inputs.safetensors")
    caps = [int(m[1]) for k in wanted if (m := re.fullmatch(r".*\.max_pixels_(\d+)", k))]
    assert caps
    for cap in caps:
        small = Encoder.load(str(home / "checkpoint"), device="cpu", max_pixels=cap)
        [picture] = pictures(home, told(home)["small_images"][:1], resized=False)
        found = small.encode_document(picture, vectors="both")
        grid = grids[f"max_pixels_{cap}.grid"]
        assert [1, *(2 * side for side in found.grid)] == grid.tolist()
        right = wanted[f"image.retrieval.dense.max_pixels_{cap}"]
        np.testing.assert_allclose(found.dense, right, rtol=0, atol=5e-3)  # another filter
        assert small.describe()["budget"]["max_pixels"] == cap
        assert small.fingerprint != encoder.fingerprint


def test_last_hidden_states_agree(home: Path, encoder: Encoder) -> None:
    wanted, checkpoint = arrays(home, "expected/fp32.safetensors"), encoder._checkpoint
    first = told(home)["small_images"][0]
    items: list[tuple[str, Any, str]] = [
        (f"text.{role}.retrieval.hidden.0", texts(home, role)[0], ours)
        for role, ours in ROLES.items()
    ]
    items.append(
        (
            f"image.retrieval.hidden.{first.removesuffix('.png')}",
            pictures(home, [first])[0],
            "document",
        )
    )
    for key, item, role in items:
        made = sequence_of(item, checkpoint, role, "retrieval", None)
        with torch.inference_mode():
            hidden, _ = states(checkpoint, "cpu", [made], ["retrieval"])
        np.testing.assert_allclose(hidden[0], wanted[key], rtol=0, atol=1e-4)


def test_padding_on_either_side_of_the_reference_is_as_none_here(
    home: Path, encoder: Encoder
) -> None:
    wanted = arrays(home, "expected/fp32.safetensors")
    masks = arrays(home, "inputs/inputs.safetensors")
    sample = [texts(home, "query")[i] for i in told(home)["padded_sample"]]
    for side in ("left", "right"):
        found = encoder.encode_query(sample, vectors="both")
        mask = masks[f"batch.text.{side}.attention_mask"].astype(bool)
        for i, vectors in enumerate(found):
            rows = wanted[f"batch.text.{side}.multi"][i][mask[i]]
            np.testing.assert_allclose(vectors.multi, rows, rtol=0, atol=tolerance(home))
            dense = wanted[f"batch.text.{side}.dense"][i]
            np.testing.assert_allclose(vectors.dense, dense, rtol=0, atol=tolerance(home))


def test_tasks_may_be_mixed_and_are_as_if_alone_to_the_last_bit(
    home: Path, encoder: Encoder
) -> None:
    wanted, asked, close = arrays(home, "expected/fp32.safetensors"), told(home), tolerance(home)
    sample = [texts(home, "query")[i] for i in asked["padded_sample"]]
    tasks = [OURS[task] for task in asked["mixed_text_tasks"]]
    mixed = encoder.encode_query(sample, task=tasks, vectors="both")
    for i, vectors in enumerate(mixed):
        right = wanted[f"mixed.text.multi.{i}"]
        np.testing.assert_allclose(vectors.multi, right, rtol=0, atol=close)
        np.testing.assert_allclose(vectors.dense, wanted["mixed.text.dense"][i], rtol=0, atol=close)
        alone = encoder.encode_query(sample, task=tasks[i], vectors="both")[i]
        np.testing.assert_array_equal(vectors.multi, alone.multi)
        np.testing.assert_array_equal(vectors.dense, alone.dense)
    tasks = [OURS[task] for task in asked["mixed_image_tasks"]]
    shown = pictures(home, asked["small_images"][: len(tasks)])
    mixed = encoder.encode_document(shown, task=tasks, vectors="both")
    for i, vectors in enumerate(mixed):
        right = wanted["mixed.image.dense"][i]
        np.testing.assert_allclose(vectors.dense, right, rtol=0, atol=close)
        alone = encoder.encode_document(shown, task=tasks[i], vectors="both")[i]
        np.testing.assert_array_equal(vectors.multi, alone.multi)


def test_dims_that_the_reference_refuses_are_refused(home: Path, encoder: Encoder) -> None:
    for dim in map(int, told(home)["refused_truncate_dim"]):
        with pytest.raises(EncodeError, match=f"truncate_dim={dim}: .* can be cut to"):
            encoder.encode_query("x", vectors="dense", truncate_dim=dim)


def test_in_bfloat16_the_published_entry_points_agree(home: Path) -> None:
    half = Encoder.load(str(home / "checkpoint"), device="cpu", dtype="bfloat16")
    wanted = arrays(home, "expected/bf16_entry_points.safetensors")
    names, checked = told(home)["small_images"], 0
    near = {
        "dense": limit(home, r"allow ([\d.e-]+) \(dense\)", 6e-3),
        "multi": limit(home, r"allow [\d.e-]+ \(dense\) and ([\d.e-]+) \(multi", 2e-2),
    }
    for key, theirs in wanted.items():
        kind, _, rest = key.partition(".")
        if kind == "encode_image":
            found = half.encode_document(pictures(home, names), task=OURS[rest], vectors="dense")
            np.testing.assert_allclose(found, theirs, rtol=0, atol=near["dense"])
        elif m := re.fullmatch(r"query\.([\w-]+)", rest):
            found = half.encode_query(texts(home, "query"), task=OURS[m[1]], vectors="dense")
            np.testing.assert_allclose(found, theirs, rtol=0, atol=near["dense"])
        elif m := re.fullmatch(r"query\.([\w-]+)\.multi\.(\d+)", rest):
            found = half.encode_query(texts(home, "query")[int(m[2])], task=OURS[m[1]])
            np.testing.assert_allclose(found, theirs, rtol=0, atol=near["multi"])
        elif rest.endswith("property_set"):  # the prefix that is meant for similarity
            said = texts(home, "passage")[: len(theirs)]
            found = half.encode_document(said, task="similarity", vectors="dense")
            np.testing.assert_allclose(found, theirs, rtol=0, atol=near["dense"])
        else:
            continue
        checked += 1
    assert checked > len(TASKS)
