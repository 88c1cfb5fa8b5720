"""A checkpoint folder to a judging model: every tensor in its place, or no model at all."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..encode.tensors import fill, hash_files, on_meta, read_tensors, weight_files
from ..errors import RerankError
from .family import Family
from .pictures import Look

ANSWERS = ("no", "yes")
HEAD = "lm_head.weight"


@dataclass(frozen=True)
class Weights:
    """The native language model, its vision tower if it has one, and two rows of its head."""

    language: Any  # Qwen3Model or Qwen3VLTextModel
    visual: Any  # Qwen3VLVisionModel, or None
    rows: Any  # float32 [2, hidden] on the model's device: "no" and "yes"
    tokenizer: Any  # tokenizers.Tokenizer
    look: Look | None  # what the tower wants
    hash: str  # of the weights


def load_weights(folder: Path, family: Family, device: str) -> Weights:
    """Load and check. EncodeError names a tensor or file that is missing, damaged or left over.

    Of the head only the rows of the two answers are kept: the 8B model needs 1.2 GB less.
    """
    import torch
    from transformers import Qwen3Config, Qwen3Model, Qwen3VLConfig, Qwen3VLModel

    files = weight_files(folder)
    if not files:
        raise RerankError(f"{folder} holds no *.safetensors file: the weights are missing")
    tokenizer = _tokenizer(folder)
    kind, settings = {
        "qwen3": (Qwen3Model, Qwen3Config),
        "qwen3_vl": (Qwen3VLModel, Qwen3VLConfig),
    }[family.model_type]
    config = settings.from_pretrained(str(folder))
    tensors = {name.removeprefix("model."): t for name, t in read_tensors(files).items()}
    head = tensors.pop(HEAD, None)
    if config.tie_word_embeddings:
        head = next(
            (t for name, t in tensors.items() if name.endswith("embed_tokens.weight")), None
        )
    if head is None:
        raise RerankError(f"{folder}: {HEAD} is missing, and config.json does not tie it: fetch it")
    rows = torch.stack([head[tokenizer.token_to_id(answer)] for answer in ANSWERS])
    model = on_meta(kind, config)
    fill(model, tensors, folder)
    if family.budget is not None:
        model.visual.patch_embed = _as_product(model.visual.patch_embed.proj)
    dtype = torch.bfloat16 if device.startswith("cuda") else torch.float32
    model = model.to(device, dtype).eval().requires_grad_(False)
    return Weights(
        language=model if family.budget is None else model.language_model,
        visual=None if family.budget is None else model.visual,
        rows=rows.to(device, torch.float32),
        tokenizer=tokenizer,
        look=None if family.budget is None else _look(folder),
        hash=hash_files(files),
    )


def _as_product(convolution: Any) -> Any:
    """Patches do not overlap: embedding them is a matrix product, many times as quick as Conv3d.

    Summed over the two moments of time, which are the same in a still picture.
    """
    import torch

    kernel = convolution.weight.float().sum(2).flatten(1)
    linear = torch.nn.Linear(kernel.shape[1], len(kernel), device="meta")
    linear.load_state_dict({"weight": kernel, "bias": convolution.bias.float()}, assign=True)
    return linear


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    file = folder / "tokenizer.json"
    if not file.is_file():
        raise RerankError(f"{folder} lacks tokenizer.json: fetch the whole checkpoint")
    tokenizer = Tokenizer.from_file(str(file))
    for answer in ANSWERS:
        if tokenizer.token_to_id(answer) is None:
            raise RerankError(f"{file} knows no token {answer!r}: it belongs to another model")
    return tokenizer


def _look(folder: Path) -> Look:
    file = folder / "preprocessor_config.json"
    if not file.is_file():
        raise RerankError(f"{folder} lacks {file.name}: fetch the whole checkpoint")
    told = json.loads(file.read_text("utf-8"))
    return Look(
        tuple(told["image_mean"]), tuple(told["image_std"]), told["patch_size"], told["merge_size"]
    )
