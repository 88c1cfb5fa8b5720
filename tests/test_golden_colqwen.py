"""ColQwen2 and ColQwen2.5 against colpali-engine, sentence-transformers and transformers."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from golden import HOME, arrays, golden, limit, pictures, told, tolerance

from quire.engine.encode.encoder import Encoder
from quire.engine.encode.items import sequence_of

SCORE = 1e-4  # of a sum of some 30 cosines
OTHER_FILTER = 5e-2  # a small picture that torchvision enlarged


@dataclass
class Case:
    """One layout of a reference: its folder, encoder, expected vectors, and whether Pillow made
    the sizes."""

    home: Path
    folder: Path
    encoder: Encoder
    wanted: dict[str, np.ndarray]
    by_pillow: bool = True


def complete(home: Path, folder: Path, to: Path) -> Path:
    """The adapter beside its base as links, with the published tokenizer, which is kept once."""
    other = golden("tokenizer_qwen2_5", "prompts.json")
    for part in folder.parent.iterdir():
        (to / part.name).mkdir()
        for file in part.iterdir():
            (to / part.name / file.name).symlink_to(file)
    for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
        shutil.copy(other / name, to / folder.name / name)
    return to / folder.name


def layouts() -> list[str]:
    """Every layout of every reference: as first published, newer revisions, of transformers."""
    found = []
    for home in sorted(HOME.glob("colqwen*")):
        found += [f"{home.name} first"]
        found += [f"{home.name} {part.name}" for part in sorted(home.glob("revision_*"))]
        found += [f"{home.name} hf" for _ in home.glob("vidore/*-hf")]
    return found or ["colqwen2 first"]  # which is then skipped, aloud


@pytest.fixture(scope="module", params=layouts())
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    name, _, layout = request.param.partition(" ")
    home = golden(name)
    adapter, expected = told(home)["adapter"], f"expected/fp32_{layout}.safetensors"
    folder = home / adapter
    if layout == "hf":
        folder = folder.with_name(f"{folder.name}-hf")
    elif layout != "first":
        folder = home / layout / adapter
    else:
        expected = "expected/fp32.safetensors"
        if not (folder / "tokenizer.json").is_file():
            folder = complete(home, folder, tmp_path_factory.mktemp(name))
    encoder = Encoder.load(str(folder), device="cpu")
    return Case(home, folder, encoder, arrays(home, expected), "revision" not in layout)


def sum_of_best(query: np.ndarray, page: np.ndarray) -> float:
    return float((query.astype(np.float64) @ page.T.astype(np.float64)).max(1).sum())


def padded_with_zeros(query: np.ndarray, pages: list[np.ndarray], page: np.ndarray) -> float:
    """As colpali-engine scores a batch: beside a longer page, no maximum is below zero."""
    best = (query.astype(np.float64) @ page.T.astype(np.float64)).max(1)
    return float(best.sum() if len(page) == max(map(len, pages)) else best.clip(0).sum())


def pages(case: Case) -> list[str]:
    return [n for n in told(case.home)["pages"] if f"page.{n.removesuffix('.png')}" in case.wanted]


def test_strings_ids_grids_and_positions_are_exact(case: Case) -> None:
    asked, ids = told(case.home), arrays(case.home, "inputs/inputs.safetensors")
    checkpoint = case.encoder._checkpoint
    family = checkpoint.family
    assert family.page.replace("{image}", "<|image_pad|>") == asked["page_string"]
    for i, query in enumerate(asked["queries"]):
        assert family.query.replace("{text}", query) == asked["query_strings"][i]
        made = sequence_of(query, checkpoint, "query", "retrieval", None)
        assert made.ids.tolist() == ids[f"query.{i}.input_ids"].tolist()
    for name in asked["pages"]:
        [picture] = pictures(case.home, [name], resized=False)
        made = sequence_of(picture, checkpoint, "document", "retrieval", None)
        key = f"page.{name.removesuffix('.png')}"
        assert made.ids.tolist() == ids[f"{key}.input_ids"].tolist()
        assert made.positions.tolist() == ids[f"{key}.position_ids"].tolist()
        assert [1, *(2 * side for side in made.grid)] == ids[f"{key}.image_grid_thw"].tolist()


def test_rows_and_scores_are_those_of_the_reference(case: Case) -> None:
    """A reference that resized with another filter is compared where nothing was resized."""
    close, names, asked = tolerance(case.home), pages(case), told(case.home)
    queries = case.encoder.encode_query(asked["queries"])
    shown = case.encoder.encode_document(pictures(case.home, names))
    for i, rows in enumerate(queries):
        np.testing.assert_allclose(rows, case.wanted[f"query.{i}"], rtol=0, atol=close)
    same = [case.by_pillow or name not in asked["resized_pages"] for name in names]
    for name, rows, exact in zip(names, shown, same, strict=True):
        wanted = case.wanted[f"page.{name.removesuffix('.png')}"]
        np.testing.assert_allclose(rows, wanted, rtol=0, atol=close if exact else OTHER_FILTER)
    scores = np.array([[sum_of_best(query, rows) for rows in shown] for query in queries])
    right = case.wanted["scores.float64_loop"]
    np.testing.assert_allclose(scores[:, same], right[:, same], rtol=0, atol=SCORE)
    for key in case.wanted.keys() & {"scores.engine", "scores.transformers"}:
        padded = np.array([[padded_with_zeros(q, shown, page) for page in shown] for q in queries])
        np.testing.assert_allclose(padded, case.wanted[key], rtol=0, atol=SCORE)
    if (masked := case.wanted.get("scores.sentence_transformers")) is not None:
        np.testing.assert_allclose(scores[:, same], masked[:, same], rtol=0, atol=SCORE)


def test_left_padding_of_the_reference_holds_the_same_ids(case: Case) -> None:
    asked, ids = told(case.home), arrays(case.home, "inputs/inputs.safetensors")
    items = {"query": asked["queries"], "page": pictures(case.home, asked["padded_pages"])}
    for kind, role in (("query", "query"), ("page", "document")):
        masks = ids[f"batch.{kind}.attention_mask"].astype(bool)
        for row, mask, item in zip(ids[f"batch.{kind}.input_ids"], masks, items[kind], strict=True):
            made = sequence_of(item, case.encoder._checkpoint, role, "retrieval", None)
            assert made.ids.tolist() == row[mask].tolist()


def test_in_bfloat16_rows_keep_their_direction(case: Case) -> None:
    wide = case.encoder._checkpoint.model.config.get_text_config().hidden_size
    if wide < 64:
        pytest.skip(f"{wide} dimensions are too few for bfloat16")
    half = Encoder.load(str(case.folder), device="cpu", dtype="bfloat16")
    cosine = limit(case.home, r"bfloat16: allow a cosine of ([\d.]+)", 0.995)
    names = [n for n in pages(case) if case.by_pillow or n not in told(case.home)["resized_pages"]]
    keys = [f"page.{name.removesuffix('.png')}" for name in names]
    found = half.encode_document(pictures(case.home, names))
    asked = told(case.home)["queries"]
    keys += [f"query.{i}" for i in range(len(asked))]
    for key, rows in zip(keys, [*found, *half.encode_query(asked)], strict=True):
        assert (rows * case.wanted[key]).sum(1).min() > cosine, key


def test_pages_agree_from_their_files_one_by_one_as_well(case: Case) -> None:
    """Where Pillow was the reference's filter too; else only those that need no resize."""
    names = pages(case)
    if not case.by_pillow:
        names = [name for name in names if name not in told(case.home)["resized_pages"]]
    for name in names:
        [picture] = pictures(case.home, [name], resized=False)
        wanted = case.wanted[f"page.{name.removesuffix('.png')}"]
        found = case.encoder.encode_document(picture)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance(case.home))


def test_a_query_scores_against_itself_what_it_has_rows(case: Case) -> None:
    rows = case.encoder.encode_query(told(case.home)["queries"][0])
    np.testing.assert_allclose(sum_of_best(rows, rows), len(rows), rtol=1e-5)
