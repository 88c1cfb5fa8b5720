"""Qwen3-Reranker against the recipe of its README, on tiny random checkpoints."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden import arrays, golden, limit, told
from tokenizers import Tokenizer

from quire.engine import load_reranker
from quire.engine.encode.protocol import Parts
from quire.engine.rerank.family import QWEN3
from quire.engine.rerank.judge import Judge
from quire.engine.rerank.prompt import Prompter
from quire.engine.rerank.weights import load_weights

NAME = "qwen3_reranker"
KINDS = ("tied", "untied")


def tolerance(folder: Path, of: str) -> float:
    """In float32, as the reference's own text tells it."""
    otherwise = {"logit": 1e-4, "score": 1e-5}[of]
    return limit(folder, rf"float32: .*?([\d.e-]+\d) for a {of}", otherwise)


def judge(folder: Path, kind: str, max_tokens: int | None = None) -> Judge:
    checkpoint = str(folder / f"checkpoint_{kind}")
    found = load_reranker(checkpoint, device="cpu", max_tokens=max_tokens)
    assert isinstance(found, Judge)
    return found


def by_query(pairs: list[dict[str, Any]]) -> dict[tuple[str | None, str], list[int]]:
    """Pairs that can be scored in one call: the same instruction and query."""
    found: dict[tuple[str | None, str], list[int]] = {}
    for i, pair in enumerate(pairs):
        found.setdefault((pair["instruction"], pair["query"]), []).append(i)
    return found


def test_the_strings_are_those_of_the_recipe() -> None:
    asked = told(golden(NAME))
    assert QWEN3.instruction == asked["default_instruction"]
    assert (QWEN3.opening, QWEN3.closing) == (asked["prefix"], asked["suffix"])
    for pair, body in zip(asked["pairs"], asked["bodies"], strict=True):
        instruction = pair["instruction"] or QWEN3.instruction
        fields = (QWEN3.instruct, instruction, QWEN3.query, pair["query"], QWEN3.document)
        assert "".join(fields) + pair["document"] == body


@pytest.mark.parametrize("kind", KINDS)
def test_prompts_have_exactly_the_ids_of_the_recipe(kind: str) -> None:
    folder = golden(NAME)
    asked, ids = told(folder), arrays(folder, "inputs/inputs.safetensors")
    tokenizer = Tokenizer.from_file(str(folder / f"checkpoint_{kind}" / "tokenizer.json"))
    whole = Prompter(tokenizer, QWEN3)
    cut = Prompter(tokenizer, replace(QWEN3, max_tokens=asked["truncated_max_length"]))
    mask = ids["truncated.attention_mask"].astype(bool)
    for i, pair in enumerate(asked["pairs"]):
        instruction = pair["instruction"] or QWEN3.instruction
        parts = instruction, *(Parts(texts=(pair[key],)) for key in ("query", "document"))
        np.testing.assert_array_equal(whole.write(*parts).ids, ids[f"pair.{i}.input_ids"])
        wanted = ids["truncated.input_ids"][i][mask[i]]
        np.testing.assert_array_equal(cut.write(*parts).ids, wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_logits_and_scores_are_those_of_the_recipe(kind: str) -> None:
    folder = golden(NAME)
    pairs, wanted = told(folder)["pairs"], arrays(folder, "expected/fp32.safetensors")
    model = judge(folder, kind)
    close, closer = tolerance(folder, "logit"), tolerance(folder, "score")
    for (instruction, query), rows in by_query(pairs).items():
        documents = [pairs[i]["document"] for i in rows]
        logits = model.logits(query, documents, instruction=instruction)
        scores = model.score(query, documents, instruction=instruction)
        np.testing.assert_allclose(logits, wanted[f"{kind}.logits_no_yes"][rows], 0, close)
        np.testing.assert_allclose(scores, wanted[f"{kind}.scores"][rows], 0, closer)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_too_long_loses_the_end_of_its_body(kind: str) -> None:
    folder = golden(NAME)
    asked, wanted = told(folder), arrays(folder, "expected/fp32.safetensors")
    model = judge(folder, kind, asked["truncated_max_length"])
    pairs, close = asked["pairs"], tolerance(folder, "score")
    for (instruction, query), rows in by_query(pairs).items():
        documents = [pairs[i]["document"] for i in rows]
        scores = model.score(query, documents, instruction=instruction)
        np.testing.assert_allclose(scores, wanted[f"{kind}.scores.truncated"][rows], 0, close)


@pytest.mark.parametrize("kind", KINDS)
def test_bfloat16_stays_near_the_recipe(kind: str) -> None:
    folder = golden(NAME)
    pairs, wanted = told(folder)["pairs"], arrays(folder, "expected/fp32.safetensors")
    weights = load_weights(folder / f"checkpoint_{kind}", QWEN3, "cpu")
    model = Judge(replace(weights, model=weights.model.to(torch.bfloat16)))
    near = limit(folder, r"bfloat16: allow ([\d.e-]+\d)", 2e-2)
    for (instruction, query), rows in by_query(pairs).items():
        documents = [pairs[i]["document"] for i in rows]
        scores = model.score(query, documents, instruction=instruction)
        np.testing.assert_allclose(scores, wanted[f"{kind}.scores"][rows], 0, near)
