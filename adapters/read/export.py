"""A trained reader as a checkpoint folder that an encoder loads, and back to train it further."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from .reader import MEAN, STD, Reader

# What the encoder has to know; the engine's `Family`, as JSON.
FAMILY: dict[str, Any] = {
    "name": "quire-mini",
    "query": "<|query|>{text}",
    "document": "<|document|>{text}",
    "page": "<|document|><|vision_start|>{image}<|vision_end|>",
    "image_token": "<|image_pad|>",
    "budget": {"max_pixels": 1_505_280, "min_pixels": 3_136, "factor": 28},
    "projector": "projector",
    "tasks": ["retrieval"],
    "max_text": 1024,
    "text_rows": "text",
    "page_rows": "image",
    "drop_blank": True,
    "learned_lengths": True,
    "commercial": True,
    "most_rows": 160,
    "whole": {"code": 0.5},
    "telling": {"similarity": 0.15, "code": 0.15},
}

HEADS = ("letters.weight", "letters.bias", "scale", "prior")


def restore(reader: Reader, folder: Path) -> np.ndarray:
    """Give a reader the weights that `export` wrote, and return the lengths [pieces].

    The optimizers start anew, so training goes on from here, not as if it had not stopped.
    """
    tensors = load_file(folder / "model.safetensors")
    lengths: np.ndarray = tensors.pop("row_lengths").float().numpy()
    state = {k if k.startswith("projector") else f"model.{k}": v for k, v in tensors.items()}
    state |= load_file(folder / "training" / "heads.safetensors")
    reader.load_state_dict({k: v.float() for k, v in state.items()})
    return lengths


def export(
    reader: Reader,
    tokenizer: Tokenizer,
    lengths: np.ndarray,
    folder: Path,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write config, weights, tokenizer and family. `lengths` [pieces]: how much a query row counts.

    Weights are kept in `dtype`. The parts that only training needs (letter head, scale, prior) go
    to `training/heads.safetensors`, where no encoder looks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.to(dtype).contiguous() for k, v in reader.model.state_dict().items()}
    tensors["projector.weight"] = reader.projector.weight.detach().to(dtype).contiguous()
    tensors["row_lengths"] = torch.from_numpy(lengths).to(dtype)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "training").mkdir(exist_ok=True)
    heads = {name: reader.state_dict()[name].to(dtype).contiguous() for name in HEADS}
    save_file(heads, folder / "training" / "heads.safetensors")
    for file in folder.rglob("*.safetensors"):
        file.chmod(0o644)  # the library keeps them to their owner, and a wheel keeps the mode
    config = reader.model.config
    config.save_pretrained(str(folder))
    tokenizer.save(str(folder / "tokenizer.json"))
    width = reader.shape.width
    family = {**FAMILY, "rows": reader.shape.rows, "dims": [width, width // 2, width // 4]}
    (folder / "quire.json").write_text(json.dumps(family, indent=2) + "\n")
    picture = {"image_mean": [MEAN] * 3, "image_std": [STD] * 3, "patch_size": 14, "merge_size": 2}
    (folder / "preprocessor_config.json").write_text(json.dumps(picture, indent=2) + "\n")
