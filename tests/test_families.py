"""Families are data: found by name or by files, described in full, refused with the reason."""

from dataclasses import replace
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub import constants
from tiny_model import write_tiny_model
from tiny_published import native, write_bge, write_colqwen, write_jina, write_qwen3, write_qwen3_vl

from quire.engine.cli.app import main
from quire.engine.encode.adapter import HEAD, Adapter, check_fit, pairs, route
from quire.engine.encode.backbone import empty, native_name
from quire.engine.encode.encoder import Encoder
from quire.engine.encode.families.jina import JINA_V4
from quire.engine.encode.families.refused import REASONS, refuse
from quire.engine.encode.families.registry import FAMILIES, NAMES, family_of
from quire.engine.encode.families.table import families_table
from quire.engine.encode.family import Family
from quire.engine.encode.heads import linear
from quire.engine.encode.routed import Route, Routed
from quire.engine.encode.settings import precision_of
from quire.engine.encode.source import Source, find_source
from quire.engine.errors import EncodeError


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_jina, "jina-embeddings-v4"),
        (write_colqwen, "colqwen2.5"),
        (lambda f: write_colqwen(f, kind="2"), "colqwen2"),
        (write_qwen3, "qwen3-embedding"),
        (write_qwen3_vl, "qwen3-vl-embedding"),
        (write_bge, "bge-m3"),
        (write_tiny_model, "quire-mini"),
    ],
)
def test_files_say_of_which_family_they_are(tmp_path: Path, write: object, name: str) -> None:
    assert family_of(Source(write(tmp_path))).name == name  # type: ignore[operator]


def test_a_family_can_be_named_where_files_are_silent(tmp_path: Path) -> None:
    assert family_of(Source(tmp_path), "colqwen2") is FAMILIES["colqwen2"]
    with pytest.raises(EncodeError, match="family='colqwen': choose one of bge-m3, colqwen2,"):
        family_of(Source(tmp_path), "colqwen")
    with pytest.raises(EncodeError, match=r"holds no quire\.json and .* pass family="):
        family_of(Source(tmp_path))


def test_a_chat_model_of_the_same_architecture_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    family_of(Source(write_qwen3_vl(tmp_path)))
    assert "do not tell it from a chat model" in caplog.text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("tencent/EVIE-8B", "Qwen3.5"),
        ("webAI-Official/webAI-ColVec1.1-8b", "Qwen3.5"),
        ("vultr/VultronRetrieverFlash-0.8B", "Qwen3.5"),
        ("nvidia/nemotron-colembed-vl-8b-v2", "never runs"),
        ("nvidia/llama-nemotron-colembed-vl-3b-v2", "backbone"),
        ("TomoroAI/tomoro-colqwen3-embed-4b", "never runs"),
        ("athrael-soju/colqwen3.5-4.5B-v3", "Qwen3.5"),
        ("OpenSearch-AI/Ops-Colqwen3-4B", "never runs"),
        ("ModernVBERT/colmodernvbert", "tiles"),
        ("vidore/colpali-v1.3", "backbone"),
        ("vidore/colqwen2.5-base", "untrained base"),
        ("Qwen/Qwen3-Reranker-0.6B", "reranker"),
        ("jinaai/jina-embeddings-v5-text-small", "laid out"),
    ],
)
def test_models_that_cannot_be_expressed_are_refused_by_name_before_any_download(
    name: str, reason: str
) -> None:
    with pytest.raises(EncodeError, match=f"{name} cannot be loaded as an encoder: .*{reason}"):
        Encoder.load(name)


def test_no_known_name_is_refused_as_well() -> None:
    for name in NAMES:
        refuse(name)
    assert len({reason for _, reason in REASONS}) > 5


def test_every_field_that_changes_vectors_changes_the_description() -> None:
    plain = JINA_V4.describe()
    for change in (
        {"attention": "bidirectional"}, {"precision": "float32"}, {"pooling": "last"},
        {"query": "q: {text}"}, {"strings": {}}, {"transparency": "white"}, {"cut": "end"},
        {"max_text": 5}, {"instruction": "x"}, {"page_rows": "image"}, {"short_side": "raised"},
        {"backbone": "qwen2_vl"}, {"dims_from": 8}, {"sparse": "x"}, {"empty": "NULL"},
    ):  # fmt: skip
        assert replace(JINA_V4, **change).describe() != plain, change
    for family in FAMILIES.values():
        again = Family.from_description(family.describe())
        assert again.describe() == family.describe()


