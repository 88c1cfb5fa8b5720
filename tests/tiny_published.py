"""Published encoders of a few thousand weights, random but for their seed, in the files' layouts.

Written with the native classes, old names of tensors and all, so that what reads them is tested on
machines that hold none of the published models.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

# Sizes of all: a test may set others.
WIDTH, INNER, LAYERS, HEADS, DEPTH = 32, 48, 2, 2, 2
HEAD = 16  # numbers of a head: WIDTH / HEADS
ROWS, RANK, ALPHA = 128, 4, 8
SPECIALS = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|image_pad|>", "<|video_pad|>",
]  # fmt: skip
WORDS = "the quick brown fox jumps over the lazy dog Query: Passage: Describe the image. user "
TARGETS = r"(.*(model).*(down_proj|gate_proj|up_proj|k_proj|q_proj|v_proj|o_proj).*$|.*({}).*$)"


@cache
def byte_pieces() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator([WORDS * 10], trainer)
    tokenizer.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIALS])
    return tokenizer


def write_tokenizer(folder: Path, *, closed: bool = False) -> None:
    tokenizer = Tokenizer.from_str(byte_pieces().to_str())
    if closed:
        end = SPECIALS[0]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"$A {end}", special_tokens=[(end, tokenizer.token_to_id(end))]
        )
    tokenizer.save(str(folder / "tokenizer.json"))


def text_settings(**more: Any) -> dict[str, Any]:
    return {
        "vocab_size": byte_pieces().get_vocab_size(), "hidden_size": WIDTH, "head_dim": HEAD,
        "intermediate_size": INNER, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": 1, "max_position_embeddings": 4096, "pad_token_id": None,
        "bos_token_id": None, "eos_token_id": None, **more,
    }  # fmt: skip


def ids() -> dict[str, int]:
    names = {
        "image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>",
        "vision_start_token_id": "<|vision_start|>", "vision_end_token_id": "<|vision_end|>",
    }  # fmt: skip
    return {key: byte_pieces().token_to_id(name) for key, name in names.items()}


def mrope(*, interleaved: bool = False) -> dict[str, Any]:
    few, wide = HEAD // 8, 3 * HEAD // 16
    section = [wide, wide, few] if interleaved else [few, wide, wide]
    more = {"mrope_interleaved": True} if interleaved else {}
    told = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": section, **more}
    return {"rope_parameters": told}


def native(kind: str, seed: int = 0) -> Any:
    """The native model of a backbone, in float32, every part of it big enough to be seen."""
    vision: dict[str, Any] = {"depth": DEPTH, "num_heads": HEADS, "in_channels": 3}
    if kind == "qwen2_5_vl":
        vision |= {
            "hidden_size": WIDTH, "intermediate_size": INNER, "out_hidden_size": WIDTH,
            "fullatt_block_indexes": [DEPTH - 1], "window_size": 112,
        }  # fmt: skip
        config = transformers.Qwen2_5_VLConfig(
            text_config=text_settings(**mrope()),
            vision_config=vision,
            **ids(),
        )
        model: Any = transformers.Qwen2_5_VLModel
    elif kind == "qwen2_vl":
        vision |= {"embed_dim": WIDTH, "hidden_size": WIDTH, "mlp_ratio": 2}
        config = transformers.Qwen2VLConfig(
            text_config=text_settings(**mrope()),
            vision_config=vision,
            **ids(),
        )
        model = transformers.Qwen2VLModel
    elif kind == "qwen3_vl":
        vision |= {
            "hidden_size": WIDTH, "intermediate_size": INNER, "out_hidden_size": WIDTH,
            "deepstack_visual_indexes": [0, DEPTH - 1], "num_position_embeddings": 16,
        }  # fmt: skip
        config = transformers.Qwen3VLConfig(
            text_config=text_settings(**mrope(interleaved=True)),
            vision_config=vision, **ids(),
        )  # fmt: skip
        model = transformers.Qwen3VLModel
    elif kind == "qwen3":
        config, model = transformers.Qwen3Config(**text_settings()), transformers.Qwen3Model
    else:
        config = transformers.XLMRobertaConfig(
            vocab_size=len(BGE_WORDS) + 4, hidden_size=WIDTH, num_hidden_layers=LAYERS,
            num_attention_heads=HEADS, intermediate_size=INNER, max_position_embeddings=66,
            type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        )  # fmt: skip
        model = transformers.XLMRobertaModel
    torch.manual_seed(seed)
    built = model(config).eval()
    for name, parameter in built.named_parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.2)
        elif name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.1)
    return built


def old_name(name: str) -> str:
    """As transformers named tensors until 4.51: `model.layers`, `visual`."""
    return name.replace("language_model.", "model.", 1)


def write_shards(folder: Path, tensors: dict[str, Any]) -> None:
    names, files = sorted(tensors), {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        file = f"model-0000{number}-of-00002.safetensors"
        save_file({n: tensors[n].contiguous() for n in part}, folder / file, {"format": "pt"})
        files |= dict.fromkeys(part, file)
    index = {"metadata": {}, "weight_map": files}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def write_config(folder: Path, config: Any, architecture: str, **more: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    told = {**config.to_dict(), "architectures": [architecture], **more}
    (folder / "config.json").write_text(json.dumps(told))


def write_look(folder: Path, patch: int = 14) -> None:
    told = {
        "image_mean": [0.48, 0.46, 0.41], "image_std": [0.27, 0.26, 0.28], "patch_size": patch,
        "merge_size": 2, "min_pixels": 3136, "max_pixels": 40 * 784,
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(told))


def head(seed: int = 1) -> dict[str, Any]:
    torch.manual_seed(seed)
    return {"weight": torch.randn(ROWS, WIDTH) * 0.3, "bias": torch.randn(ROWS) * 0.1}


def lora(model: Any, name: str, seed: int) -> dict[str, tuple[Any, Any]]:
    """layer -> A, B for every decoder layer of `model` and the head `name`."""
    torch.manual_seed(seed)
    shapes = {
        n: m.weight.shape
        for n, m in model.named_modules()
        if n.startswith("language_model.layers") and isinstance(m, torch.nn.Linear)
    }
    shapes[name] = torch.Size([ROWS, WIDTH])
    return {
        n: (torch.randn(RANK, i) * 0.3, torch.randn(o, RANK) * 0.3) for n, (o, i) in shapes.items()
    }


def lora_settings(base: str, name: str) -> dict[str, Any]:
    return {
        "base_model_name_or_path": base, "peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA,
        "target_modules": TARGETS.format(name), "exclude_modules": ".*visual.*", "bias": "none",
    }  # fmt: skip


def write_jina(folder: Path) -> Path:
    model = native("qwen2_5_vl")
    write_config(
        folder, model.config, "JinaEmbeddingsV4Model", matryoshka_dims=[8, 16, WIDTH],
        task_names=["retrieval", "text-matching", "code"],
    )  # fmt: skip
    heads = {f"multi_vector_projector.{k}": v for k, v in head().items()}
    write_shards(folder, {old_name(n): t for n, t in model.state_dict().items()} | heads)
    write_tokenizer(folder)
    write_look(folder)
    tensors = {}
    for seed, task in enumerate(("retrieval", "text-matching", "code"), 10):
        for layer, (a, b) in lora(model, "multi_vector_projector", seed).items():
            inside = "" if layer == "multi_vector_projector" else "model."
            for side, tensor in (("A", a), ("B", b)):
                key = f"base_model.model.{inside}{layer}.lora_{side}.{task}.weight"
                tensors[key] = tensor.contiguous()
    (folder / "adapters").mkdir()
    save_file(tensors, folder / "adapters" / "adapter_model.safetensors")
    told = lora_settings("jinaai/jina-embeddings-v4", "multi_vector_projector")
    (folder / "adapters" / "adapter_config.json").write_text(json.dumps(told))
    return folder


def write_colqwen(home: Path, *, newer: bool = False, kind: str = "2.5") -> Path:
    """Base and adapter side by side; returns the adapter. `newer`: with the merged head."""
    backbone = {"2": "qwen2_vl", "2.5": "qwen2_5_vl"}[kind]
    model, base = native(backbone), home / "vidore" / f"colqwen{kind}-base"
    adapter = home / "vidore" / f"colqwen{kind}-v9"
    write_config(base, model.config, "ColQwen2_5" if kind == "2.5" else "ColQwen2")
    heads = {f"custom_text_proj.{k}": v for k, v in head().items()}
    write_shards(base, {old_name(n): t for n, t in model.state_dict().items()} | heads)
    adapter.mkdir()
    for part in (base, adapter):
        write_tokenizer(part)
        write_look(part)
    tensors, pairs = {}, lora(model, "custom_text_proj", 10)
    for layer, pair in pairs.items():
        for side, tensor in zip("AB", pair, strict=True):
            key = f"base_model.model.{old_name(layer)}.lora_{side}.weight"
            tensors[key] = tensor.contiguous()
    save_file(tensors, adapter / "adapter_model.safetensors")
    told = lora_settings(f"vidore/{base.name}", "custom_text_proj")
    (adapter / "adapter_config.json").write_text(json.dumps(told))
    if newer:
        (adapter / "1_Dense").mkdir()
        a, b = pairs["custom_text_proj"]
        weight = (head()["weight"] + ALPHA / RANK * b @ a).bfloat16()
        merged = {"linear.weight": weight, "linear.bias": head()["bias"].bfloat16()}
        save_file(merged, adapter / "1_Dense" / "model.safetensors")
        (adapter / "1_Dense" / "config.json").write_text("{}")
    return adapter


def write_qwen3(folder: Path, *, closed: bool = True) -> Path:
    model = native("qwen3")
    write_config(folder, model.config, "Qwen3ForCausalLM")
    save_file(model.state_dict(), folder / "model.safetensors")
    write_tokenizer(folder, closed=closed)
    (folder / "1_Pooling").mkdir()
    return folder


def write_qwen3_vl(folder: Path) -> Path:
    model = native("qwen3_vl")
    write_config(folder, model.config, "Qwen3VLForConditionalGeneration")
    tensors = {f"model.{n}": t.contiguous() for n, t in model.state_dict().items()}
    save_file(tensors, folder / "model.safetensors")
    write_tokenizer(folder)
    write_look(folder, 16)
    return folder


BGE_WORDS = sorted(set(WORDS.split()))


def write_bge(folder: Path) -> Path:
    model = native("xlm-roberta")
    write_config(folder, model.config, "XLMRobertaModel", model_type="xlm-roberta")
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    torch.manual_seed(1)
    for name, rows in (("colbert_linear", WIDTH), ("sparse_linear", 1)):
        made = {"weight": torch.randn(rows, WIDTH), "bias": torch.randn(rows)}
        torch.save(made, folder / f"{name}.pt")
    names = ["<s>", "<pad>", "</s>", "<unk>", *BGE_WORDS]
    tokenizer = Tokenizer(models.WordLevel({n: i for i, n in enumerate(names)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken(n, special=True, normalized=False) for n in names[:4]])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
