"""The encoder keeps its promises on a tiny model of the real architecture."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from tiny_model import SHAPE, tiny_pieces, tiny_reader, write_tiny_model

from quire.adapters.errors import AdapterError, UnknownTask
from quire.adapters.lora import add_adapter
from quire.adapters.read.blocks import SIDE, to_windows
from quire.adapters.read.reader import block_positions, text_turns
from quire.engine.encode.encoder import Encoder
from quire.engine.errors import EncodeError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return Encoder.load(str(folder), device="cpu")


def noise(height: int, width: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_the_training_pass_and_the_native_modules_give_the_same_rows(encoder: Encoder) -> None:
    reader = tiny_reader()
    picture = noise(448, 448)
    windows = to_windows(np.asarray(picture), SHAPE).astype(np.float32) / 127.5 - 2
    assert len(windows) == SIDE * SIDE
    with torch.no_grad():
        rows, _ = reader.rows_of_blocks(
            torch.from_numpy(windows)[None], text_turns(reader.model, block_positions(SHAPE))
        )
    np.testing.assert_allclose(encoder.encode_document(picture), rows[0].numpy(), atol=1e-5)


def test_the_training_pass_and_the_native_modules_agree_on_text(encoder: Encoder) -> None:
    reader, pieces = tiny_reader(), tiny_pieces()
    ids = [pieces.token_to_id("<|document|>"), *pieces.encode("the lazy fox").ids]
    line = torch.arange(len(ids)).expand(3, -1)
    with torch.no_grad():
        rows = reader.rows_of_text(torch.tensor([ids]), text_turns(reader.model, line))
    np.testing.assert_allclose(encoder.encode_document("the lazy fox"), rows[0, 1:], atol=1e-5)


def test_one_in_one_out_and_a_list_in_a_list_out_in_order(encoder: Encoder) -> None:
    texts = ["fox", "the quick brown fox jumps", "dog", "revenue of 2017 grew"]
    together = encoder.encode_query(texts)
    assert [len(v) for v in together] == [len(encoder.encode_query(t)) for t in texts]
    for text, rows in zip(texts, together, strict=True):
        np.testing.assert_allclose(encoder.encode_query(text), rows, atol=1e-5)
    assert encoder.encode_query([]) == []
    assert encoder.encode_query([], vectors="dense").shape == (0, 32)


def test_pictures_of_different_sizes_in_one_batch_are_as_if_alone(encoder: Encoder) -> None:
    pictures = [noise(84, 140, 1), noise(252, 56, 2), noise(300, 500, 3)]
    for picture, rows in zip(pictures, encoder.encode_document(pictures), strict=True):
        np.testing.assert_allclose(encoder.encode_document(picture), rows, atol=1e-5)


def test_rows_have_unit_length_but_query_rows_that_of_their_token(encoder: Encoder) -> None:
    rows = encoder.encode_document("the lazy dog")
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    lengths = np.linspace(0.5, 1, SHAPE.vocabulary)[tiny_pieces().encode("the lazy dog").ids]
    rows = encoder.encode_query("the lazy dog")
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), lengths, atol=1e-3)


def test_both_heads_come_together_and_the_cells_say_where_a_row_looks(encoder: Encoder) -> None:
    pixels = np.full((84, 112), 255, np.uint8)
    pixels[30:40, 60:70] = 0  # in the second row of cells, third column
    both = encoder.encode_document(Image.fromarray(pixels), vectors="both")
    assert both.grid == (3, 4)
    assert both.cells.tolist() == [1 * 4 + 2], "blank cells give no rows"
    assert both.multi.shape == (1, 128)
    assert both.dense.shape == (32,)
    blank = encoder.encode_document(Image.new("L", (112, 84), 255), vectors="both")
    assert blank.cells.tolist() == [0], "a blank page keeps one row"


def test_transparency_is_laid_on_white(encoder: Encoder) -> None:
    clear = Image.new("RGBA", (112, 84), (0, 0, 0, 0))
    np.testing.assert_allclose(
        encoder.encode_document(clear), encoder.encode_document(Image.new("L", (112, 84), 255))
    )


def test_special_tokens_in_a_text_are_ordinary_text(encoder: Encoder) -> None:
    assert len(encoder.encode_query("<|image_pad|>")) > 1
    assert len(encoder.encode_query("fox <|vision_start|> dog")) > 3


def test_an_empty_text_still_has_a_row_and_a_long_one_is_cut_with_a_note(
    encoder: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(encoder.encode_document("")) == 1
    with caplog.at_level(logging.WARNING):
        assert len(encoder.encode_query("fox " * 5000)) == 1024
    assert "cut to 1024" in caplog.text


def test_dense_vectors_are_cut_only_where_they_were_trained(encoder: Encoder) -> None:
    full = encoder.encode_query(["fox", "dog"], vectors="dense")
    cut = encoder.encode_query(["fox", "dog"], vectors="dense", truncate_dim=16)
    np.testing.assert_allclose(cut, full[:, :16] / np.linalg.norm(full[:, :16], axis=1)[:, None])
    np.testing.assert_allclose(encoder.similarity(full, full).diagonal(), 1, atol=1e-5)
    with pytest.raises(EncodeError, match=r"truncate_dim=20: .* 32, 16, 8"):
        encoder.encode_query("fox", vectors="dense", truncate_dim=20)


def test_a_task_without_weights_and_a_misspelt_one_are_told_apart(encoder: Encoder) -> None:
    with pytest.raises(UnknownTask, match="quire-mini has no weights for task 'code'"):
        encoder.encode_query("fox", task="code")
    with pytest.raises(UnknownTask, match="did you mean 'similarity'"):
        encoder.encode_query("fox", task="similarty")


def test_wrong_kinds_of_input_are_named(encoder: Encoder) -> None:
    with pytest.raises(EncodeError, match="not int"):
        encoder.encode_document([3])
    with pytest.raises(EncodeError, match="not PosixPath"):
        encoder.encode_query([Path("x")])
    with pytest.raises(EncodeError, match="vectors='many'"):
        encoder.encode_query("fox", vectors="many")


def test_an_adapter_is_used_for_its_task_only_and_equals_the_merged_weights(
    tmp_path: Path,
) -> None:
    folder = write_tiny_model(tmp_path / "model")
    model = tiny_reader().model
    which = r"language_model.*\.(q_proj|down_proj|embed_tokens)"
    config = {"r": 2, "lora_alpha": 4, "target_modules": which}
    add_adapter(model, "code", config)
    torch.manual_seed(1)
    tensors, merged = {}, load_file(folder / "model.safetensors")
    for name, module in model.named_modules():
        if hasattr(module, "lora_A") and len(module.lora_embedding_A):
            a, b = (
                torch.randn_like(m["code"])
                for m in (module.lora_embedding_A, module.lora_embedding_B)
            )
            tensors[f"base_model.model.{name}.lora_embedding_A"] = a
            tensors[f"base_model.model.{name}.lora_embedding_B"] = b
            merged[f"{name}.weight"] += 2 * (b @ a).T
        elif hasattr(module, "lora_A") and len(module.lora_A):
            a, b = (torch.randn_like(m["code"].weight) for m in (module.lora_A, module.lora_B))
            tensors[f"base_model.model.{name}.lora_A.weight"] = a
            tensors[f"base_model.model.{name}.lora_B.weight"] = b
            merged[f"{name}.weight"] += 2 * b @ a
    assert len(tensors) == 10
    from peft import LoraConfig

    adapter = folder / "adapters" / "code"
    LoraConfig(**config).save_pretrained(str(adapter))
    save_file(tensors, adapter / "adapter_model.safetensors")
    other = write_tiny_model(tmp_path / "merged")
    save_file(merged, other / "model.safetensors")

    switched, plain, base = (Encoder.load(str(f)) for f in (folder, other, other))
    assert switched.tasks == ("retrieval", "code")
    wanted = plain.encode_query("the lazy dog")
    rows = switched.encode_query("the lazy dog", task="code")
    np.testing.assert_allclose(rows[:-1], wanted, atol=1e-5)  # the last stands for the whole
    again = switched.encode_query("the lazy dog")
    write_tiny_model(other)
    base = Encoder.load(str(other))
    np.testing.assert_allclose(again, base.encode_query("the lazy dog"), atol=1e-6)
    assert switched.fingerprint != base.fingerprint

    save_file({k + "x": v for k, v in tensors.items()}, adapter / "adapter_model.safetensors")
    with pytest.raises(AdapterError, match="does not match the model"):
        Encoder.load(str(folder))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.pop("language_model.norm.weight"), "language_model.norm.weight is missing"),
        (lambda t: t.update(stray=torch.ones(2)), "stray is not expected"),
        (lambda t: t["visual.merger.ln_q.weight"].zero_(), "ln_q.weight .* is all zero"),
        (lambda t: t["projector.weight"].fill_(float("nan")), "NaN or infinity"),
    ],
)
def test_a_checkpoint_that_is_not_whole_does_not_load(
    tmp_path: Path, spoil: object, message: str
) -> None:
    folder = write_tiny_model(tmp_path)
    tensors = load_file(folder / "model.safetensors")
    spoil(tensors)  # type: ignore[operator]
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(EncodeError, match=message):
        Encoder.load(str(folder))


def test_unknown_models_are_refused_with_what_would_do(tmp_path: Path) -> None:
    with pytest.raises(EncodeError, match="neither 'quire-mini' nor a folder"):
        Encoder.load("no-such-model")
    with pytest.raises(EncodeError, match=r"holds no quire\.json"):
        Encoder.load(str(tmp_path))
    with pytest.raises(EncodeError, match="has no revisions"):
        Encoder.load("quire-mini", revision="v2")


def test_the_fingerprint_follows_the_weights(
    folder: Path, encoder: Encoder, tmp_path: Path
) -> None:
    assert Encoder.load(str(folder)).fingerprint == encoder.fingerprint
    other = write_tiny_model(tmp_path, tiny_reader(seed=1))
    assert Encoder.load(str(other)).fingerprint != encoder.fingerprint
    assert encoder.describe()["renderer"].startswith("pymupdf")
