"""What is wrong with a checkpoint or an input is said, with the mend, before any vector is made."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from tiny_published import write_bge, write_colqwen, write_jina, write_qwen3, write_qwen3_vl

from quire.adapters.errors import AdapterError, UnknownTask
from quire.engine.encode.encoder import Encoder
from quire.engine.encode.protocol import Parts
from quire.engine.errors import EncodeError
from quire.ingest.errors import IngestError

ADAPTER = "adapters/adapter_model.safetensors"


@pytest.fixture(scope="module")
def jina(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return Encoder.load(str(write_jina(tmp_path_factory.mktemp("jina"))), device="cpu")


def edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file)


def edit_json(file: Path, **values: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    folder = write_jina(tmp_path)
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(EncodeError, match=r"lacks 1 of 2 shards .*00002-of-00002"):
        Encoder.load(str(folder))


@pytest.mark.parametrize("left", [0, 5, 2000])
def test_a_file_that_is_cut_short_is_named(tmp_path: Path, left: int) -> None:
    folder = write_jina(tmp_path)
    file = folder / "model-00001-of-00002.safetensors"
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(EncodeError, match=r"00001-of-00002.safetensors cannot be read .*cut short"):
        Encoder.load(str(folder))


def test_a_torch_file_that_is_cut_short_or_holds_code_is_not_unpickled(tmp_path: Path) -> None:
    folder = write_bge(tmp_path)
    whole = (folder / "sparse_linear.pt").read_bytes()
    (folder / "sparse_linear.pt").write_bytes(whole[:100])
    with pytest.raises(EncodeError, match=r"sparse_linear.pt cannot be read as plain tensors"):
        Encoder.load(str(folder))
    torch.save({"weight": Path}, folder / "sparse_linear.pt")
    with pytest.raises(EncodeError, match=r"sparse_linear.pt cannot be read as plain tensors"):
        Encoder.load(str(folder))


def test_safetensors_are_taken_where_there_are_both(tmp_path: Path) -> None:
    folder = write_bge(tmp_path)
    before = Encoder.load(str(folder)).encode_query("the fox")
    for name in ("pytorch_model.bin", "colbert_linear.pt", "sparse_linear.pt"):
        tensors = torch.load(folder / name, weights_only=True)
        stem = "model" if name.endswith(".bin") else Path(name).stem
        save_file(tensors, folder / f"{stem}.safetensors")
        (folder / name).write_bytes(b"not read")
    np.testing.assert_array_equal(Encoder.load(str(folder)).encode_query("the fox"), before)


def test_the_head_must_be_there_and_fit(tmp_path: Path) -> None:
    adapter = write_colqwen(tmp_path)
    base = adapter.parent / "colqwen2.5-base"
    index = json.loads((base / "model.safetensors.index.json").read_text())["weight_map"]
    file = base / index["custom_text_proj.weight"]
    edit(file, lambda t: t.update({"custom_text_proj.weight": torch.ones(128, 48)}))
    with pytest.raises(EncodeError, match="takes 48 numbers, and hidden states have 32"):
        Encoder.load(str(adapter))
    edit(file, lambda t: t.pop("custom_text_proj.weight"))
    with pytest.raises(EncodeError, match=r"lacks custom_text_proj\.weight, the head"):
        Encoder.load(str(adapter))


def test_a_wrong_hidden_size_is_told_with_both_shapes(tmp_path: Path) -> None:
    folder = write_qwen3(tmp_path)
    edit_json(folder / "config.json", hidden_size=64)
    with pytest.raises(EncodeError, match=r"has the shape \[\d+, 32\], and config.json asks for"):
        Encoder.load(str(folder))


def test_an_adapter_of_another_base_is_refused(tmp_path: Path) -> None:
    adapter = write_colqwen(tmp_path)
    file = adapter / "adapter_model.safetensors"
    wide = "base_model.model.model.layers.1.mlp.up_proj.lora_A.weight"
    edit(file, lambda t: t.update({wide: torch.ones(4, 48)}))
    with pytest.raises(AdapterError, match="up_proj is 48 x 32 there, and its LoRA is for 48 x 48"):
        Encoder.load(str(adapter))
    edit(file, lambda t: t.update({wide: torch.ones(4, 32)}))
    edit_json(adapter / "adapter_config.json", base_model_name_or_path="someone/other-base")
    with pytest.raises(EncodeError, match="an adapter on 'someone/other-base'"):
        Encoder.load(str(adapter))


def test_the_merged_head_of_another_base_is_found_out(tmp_path: Path) -> None:
    adapter = write_colqwen(tmp_path, newer=True)
    edit(adapter / "1_Dense" / "model.safetensors", lambda t: t["linear.weight"].mul_(1.05))
    with pytest.raises(EncodeError, match="not the head that the adapter and its base give"):
        Encoder.load(str(adapter))


def test_a_base_alone_is_refused_and_an_adapter_alone_says_what_is_missing(
    tmp_path: Path,
) -> None:
    adapter = write_colqwen(tmp_path)
    with pytest.raises(EncodeError, match="it is the untrained base"):
        Encoder.load(str(adapter.parent / "colqwen2.5-base"))
    (adapter.parent / "colqwen2.5-base").rename(tmp_path / "elsewhere")
    with pytest.raises(EncodeError, match=r"put that model's files in a folder 'colqwen2\.5-base'"):
        Encoder.load(str(adapter), local_files_only=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.update({"base_model.model.stray.lora_A.code.weight": torch.ones(4, 4),
                             "base_model.model.stray.lora_B.code.weight": torch.ones(4, 4)}),
         "does not match the model .*stray"),
        (lambda t: t.update({"base_model.model.classifier.weight": torch.ones(4, 4)}),
         "does not match the model .*classifier"),
        (lambda t: t.pop(next(k for k in t if "1.mlp.up_proj.lora_B.code" in k)),
         "up_proj in .* has no lora_B"),
        (lambda t: [t.pop(k) for k in [*t] if "1.mlp.up_proj" in k and ".code." in k],
         "for 'code' lacks language_model.layers.1.mlp.up_proj"),
        (lambda t: [t.pop(k) for k in [*t] if ".text-matching." in k],
         "lacks the adapter for similarity"),
        (lambda t: t[next(k for k in t if "lora_A" in k)].fill_(float("inf")),
         "NaN or infinity"),
        (lambda t: t.update({"base_model.model.model.visual.blocks.0.attn.qkv.lora_A.code.weight":
                             torch.ones(4, 9), "base_model.model.model.visual.blocks.0.attn.qkv."
                             "lora_B.code.weight": torch.ones(9, 4)}),
         "does not match the model"),
    ],
)  # fmt: skip
def test_an_adapter_that_is_not_whole_does_not_load(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    folder = write_jina(tmp_path)
    edit(folder / ADAPTER, change)
    with pytest.raises((AdapterError, EncodeError), match=message):
        Encoder.load(str(folder))


@pytest.mark.parametrize(
    "settings", [{"use_dora": True}, {"bias": "all"}, {"modules_to_save": ["x"]}, {"r": 8}]
)
def test_other_kinds_of_adapters_are_named(tmp_path: Path, settings: dict[str, Any]) -> None:
    folder = write_jina(tmp_path)
    edit_json(folder / "adapters" / "adapter_config.json", **settings)
    with pytest.raises(AdapterError, match=r"no plain LoRA \(|has rank 4 and 4"):
        Encoder.load(str(folder))


def test_a_tokenizer_that_does_not_close_a_text_is_another_model_s(tmp_path: Path) -> None:
    folder = write_qwen3(tmp_path, closed=False)
    with pytest.raises(EncodeError, match="without the tokens that qwen3-embedding puts around"):
        Encoder.load(str(folder))


def test_unknown_tasks_roles_dims_and_instructions(jina: Encoder) -> None:
    with pytest.raises(UnknownTask, match="no task 'text-matching'"):
        jina.encode_query("x", task="text-matching")
    with pytest.raises(UnknownTask, match="no task 'clustering'"):
        jina.encode_query(["x", "y"], task=["code", "clustering"])
    with pytest.raises(AttributeError):
        jina.encode("x", role="asker")  # type: ignore[attr-defined]
    for dim in (0, -1, 15, 31, 33, True):
        with pytest.raises(EncodeError, match=r"can be cut to 32, 16, 8"):
            jina.encode_query("x", vectors="dense", truncate_dim=dim)
    with pytest.raises(EncodeError, match="takes none with a query"):
        jina.encode_query("x", instruction="find it")
    with pytest.raises(EncodeError, match="weighs no words"):
        jina.encode_query("x", vectors="sparse")
    with pytest.raises(EncodeError, match="has no place for text beside pictures"):
        jina.encode_document(Parts((Image.new("RGB", (60, 60)),), ("x",)))


def test_any_length_from_32_up_means_just_that(tmp_path: Path) -> None:
    encoder = Encoder.load(str(write_qwen3(tmp_path)))
    assert encoder.encode_query("x", vectors="dense", truncate_dim=32).shape == (32,)
    with pytest.raises(EncodeError, match="any number from 32 down to 32"):
        encoder.encode_query("x", vectors="dense", truncate_dim=31)


def test_halves_of_characters_are_read_as_what_stands_for_unknown_ones(jina: Encoder) -> None:
    broken, whole = "fox \ud83d jumps", "fox \ufffd jumps"
    assert len(jina.query_spans(broken)) == len(jina.encode_query(broken))
    for way in (jina.encode_query, jina.encode_document):
        np.testing.assert_array_equal(way(broken), way(whole))
        np.testing.assert_array_equal(way([broken, "dog"])[0], way([whole, "dog"])[0])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I", "F", "I;16", "YCbCr"])
def test_pictures_of_every_mode_and_odd_size_are_read(jina: Encoder, mode: str) -> None:
    found = jina.encode_document(Image.new(mode, (57, 61)), vectors="both")
    assert found.grid == (2, 2)
    assert np.isfinite(found.multi).all()


def test_pictures_of_one_pixel_and_of_a_line(jina: Encoder) -> None:
    dot = jina.encode_document(Image.new("RGB", (1, 1), "red"), vectors="both")
    assert dot.grid == (2, 2), "grown to what the model looks at"
    for shape in ((1, 5000), (5000, 1)):
        with pytest.raises(IngestError, match="5000 times as long as wide, and the limit is 200"):
            jina.encode_document(Image.new("RGB", shape))


def test_a_text_of_a_million_characters_is_cut_and_the_log_names_the_limit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    encoder = Encoder.load(str(write_jina(tmp_path)), max_text=64)
    with caplog.at_level(logging.WARNING):
        rows = encoder.encode_document("fox " * 250_000)
    assert len(rows) == 64
    assert "cut to 64: jina-embeddings-v4 reads at most 64" in caplog.text


def test_pictures_that_do_not_fit_are_refused_not_cut(tmp_path: Path) -> None:
    encoder = Encoder.load(str(write_qwen3_vl(tmp_path)), max_text=64)
    shown = Parts(tuple(Image.new("RGB", (256, 256)) for _ in range(2)))
    with pytest.raises(EncodeError, match="do not fit into the 64 that qwen3-vl-embedding reads"):
        encoder.encode_document(shown, vectors="dense")


def test_empty_lists_give_empty_answers(jina: Encoder) -> None:
    assert jina.encode_document([]) == jina.encode_query([], task=[]) == []
    assert jina.encode_query([], vectors="dense").shape == (0, 32)


def test_a_licence_that_forbids_trade_is_said_once_at_load(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        encoder = Encoder.load(str(write_jina(tmp_path / "jina")))
        encoder.encode_query("fox")
        Encoder.load(str(write_qwen3(tmp_path / "qwen3")))
    said = [m for m in caplog.messages if "non-commercial" in m]
    assert said == ["jina-embeddings-v4 is for non-commercial use only: CC BY-NC 4.0"]
