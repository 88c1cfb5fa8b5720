"""What makes rows and word weights of hidden states: in the base, beside it, or already merged."""

from pathlib import Path
from typing import Any

from ..errors import EncodeError
from .families.registry import read_json
from .tensors import read_pickled, read_tensors

MERGED = "1_Dense"
# What a family's head is called in the other layouts of the same model.
ALSO = {"custom_text_proj": "embedding_proj_layer"}
_ROUNDED = 2.0**-8  # bfloat16 keeps 8 bits


def head_files(folder: Path, name: str) -> list[Path]:
    """A head in a file of its own: safetensors, else the publisher's torch file, else none."""
    for end in (".safetensors", ".pt"):
        if (folder / f"{name}{end}").is_file():
            return [folder / f"{name}{end}"]
    return []


def merged_files(folder: Path) -> list[Path]:
    """The head that newer ColQwen revisions ship with its adapter already folded in."""
    file = folder / MERGED / "model.safetensors"
    return [file] if file.is_file() else []


def read_head(file: Path) -> dict[str, Any]:
    """`weight` and, where there is one, `bias`."""
    tensors = read_pickled(file) if file.suffix == ".pt" else read_tensors([file])
    return {name.removeprefix("linear."): tensor for name, tensor in tensors.items()}


def take_merged(file: Path, own: dict[str, Any]) -> dict[str, Any]:
    """The merged head, held against the one that base and adapter give.

    They may differ by the rounding of bfloat16 and no more: this proves scale, orientation and
    names of the whole adapter. Raises `EncodeError` if they differ.
    """
    import torch

    activation = read_json(file.parent / "config.json").get("activation_function", "Identity")
    if not activation.endswith("Identity"):
        raise EncodeError(f"{file.parent} ends in {activation}, and quire knows plain heads alone")
    merged = read_head(file)
    for name in ("weight", "bias"):
        one, other = (head[name].float() for head in (merged, own))
        if one.shape != other.shape or bool(
            ((one - other).abs() > _ROUNDED * torch.maximum(one.abs(), other.abs()) + 1e-6).any()
        ):
            raise EncodeError(
                f"{file} is not the head that the adapter and its base give together: the base is "
                "another one than the adapter was trained on, or of another revision"
            )
    return merged


def linear(head: dict[str, Any], width: int, where: Path, name: str) -> Any:
    """A torch Linear from `width` numbers, in float32, on the CPU."""
    import torch

    weight = head.get("weight")
    if weight is None:
        raise EncodeError(
            f"{where} lacks {name}.weight, the head of this family: it is another model's base"
        )
    if weight.shape[1] != width:
        raise EncodeError(
            f"{name} in {where} takes {weight.shape[1]} numbers, and hidden states have {width}: "
            "the files are not of one model"
        )
    layer = torch.nn.Linear(width, len(weight), bias="bias" in head, device="meta")
    layer.load_state_dict({k: v.float() for k, v in head.items()}, assign=True)
    return layer.requires_grad_(False)
