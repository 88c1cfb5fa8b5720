"""Qwen3-VL-Reranker against its published script, on a tiny random checkpoint."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden import HOME, arrays, golden, limit, told
from PIL import Image
from tokenizers import Tokenizer

from quire.engine.encode.images import size_of
from quire.engine.encode.protocol import Parts
from quire.engine.rerank.family import QWEN3_VL
from quire.engine.rerank.judge import Judge
from quire.engine.rerank.load import load_reranker
from quire.engine.rerank.prompt import Prompter
from quire.engine.rerank.weights import load_weights
from quire.ingest.budget import PixelBudget
from quire.ingest.errors import IngestError

NAME = "qwen3_vl_reranker"


def tolerance(folder: Path) -> float:
    """In float32, as the reference's own text tells it."""
    return limit(folder, r"float32: ([\d.e-]+\d)", 1e-5)


def content(folder: Path, item: dict[str, str]) -> Parts:
    texts = (item["text"],) if "text" in item else ()
    if "image" not in item:
        return Parts(texts=texts)
    with Image.open(folder / "inputs" / "images" / item["image"]) as picture:
        return Parts((picture.copy(),), texts)


def cases(folder: Path) -> Iterator[tuple[int, str | None, Parts, list[Parts]]]:
    for i, case in enumerate(told(folder)["cases"]):
        documents = [content(folder, item) for item in case["documents"]]
        yield i, case.get("instruction"), content(folder, case["query"]), documents


def prompter(folder: Path, **changes: Any) -> Prompter:
    tokenizer = Tokenizer.from_file(str(folder / "checkpoint" / "tokenizer.json"))
    return Prompter(tokenizer, replace(QWEN3_VL, **changes))


def test_prompts_have_exactly_the_ids_and_grids_of_the_script() -> None:
    folder = golden(NAME)
    ids = arrays(folder, "inputs/inputs.safetensors")
    assert QWEN3_VL.instruction == told(folder)["default_instruction"]
    write = prompter(folder).write
    look = json.loads((folder / "checkpoint" / "preprocessor_config.json").read_text("utf-8"))
    patch = look["patch_size"]
    for i, instruction, query, documents in cases(folder):
        for j, document in enumerate(documents):
            prompt = write(instruction or QWEN3_VL.instruction, query, document)
            np.testing.assert_array_equal(prompt.ids, ids[f"{i}.{j}.input_ids"])
            sizes = [size_of(*p.size, QWEN3_VL.budget, "raised") for p in prompt.pictures]
            grid = [(1, high // patch, wide // patch) for wide, high in sizes]
            assert grid == [tuple(row) for row in ids.get(f"{i}.{j}.image_grid_thw", [])]


def test_what_is_too_long_loses_words_and_keeps_special_tokens() -> None:
    folder = golden(NAME)
    asked = told(folder)
    query, document = (Parts(texts=(asked["truncated"][key],)) for key in ("query", "document"))
    write = prompter(folder, max_tokens=asked["truncated_max_length"]).write
    found = write(QWEN3_VL.instruction, query, document).ids
    wanted = arrays(folder, "inputs/inputs.safetensors")["truncated.input_ids"]
    np.testing.assert_array_equal(found, wanted)


def test_scores_are_those_of_the_script() -> None:
    folder = golden(NAME)
    wanted = arrays(folder, "expected/fp32.safetensors")
    model = load_reranker(str(folder / "checkpoint"), device="cpu")
    assert isinstance(model, Judge)
    for i, instruction, query, documents in cases(folder):
        found = model.score(query, documents, instruction=instruction)
        np.testing.assert_allclose(found, wanted[f"scores.{i}"], 0, tolerance(folder))


def test_bfloat16_stays_near_the_script() -> None:
    folder = golden(NAME)
    wanted = arrays(folder, "expected/fp32.safetensors")
    weights = load_weights(folder / "checkpoint", QWEN3_VL, "cpu")
    model = Judge(replace(weights, model=weights.model.to(torch.bfloat16)))
    near = limit(folder, r"bfloat16: allow ([\d.e-]+\d)", 2e-2)
    for i, instruction, query, documents in cases(folder):
        found = model.score(query, documents, instruction=instruction)
        np.testing.assert_allclose(found, wanted[f"scores.{i}"], 0, near)


def test_the_score_of_what_was_cut_is_that_of_the_script() -> None:
    folder = golden(NAME)
    asked = told(folder)
    most = asked["truncated_max_length"]
    model = load_reranker(str(folder / "checkpoint"), device="cpu", max_tokens=most)
    found = model.score(asked["truncated"]["query"], [asked["truncated"]["document"]])
    wanted = arrays(folder, "expected/fp32.safetensors")["truncated"]
    np.testing.assert_allclose(found, wanted, 0, tolerance(folder))


def test_pictures_get_the_size_that_the_script_gives_them() -> None:
    file = HOME / "preprocess" / "sizes.json"
    if not file.is_file():
        pytest.skip(f"no reference at {file}: name a folder that holds it in QUIRE_GOLDEN")
    listed = json.loads(file.read_text("utf-8"))["rows"]
    rows = [row for row in listed if row["rule"] == "qwen3_vl_utils"]
    assert rows
    for row in rows:
        budget = PixelBudget(row["max_pixels"], row["min_pixels"], row["factor"])
        if row.get("refused"):
            with pytest.raises(IngestError, match="times as long as wide"):
                size_of(row["width"], row["height"], budget, "raised")
        else:
            assert size_of(row["width"], row["height"], budget, "raised") == tuple(row["resized"])
