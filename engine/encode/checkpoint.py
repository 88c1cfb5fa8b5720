"""A checkpoint folder to a running model: every tensor in its place, or no model at all."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import EncodeError
from .family import Family

FAMILY_FILE = "quire.json"
LENGTHS = "row_lengths"  # [vocabulary]: the length of a query row by its token


@dataclass(frozen=True)
class Checkpoint:
    """A native model with its row head, in evaluation mode, on its device."""

    family: Family
    model: Any  # Qwen2_5_VLModel
    projector: Any  # Linear: hidden -> rows
    lengths: Any  # Tensor [vocabulary], or None where query rows have unit length
    tokenizer: Any  # tokenizers.Tokenizer
    mean: tuple[float, ...]
    std: tuple[float, ...]
    tasks: tuple[str, ...]
    hash: str  # of the weights, adapters included


def find_folder(name_or_path: str, revision: str | None = None) -> Path:
    """The folder that a name or path means; `EncodeError` if there is none."""
    if name_or_path == "quire-mini":
        if revision is not None:
            raise EncodeError(
                f"revision={revision!r}: quire-mini comes with the package and has no revisions; "
                "install another version of quire instead"
            )
        return Path(__file__).parent / "mini"
    folder = Path(name_or_path).expanduser()
    if not folder.is_dir():
        raise EncodeError(
            f"no model {name_or_path!r}: it is neither 'quire-mini' nor a folder on this machine"
        )
    if not (folder / FAMILY_FILE).is_file():
        raise EncodeError(
            f"{folder} holds no {FAMILY_FILE}, so its prompts and pooling are unknown; "
            "pass a folder written by `python -m quire.adapters.read`"
        )
    return folder


def load_checkpoint(folder: Path, device: str) -> Checkpoint:
    """Load and check. Missing, left-over, all-zero or non-finite tensors are refused by name."""
    import torch
    from safetensors.torch import load_file
    from tokenizers import Tokenizer
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLModel

    from quire.adapters.lora import load_adapter

    family = Family.from_description(json.loads((folder / FAMILY_FILE).read_text()))
    config = Qwen2_5_VLConfig.from_pretrained(str(folder))
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise EncodeError(f"{folder} holds no *.safetensors file: the weights are missing")
    tensors = {k: v.float() for file in files for k, v in load_file(file).items()}
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise EncodeError(f"{name} in {folder} holds NaN or infinity: fetch the file again")
        if tensor.numel() > 1 and not tensor.any() and not name.endswith("bias"):
            raise EncodeError(f"{name} in {folder} is all zero: fetch the file again")
    with torch.device("meta"):
        model = Qwen2_5_VLModel(config)
        projector = torch.nn.Linear(config.text_config.hidden_size, family.rows, bias=False)
    lengths = tensors.pop(LENGTHS, None)
    head = {"weight": tensors.pop(f"{family.projector}.weight")}
    wanted = set(model.state_dict())
    if wrong := sorted(wanted ^ set(tensors)):
        what = "missing" if wrong[0] in wanted else "not expected"
        raise EncodeError(
            f"{folder}: {len(wrong)} tensors do not match the architecture in config.json "
            f"(first: {wrong[0]} is {what})"
        )
    model.load_state_dict(tensors, assign=True)
    projector.load_state_dict(head, assign=True)
    _fill_buffers(model)
    _embed_by_product(model)
    dtype = torch.bfloat16 if device.startswith("cuda") else torch.float32
    model = model.to(device, dtype).eval().requires_grad_(False)
    adapters = sorted(p.parent for p in folder.glob("adapters/*/adapter_model.safetensors"))
    for adapter in adapters:
        load_adapter(model, adapter.name, adapter)
    picture = json.loads((folder / "preprocessor_config.json").read_text())
    tasks = dict.fromkeys([*family.tasks, *(a.name for a in adapters)])
    weights = [*files, *(a / "adapter_model.safetensors" for a in adapters)]
    return Checkpoint(
        family=family,
        model=model.eval(),
        projector=projector.to(device, torch.float32).requires_grad_(False),
        lengths=None if lengths is None else lengths.to(device),
        tokenizer=Tokenizer.from_file(str(folder / "tokenizer.json")),
        mean=tuple(picture["image_mean"]),
        std=tuple(picture["image_std"]),
        tasks=tuple(tasks),
        hash=_hash(weights),
    )


def _fill_buffers(model: Any) -> None:
    """Rotary frequencies are no weights: built on no device, they must be computed again."""
    for module in model.modules():
        if hasattr(module, "inv_freq"):
            compute = getattr(module, "compute_axial_rope_parameters", None)
            compute = compute or module.compute_default_rope_parameters
            inverse, module.attention_scaling = compute(module.config)
            module.inv_freq = inverse
            module.original_inv_freq = inverse.clone()


def _embed_by_product(model: Any) -> None:
    """Patches do not overlap: embedding them is a matrix product, 15 times as quick as Conv3d.

    Summed over the two moments of time, which are the same in a still picture.
    """
    import torch

    old = model.visual.patch_embed.proj.weight
    kernel = old.sum(2).flatten(1)
    linear = torch.nn.Linear(kernel.shape[1], len(kernel), bias=False, device="meta")
    linear.load_state_dict({"weight": kernel}, assign=True)
    model.visual.patch_embed = linear


def _hash(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]