def test_limits_and_files_are_in_the_fingerprint(tmp_path: Path) -> None:
    folder = write_jina(tmp_path)
    plain = Encoder.load(str(folder))
    others = [
        Encoder.load(str(folder), max_pixels=20 * 784),
        Encoder.load(str(folder), max_text=100),
    ]
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text() + "\n")
    others.append(Encoder.load(str(folder)))
    assert len({plain.fingerprint, *(e.fingerprint for e in others)}) == 4
    with pytest.raises(EncodeError, match=r"max_pixels=37788800: .* more than 32767 rows"):
        Encoder.load(str(folder), max_pixels=37_788_800)


def test_precision_is_described_and_does_not_part_libraries(tmp_path: Path) -> None:
    folder = write_jina(tmp_path)
    plain, half = Encoder.load(str(folder)), Encoder.load(str(folder), dtype="bfloat16")
    assert half.describe()["precision"] == "bfloat16"
    assert "precision" not in plain.describe()
    assert half.fingerprint == plain.fingerprint
    one, other = (e.encode_document("the quick brown fox") for e in (plain, half))
    assert np.abs(one - other).max() > 1e-4
    assert (one * other).sum(1).min() > 0.98
    with pytest.raises(EncodeError, match="dtype='half': choose one of float32, bfloat16, auto"):
        Encoder.load(str(folder), dtype="half")


