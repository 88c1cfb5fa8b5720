"""Qwen3-Embedding, Qwen3-VL-Embedding and BGE-M3 against the code their publishers gave."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden import arrays, golden, limit, pictures, told, tolerance

from quire.engine.encode.encoder import Encoder
from quire.engine.encode.items import sequence_of
from quire.engine.encode.protocol import Parts
from quire.engine.encode.words import word_score


@pytest.fixture(scope="module")
def qwen3() -> tuple[Path, Encoder]:
    home = golden("qwen3_embedding")
    return home, Encoder.load(str(home / "checkpoint"), device="cpu")


@pytest.fixture(scope="module")
def qwen3_vl() -> tuple[Path, Encoder]:
    home = golden("qwen3_vl_embedding")
    return home, Encoder.load(str(home / "checkpoint"), device="cpu", family="qwen3-vl-embedding")


@pytest.fixture(scope="module")
def bge() -> tuple[Path, Encoder]:
    home = golden("bge_m3")
    most = told(home)["max_length"]
    return home, Encoder.load(str(home / "checkpoint"), device="cpu", max_text=most)


def ids_of(encoder: Encoder, item: Any, role: str, instruction: str | None = None) -> list[int]:
    made = sequence_of(item, encoder._checkpoint, role, "retrieval", instruction)
    ids: list[int] = made.ids.tolist()
    return ids


def test_qwen3_ids_are_exact_and_end_in_the_pooled_token(qwen3: tuple[Path, Encoder]) -> None:
    home, encoder = qwen3
    asked, ids = told(home), arrays(home, "inputs/inputs.safetensors")
    for n, instruction in enumerate(asked["instructions"]):
        for i, query in enumerate(asked["queries"]):
            found = ids_of(encoder, query, "query", instruction)
            assert found == ids[f"query.{n}.{i}.input_ids"].tolist()
    for i, document in enumerate(asked["documents"]):
        found = ids_of(encoder, document, "document")
        assert found == ids[f"document.{i}.input_ids"].tolist()
        assert found[-1] == encoder._checkpoint.tokenizer.token_to_id("<|endoftext|>")


def test_qwen3_vectors_and_scores_agree(qwen3: tuple[Path, Encoder]) -> None:
    home, encoder = qwen3
    asked, wanted = told(home), arrays(home, "expected/fp32.safetensors")
    close = tolerance(home)
    documents = encoder.encode_document(asked["documents"], vectors="dense")
    np.testing.assert_allclose(documents, wanted["document"], rtol=0, atol=close)
    for n, instruction in enumerate(asked["instructions"]):
        found = encoder.encode_query(asked["queries"], vectors="dense", instruction=instruction)
        np.testing.assert_allclose(found, wanted[f"query.{n}"], rtol=0, atol=close)
        for dim in asked["dims"]:
            cut = encoder.encode_query(
                asked["queries"], vectors="dense", instruction=instruction, truncate_dim=dim
            )
            np.testing.assert_allclose(cut, wanted[f"query.{n}.{dim}"], rtol=0, atol=close)
    found = encoder.encode_query(asked["queries"], vectors="dense")
    scores = encoder.similarity(found, documents)
    np.testing.assert_allclose(scores, wanted["scores"], rtol=0, atol=close)
    for dim in asked["dims"]:
        cut = encoder.encode_document(asked["documents"], vectors="dense", truncate_dim=dim)
        np.testing.assert_allclose(cut, wanted[f"document.{dim}"], rtol=0, atol=close)


def test_qwen3_bfloat16_stays_near(qwen3: tuple[Path, Encoder]) -> None:
    home, _ = qwen3
    wanted = arrays(home, "expected/fp32.safetensors")
    half = Encoder.load(str(home / "checkpoint"), device="cpu", dtype="bfloat16")
    found = half.encode_document(told(home)["documents"], vectors="dense")
    close = limit(home, r"bfloat16: allow ([\d.e-]+\d)", 1e-2)
    np.testing.assert_allclose(found, wanted["document"], rtol=0, atol=close)


def test_qwen3_keeps_the_pooled_token_when_it_cuts(qwen3: tuple[Path, Encoder]) -> None:
    home, _ = qwen3
    asked, wanted = told(home), arrays(home, "expected/fp32.safetensors")
    most = asked["max_length_case"]
    short = Encoder.load(str(home / "checkpoint"), device="cpu", max_text=most)
    found = short.encode_document(asked["documents"], vectors="dense")
    right = wanted[f"document.max_length_{most}"]
    np.testing.assert_allclose(found, right, rtol=0, atol=tolerance(home))
    ids = arrays(home, "inputs/inputs.safetensors")
    masks = ids[f"document.max_length_{most}.attention_mask"].astype(bool)
    rows = ids[f"document.max_length_{most}.input_ids"]
    for row, mask, document in zip(rows, masks, asked["documents"], strict=True):
        assert ids_of(short, document, "document") == row[mask].tolist()


def parts(home: Path, case: dict[str, Any], number: int, *, resized: bool) -> Parts:
    def listed(name: str) -> list[str]:
        value = case.get(name, [])
        return [value] if isinstance(value, str) else value

    names = listed("image")
    if resized:
        names = [f"{number}.{k}.png" for k in range(len(names))]
    return Parts(tuple(pictures(home, names, resized=resized)), tuple(listed("text")))


def test_qwen3_vl_ids_grids_and_positions_are_exact(qwen3_vl: tuple[Path, Encoder]) -> None:
    home, encoder = qwen3_vl
    asked, ids = told(home), arrays(home, "inputs/inputs.safetensors")
    family = encoder._checkpoint.family
    assert family.instruction == asked["default_instruction"]
    assert (family.budget.min_pixels, family.budget.max_pixels) == (
        asked["min_pixels"],
        asked["max_pixels"],
    )
    for i, case in enumerate(asked["cases"]):
        item = parts(home, case, i, resized=False)
        said = case.get("instruction")
        made = sequence_of(item, encoder._checkpoint, "document", "retrieval", said)
        assert made.ids.tolist() == ids[f"{i}.input_ids"].tolist()
        if item.pictures:
            assert made.positions.tolist() == ids[f"{i}.position_ids"].tolist()
            grids = [[1, 2 * p.grid[0], 2 * p.grid[1]] for p in made.pictures]
            assert grids == ids[f"{i}.image_grid_thw"].tolist()


@pytest.mark.parametrize("resized", [True, False])
def test_qwen3_vl_vectors_agree(qwen3_vl: tuple[Path, Encoder], resized: bool) -> None:
    home, encoder = qwen3_vl
    asked, wanted = told(home), arrays(home, "expected/fp32.safetensors")
    close = tolerance(home)
    for i, case in enumerate(asked["cases"]):
        item, said = parts(home, case, i, resized=resized), case.get("instruction")
        found = encoder.encode_document(item, vectors="dense", instruction=said)
        np.testing.assert_allclose(found, wanted["embeddings"][i], rtol=0, atol=close)
        for dim in [d for d in asked["dims"] if f"embeddings.{d}" in wanted and not resized]:
            cut = encoder.encode_document(item, vectors="dense", instruction=said, truncate_dim=dim)
            np.testing.assert_allclose(cut, wanted[f"embeddings.{dim}"][i], rtol=0, atol=close)


def test_qwen3_vl_batches_of_texts_and_pictures_are_as_if_alone(
    qwen3_vl: tuple[Path, Encoder],
) -> None:
    home, encoder = qwen3_vl
    asked, wanted = told(home), arrays(home, "expected/fp32.safetensors")
    plain = [i for i, case in enumerate(asked["cases"]) if "instruction" not in case]
    items = [parts(home, asked["cases"][i], i, resized=True) for i in plain]
    found = encoder.encode_document(items, vectors="dense")
    right = wanted["embeddings"][plain]
    np.testing.assert_allclose(found, right, rtol=0, atol=tolerance(home))


def test_qwen3_vl_cuts_at_the_very_end(qwen3_vl: tuple[Path, Encoder]) -> None:
    home, _ = qwen3_vl
    asked, wanted = told(home), arrays(home, "expected/fp32.safetensors")
    cuts = [m for key in wanted if (m := re.fullmatch(r"text_(\d+)\.max_length_(\d+)", key))]
    assert cuts
    for m in cuts:
        case, most = asked["cases"][int(m[1])], int(m[2])
        short = Encoder.load(str(home / "checkpoint"), device="cpu", max_text=most)
        found = short.encode_document(
            case["text"], vectors="dense", instruction=case.get("instruction")
        )
        np.testing.assert_allclose(found, wanted[m[0]], rtol=0, atol=tolerance(home))
        ids = arrays(home, "inputs/inputs.safetensors")[f"{m[1]}.max_length_{most}.input_ids"]
        assert ids_of(short, case["text"], "document", case.get("instruction")) == ids.tolist()


def test_qwen3_vl_bfloat16_stays_near(qwen3_vl: tuple[Path, Encoder]) -> None:
    home, _ = qwen3_vl
    wanted = arrays(home, "expected/fp32.safetensors")["embeddings"]
    half = Encoder.load(
        str(home / "checkpoint"), device="cpu", family="qwen3-vl-embedding", dtype="bfloat16"
    )
    close = limit(home, r"bfloat16: allow ([\d.e-]+\d)", 1e-2)
    for i, case in enumerate(told(home)["cases"]):
        item, said = parts(home, case, i, resized=True), case.get("instruction")
        found = half.encode_document(item, vectors="dense", instruction=said)
        np.testing.assert_allclose(found, wanted[i], rtol=0, atol=close)


@pytest.mark.parametrize("role", ["query", "passage"])
def test_bge_m3_gives_all_three_kinds_in_one_pass(bge: tuple[Path, Encoder], role: str) -> None:
    home, encoder = bge
    asked, wanted = told(home), arrays(home, "expected/fp32.safetensors")
    ids = arrays(home, "inputs/inputs.safetensors")
    weights = json.loads((home / "expected" / "sparse.json").read_text("utf-8"))[role]
    close = tolerance(home)
    texts = asked["queries" if role == "query" else "passages"]
    way = encoder.encode_query if role == "query" else encoder.encode_document
    for i, (text, found) in enumerate(zip(texts, way(texts, vectors="both"), strict=True)):
        assert ids_of(encoder, text, "document") == ids[f"{role}.{i}.input_ids"].tolist()
        np.testing.assert_allclose(found.dense, wanted[f"{role}.dense"][i], rtol=0, atol=close)
        rows = wanted[f"{role}.colbert.{i}"]
        np.testing.assert_allclose(found.multi, rows, rtol=0, atol=close)
        right = {int(word): weight for word, weight in weights[i].items()}
        assert found.sparse.keys() == right.keys()
        np.testing.assert_allclose(
            [found.sparse[word] for word in right], list(right.values()), rtol=0, atol=close
        )


def test_bge_m3_scores_agree(bge: tuple[Path, Encoder]) -> None:
    home, encoder = bge
    asked, wanted = told(home), arrays(home, "expected/fp32.safetensors")
    queries = encoder.encode_query(asked["queries"], vectors="both")
    passages = encoder.encode_document(asked["passages"], vectors="both")
    one, three, two = asked["weights_dense_sparse_colbert"]
    found = {
        "dense": [[q.dense @ p.dense for p in passages] for q in queries],
        "sparse": [[word_score(q.sparse, p.sparse) for p in passages] for q in queries],
        "colbert": [[(q.multi @ p.multi.T).max(1).mean() for p in passages] for q in queries],
    }
    dense, sparse, rows = (np.array(found[kind]) for kind in ("dense", "sparse", "colbert"))
    found["sparse+dense"] = (one * dense + three * sparse) / (one + three)
    found["colbert+sparse+dense"] = (one * dense + three * sparse + two * rows) / (
        one + three + two
    )
    for kind, scores in found.items():
        np.testing.assert_allclose(scores, wanted[f"scores.{kind}"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("role", ["query", "passage"])
def test_bge_m3_bfloat16_stays_near(bge: tuple[Path, Encoder], role: str) -> None:
    home, _ = bge
    asked, wanted = told(home), arrays(home, "expected/fp32.safetensors")
    weights = json.loads((home / "expected" / "sparse.json").read_text("utf-8"))[role]
    half = Encoder.load(
        str(home / "checkpoint"), device="cpu", max_text=asked["max_length"], dtype="bfloat16"
    )
    close = limit(home, r"bfloat16: allow ([\d.e-]+\d) per component", 1.5e-2)
    heavy = limit(home, r"bfloat16: .*?([\d.e-]+\d) per weight", 6e-2)
    texts = asked["queries" if role == "query" else "passages"]
    for i, found in enumerate(half.encode_document(texts, vectors="both")):
        np.testing.assert_allclose(found.dense, wanted[f"{role}.dense"][i], rtol=0, atol=close)
        np.testing.assert_allclose(found.multi, wanted[f"{role}.colbert.{i}"], rtol=0, atol=close)
        for word in found.sparse.keys() | set(map(int, weights[i])):
            apart = found.sparse.get(word, 0.0) - weights[i].get(str(word), 0.0)
            assert abs(apart) < heavy, word
