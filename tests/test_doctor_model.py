"""`quire doctor --model`: is a checkpoint whole, how large is it, and may it be used?"""

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from golden import HOME
from safetensors.torch import load_file, save_file
from tiny_model import write_tiny_model
from tiny_reranker import write_tiny_page_reranker, write_tiny_reranker

from quire.engine.cli.app import main
from quire.engine.encode.backbone import configuration, empty
from quire.engine.encode.families.counts import PARAMETERS, known_parameters
from quire.engine.encode.scan import scan
from quire.engine.encode.source import Source
from quire.engine.errors import EncodeError

Said = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a checkpoint that bears the name of a reranker is to lie."""
    made = tmp_path / "tiny-reranker"
    made.mkdir()
    return made


def doctor(said: Said, name: Path | str, code: int) -> tuple[dict[str, Any], list[str]]:
    said.readouterr()
    assert main(["doctor", "--json", "--model", str(name)]) == code
    told = json.loads(said.readouterr().out)
    return told["model"], told["problems"]


def change(file: Path, **changes: Any) -> None:
    """Tensors replaced, or taken out where the value is None."""
    tensors = {**load_file(file), **{name.replace("__", "."): t for name, t in changes.items()}}
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, file)


def test_a_whole_reranker_has_no_problem(folder: Path, capsys: Said) -> None:
    write_tiny_reranker(folder, tied=False, shards=3)
    told, problems = doctor(capsys, folder, 0)
    assert problems == [] and told["family"] == "qwen3-reranker"
    assert told["licence"] == "Apache-2.0" and told["files"] == 3
    held = sum(t.numel() for f in folder.glob("*.safetensors") for t in load_file(f).values())
    head = told["left_out"]
    assert head == ["lm_head.weight"]
    size = json.loads((folder / "config.json").read_text())["vocab_size"] * 32
    assert told["parameters"] == {"backbone": held - size, "total": held - size}
    assert told["memory_needed"] == 4 * (held - size) and told["device"] == "cpu"


def test_a_reranker_of_pages_has_no_problem(folder: Path, capsys: Said) -> None:
    write_tiny_page_reranker(folder)
    told, problems = doctor(capsys, folder, 0)
    assert problems == [] and told["family"] == "qwen3-vl-reranker"
    assert told["missing"] == told["unexpected"] == []


def test_an_encoder_of_quire_counts_heads_and_adapters(tmp_path: Path, capsys: Said) -> None:
    told, problems = doctor(capsys, write_tiny_model(tmp_path / "model"), 0)
    assert problems == [] and set(told["parameters"]) >= {"backbone", "heads", "total"}
    assert main(["doctor", "--model", "quire-mini"]) == 0
    said = capsys.readouterr()
    assert "quire-mini: quire-mini" in said.out and "No problem found." in said.out
    assert "licence       Apache-2.0" in said.out


@pytest.mark.parametrize(
    ("changes", "kind", "told"),
    [
        ({"model__norm__weight": None}, "missing", r"1 tensor is missing \(norm\.weight\)"),
        ({"model__more": torch.ones(2)}, "unexpected", r"1 tensor is not expected \(more\)"),
        ({"model__norm__weight": torch.ones(31)}, "misshapen", "of another shape than config"),
        ({"model__norm__weight": torch.zeros(32)}, "zero", "1 tensor is all zero"),
        ({"model__norm__weight": torch.full((32,), torch.inf)}, "not_finite", "is not finite"),
    ],
)
def test_what_is_wrong_with_a_tensor_is_told(
    folder: Path, capsys: Said, changes: dict[str, Any], kind: str, told: str
) -> None:
    write_tiny_reranker(folder)
    change(folder / "model.safetensors", **changes)
    model, problems = doctor(capsys, folder, 3)
    assert len(model[kind]) == 1
    assert len(problems) == 1 and re.search(told, problems[0]), problems


def test_an_untied_head_that_is_missing_is_told(folder: Path, capsys: Said) -> None:
    write_tiny_reranker(folder, tied=False)
    change(folder / "model.safetensors", lm_head__weight=None)
    told, problems = doctor(capsys, folder, 3)
    assert told["missing"] == ["lm_head.weight"] and len(problems) == 1


def test_a_missing_shard_is_told_and_the_others_are_read(folder: Path, capsys: Said) -> None:
    write_tiny_reranker(folder, shards=3)
    (folder / "model-00002-of-00003.safetensors").unlink()
    told, problems = doctor(capsys, folder, 3)
    assert told["files"] == 2 and told["tensors"] > 0 and told["missing"]
    assert any("lacks 1 of 3 shards" in problem for problem in problems)


def test_a_file_that_is_cut_short_is_told(folder: Path, capsys: Said) -> None:
    file = write_tiny_reranker(folder) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    _, problems = doctor(capsys, folder, 3)
    assert any("damaged or cut short" in problem for problem in problems)


def test_no_weights_at_all_are_told(folder: Path, capsys: Said) -> None:
    (write_tiny_reranker(folder) / "model.safetensors").unlink()
    told, problems = doctor(capsys, folder, 3)
    assert told["files"] == 0 and any("weights are missing" in problem for problem in problems)


def test_a_count_that_is_not_the_published_one_is_told(tmp_path: Path, capsys: Said) -> None:
    folder = tmp_path / "Qwen3-Reranker-0.6B"
    folder.mkdir()
    told, problems = doctor(capsys, write_tiny_reranker(folder), 3)
    assert told["known_parameters"] == 595_776_512
    assert "the published model 595,776,512" in problems[0]


def test_the_licence_of_a_model_that_is_not_known_is_read_from_its_card(
    folder: Path, tmp_path: Path, capsys: Said
) -> None:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is absent")
    from tiny_guest import write_tiny_cross_encoder

    write_tiny_cross_encoder(folder)
    told, problems = doctor(capsys, f"sentence-transformers:{folder}", 0)
    assert problems == [] and told["licence"] == "not stated" and told["missing"] == []
    (folder / "README.md").write_text("---\ntags:\n- x\nlicense: mit\n---\nlicense: no\n")
    assert doctor(capsys, f"sentence-transformers:{folder}", 0)[0]["licence"] == "mit"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--model", "no-such-thing"], 3, "no model 'no-such-thing'"),
        (["--model", "owner/not-here-at-all"], 3, "not on this machine"),
        (["--model", "quire-mini", "--library", "x"], 2, "call quire doctor twice"),
    ],
)
def test_what_cannot_be_looked_at_ends_with_its_code(
    arguments: list[str], code: int, told: str, capsys: Said
) -> None:
    assert main(["doctor", *arguments]) == code
    assert told in capsys.readouterr().err


def test_the_table_names_a_few_tensors_and_counts_the_rest(folder: Path, capsys: Said) -> None:
    write_tiny_reranker(folder, shards=2)
    (folder / "model-00001-of-00002.safetensors").unlink()
    assert main(["doctor", "--model", str(folder)]) == 3
    said = capsys.readouterr()
    assert "missing       " in said.out and " more" in said.out and "problems found" in said.out
    assert said.err.count("Problem: ") == 2


def test_torch_files_are_scanned_and_hold_tensors_alone(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(2, 3), "bias": torch.tensor([0.0, torch.nan])}, tmp_path / "a")
    first, second = scan(tmp_path / "a")
    assert (first.name, first.shape, first.size, first.fault) == ("weight", (2, 3), 6, None)
    assert second.fault == "holds NaN or infinity"
    torch.save({"weight": Path("x")}, tmp_path / "b")
    with pytest.raises(EncodeError, match="cannot be read as plain tensors"):
        list(scan(tmp_path / "b"))


def test_known_counts_are_found_by_the_name_on_the_hub_and_by_the_folder(tmp_path: Path) -> None:
    name = "jinaai/jina-embeddings-v4"
    assert known_parameters(Source(tmp_path, name)) == PARAMETERS[name] == 3_934_695_552
    assert known_parameters(Source(tmp_path / "jina-embeddings-v4")) == 3_934_695_552
    assert known_parameters(Source(tmp_path)) is None


def parameters(backbone: str, **sizes: Any) -> int:
    """Of the native class at these sizes; it is built without memory."""
    model = empty(configuration({"model_type": backbone, **sizes}, backbone, Path()), backbone)
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("name", "layers", "width", "inner", "heads", "vocabulary"),
    [
        ("Qwen3-Embedding-0.6B", 28, 1024, 3072, 16, 151_669),
        ("Qwen3-Embedding-4B", 36, 2560, 9728, 32, 151_665),
        ("Qwen3-Embedding-8B", 36, 4096, 12288, 32, 151_665),
    ],
)
def test_native_classes_of_published_sizes_have_the_published_counts(
    name: str, layers: int, width: int, inner: int, heads: int, vocabulary: int
) -> None:
    count = parameters(
        "qwen3", num_hidden_layers=layers, hidden_size=width, intermediate_size=inner,
        num_attention_heads=heads, num_key_value_heads=8, head_dim=128, vocab_size=vocabulary,
    )  # fmt: skip
    assert count == PARAMETERS[f"Qwen/{name}"]


def test_backbone_head_and_adapters_of_jina_and_colqwen_add_up_to_the_published_counts() -> None:
    width, inner, kv, rank = 2048, 11_008, 256, 32
    text = {
        "hidden_size": width, "num_hidden_layers": 36, "num_attention_heads": 16,
        "num_key_value_heads": 2, "intermediate_size": inner, "vocab_size": 151_936,
    }  # fmt: skip
    vision = {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "out_hidden_size": width}
    backbone = parameters("qwen2_5_vl", text_config=text, vision_config=vision)
    head = width * 128 + 128
    sides = 2 * (width + width) + 2 * (width + kv) + 3 * (width + inner)
    adapter = rank * (36 * sides + width + 128)
    assert (backbone, head, adapter) == (3_754_622_976, 262_272, 59_936_768)
    assert backbone + head + 3 * adapter == PARAMETERS["jinaai/jina-embeddings-v4"]
    assert backbone + head + adapter == PARAMETERS["vidore/colqwen2.5-v0.2"]


def test_reference_checkpoints_are_whole(
    tmp_path: Path, capsys: Said, caplog: pytest.LogCaptureFixture
) -> None:
    folders = sorted({f.parent for f in HOME.glob("**/config.json")}) if HOME.is_dir() else []
    folders = [f for f in folders if any(f.glob("*.safetensors")) and f.name.startswith("check")]
    if not folders:
        pytest.skip(f"no reference at {HOME}: name a folder that holds some in QUIRE_GOLDEN")
    caplog.set_level(logging.ERROR)
    for folder in folders:
        _, problems = doctor(capsys, folder, 0)
        assert problems == [], folder