@pytest.mark.parametrize(
    ("device", "wanted", "amx", "precision"),
    [
        ("cpu", None, True, "float32"), ("cpu", "auto", True, "bfloat16"),
        ("cpu", "auto", False, "float32"), ("cpu", "bfloat16", False, "bfloat16"),
        ("cuda", None, False, "bfloat16"), ("cuda", "auto", False, "bfloat16"),
        ("cuda:1", "float32", True, "float32"),
    ],
)  # fmt: skip
def test_auto_takes_halves_where_they_are_quicker(
    monkeypatch: pytest.MonkeyPatch, device: str, wanted: str | None, amx: bool, precision: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": amx})
    assert precision_of(JINA_V4, device, wanted) == precision


def test_a_copy_of_a_revision_has_its_fingerprint_and_the_revision_is_described(
    tmp_path: Path,
) -> None:
    commit = "4a58ca57710c49f51896e4bc820e202fbf64904b"
    cached = tmp_path / "models--jinaai--jina-embeddings-v4" / "snapshots" / commit
    one, other = (
        Encoder.load(str(write_jina(cached))),
        Encoder.load(str(write_jina(tmp_path / "x"))),
    )
    assert one.describe()["revision"] == commit
    assert "revision" not in other.describe()
    assert one.fingerprint == other.fingerprint


def test_offline_the_hub_is_not_asked_and_the_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    for name in ("vidore/colqwen2.5-v0.2", "Qwen/Qwen3-Embedding-0.6B"):
        with pytest.raises(EncodeError, match="put its files in a folder and pass its path"):
            find_source(name, "main", local_files_only=True)
    with pytest.raises(EncodeError, match="names on the hub look like 'owner/name'"):
        find_source("./no/such/folder")
    with pytest.raises(EncodeError, match="is a folder on this machine and has no revisions"):
        find_source(str(tmp_path), "main")


def test_from_the_hub_come_weights_and_settings_and_nothing_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {}

    def fetch(name: str, **options: object) -> str:
        asked.update(options, name=name)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    found = find_source("jinaai/jina-embeddings-v4", "4a58ca57")
    assert (found.folder, found.name) == (tmp_path, "jinaai/jina-embeddings-v4")
    assert (asked["revision"], asked["local_files_only"]) == ("4a58ca57", False)
    assert not {"*.py", "*.bin", "*.pt", "*"} & set(asked["allow_patterns"])


@pytest.mark.parametrize("kind", ["qwen2_5_vl", "qwen3"])
def test_bidirectional_attention_looks_ahead_and_not_at_padding(tmp_path: Path, kind: str) -> None:
    folder = write_jina(tmp_path) if kind == "qwen2_5_vl" else write_qwen3(tmp_path)
    causal = Encoder.load(str(folder))
    checkpoint = causal._checkpoint
    both = replace(
        checkpoint,
        family=replace(checkpoint.family, attention="bidirectional", pooling="first"),
    )
    encoder = Encoder(both, "cpu")
    texts = ["the fox", "the fox jumps over the lazy dog"]
    together = encoder.encode_document(texts, vectors="dense")
    alone = encoder.encode_document(texts[0], vectors="dense")
    np.testing.assert_allclose(together[0], alone, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-3, "the first token sees what follows"
    assert encoder.fingerprint != causal.fingerprint


def test_names_of_every_layout_come_out_the_same() -> None:
    wanted = "language_model.layers.3.mlp.up_proj.weight"
    for prefix in ("model.", "model.language_model.", "vlm.language_model.",
                   "vlm.model.language_model.", "language_model."):  # fmt: skip
        assert native_name(f"{prefix}layers.3.mlp.up_proj.weight", "qwen2_5_vl") == wanted
    assert native_name("vlm.model.visual.merger.ln_q.weight", "qwen2_vl") == (
        "visual.merger.ln_q.weight"
    )
    assert native_name("lm_head.weight", "qwen3") is None
    assert native_name("model.norm.weight", "qwen3") == "norm.weight"


def test_the_published_jina_has_exactly_the_published_number_of_parameters() -> None:
    """Sizes of jinaai/jina-embeddings-v4 @ 4a58ca57; the sum is the count its catalogues give."""
    from transformers import Qwen2_5_VLConfig

    text = {
        "hidden_size": 2048, "num_hidden_layers": 36, "num_attention_heads": 16,
        "num_key_value_heads": 2, "intermediate_size": 11008, "vocab_size": 151936,
        "rope_parameters": {"rope_type": "default", "mrope_section": [16, 24, 24]},
    }  # fmt: skip
    vision = {
        "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16,
        "out_hidden_size": 2048,
    }  # fmt: skip
    model = empty(Qwen2_5_VLConfig(text_config=text, vision_config=vision), "qwen2_5_vl")
    names = list(model.state_dict())
    assert sum(p.numel() for p in model.parameters()) == 3_754_622_976
    assert len(names) == 824
    assert sum(name.startswith("visual.") for name in names) == 390

    rank, width, top = 32, 2048, HEAD + JINA_V4.projector
    with torch.device("meta"):
        head = {"weight": torch.empty(128, width), "bias": torch.empty(128)}
        projector = linear(head, width, Path(), JINA_V4.projector)
        layers = {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
        meant = {n: m for n, m in layers.items() if n.startswith("language_model.")}
        meant[top] = projector
        adapters = {}
        for task in JINA_V4.task_names:
            adapters[task] = Adapter(Path())
            for name, layer in meant.items():
                out, into = layer.weight.shape
                adapters[task].pairs[name] = torch.empty(rank, into), torch.empty(out, rank)
    assert 2 * sum(len(a.pairs) for a in adapters.values()) == 1518
    chosen = Route()
    route(model, adapters, chosen)
    routed = Routed(projector, chosen, pairs(top, adapters))
    parts = [*model.parameters(), *routed.parameters()]
    assert sum(p.numel() for p in parts) == 3_934_695_552


def test_adapters_are_held_to_the_layers_their_settings_mean(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"target_modules": ["q_proj"], "r": 2}')
    model = native("qwen3")
    layers = {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
    meant = [n for n in layers if n.endswith("q_proj")]
    adapter = Adapter(tmp_path)
    for name in meant:
        out, into = layers[name].weight.shape
        adapter.pairs[name] = torch.zeros(2, into), torch.zeros(out, 2)
    check_fit(adapter, "code", layers)
    adapter.pairs.pop(meant[0])
    with pytest.raises(Exception, match=f"for 'code' lacks {meant[0]}"):
        check_fit(adapter, "code", layers)


def test_the_readme_holds_the_table_of_the_registry(capsys: pytest.CaptureFixture[str]) -> None:
    table = families_table()
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    assert table in readme, "print it with `quire doctor --families` and put it into README.md"
    for name, family in NAMES.items():
        [line] = [line for line in table.splitlines() if f"`{name}`" in line]
        assert f"| {family.name} |" in line
        assert family.licence in line
        assert family.commercial != ("not for trade" in line)
    assert main(["doctor", "--families"]) == 0
    assert capsys.readouterr().out == table + "\n"
