"""A checkpoint folder to a judging model: every tensor in its place, or no model at all."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..encode.backbone import configuration, empty, fill_backbone, native_name
from ..encode.families.registry import read_json
from ..encode.tensors import hash_files, read_tensors, weight_files
from ..errors import RerankError
from .family import Family

ANSWERS = ("no", "yes")
HEAD = "lm_head.weight"


@dataclass(frozen=True)
class Weights:
    """The native model without its head, in evaluation mode, and two rows of the head."""

    family: Family
    model: Any  # Qwen3Model or Qwen3VLModel
    rows: Any  # float32 [2, hidden] on the model's device: "no" and "yes"
    tokenizer: Any  # tokenizers.Tokenizer
    mean: tuple[float, ...]  # of each colour, as fractions of 255; () for text
    std: tuple[float, ...]
    hash: str  # of the weights


def load_weights(folder: Path, family: Family, device: str) -> Weights:
    """Load and check. EncodeError names a tensor or file that is missing, damaged or left over.

    Of the head only the rows of the two answers are kept: the 8B model needs 1.2 GB less.
    """
    import torch

    files = weight_files(folder)
    if not files:
        raise RerankError(f"{folder} holds no *.safetensors file: the weights are missing")
    tokenizer = _tokenizer(folder)
    config = configuration(read_json(folder / "config.json"), family.backbone, folder)
    raw = read_tensors(files)
    head = raw.pop(HEAD, None)
    if config.tie_word_embeddings:
        head = next((t for name, t in raw.items() if name.endswith("embed_tokens.weight")), None)
    if head is None:
        raise RerankError(f"{folder}: {HEAD} is missing, and config.json does not tie it: fetch it")
    rows = torch.stack([head[tokenizer.token_to_id(answer)] for answer in ANSWERS])
    model = empty(config, family.backbone)
    named = {native_name(name, family.backbone): tensor for name, tensor in raw.items()}
    fill_backbone(model, {name: t for name, t in named.items() if name is not None}, folder)
    dtype = torch.bfloat16 if device.startswith("cuda") else torch.float32
    mean, std = _colours(folder, family)
    return Weights(
        family=family,
        model=model.to(device, dtype).eval().requires_grad_(False),
        rows=rows.to(device, torch.float32),
        tokenizer=tokenizer,
        mean=mean,
        std=std,
        hash=hash_files(files),
    )


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


def _colours(folder: Path, family: Family) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation, of a family that sees."""
    if family.budget is None:
        return (), ()
    told = read_json(folder / "preprocessor_config.json")
    side = told.get("patch_size", 0) * told.get("merge_size", 0)
    if side != family.budget.factor:
        raise RerankError(
            f"preprocessor_config.json in {folder} makes cells of {side} pixels, and {family.name} "
            f"sees cells of {family.budget.factor}: it is another model's"
        )
    return tuple(told["image_mean"]), tuple(told["image_std"])
