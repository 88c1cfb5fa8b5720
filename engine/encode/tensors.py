"""Weights from files into native modules: every tensor in its place, or no model at all."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import EncodeError

INDEX = "model.safetensors.index.json"
_BLOB = re.compile(r"[0-9a-f]{64}")  # the hub's cache names large files by their SHA-256
_MAY_BE_ZERO = re.compile(r"bias$|token_type_embeddings")  # RoBERTa was trained with such


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint's base: those of the index, or `model*.safetensors`.

    Adapters and heads are not among them. Empty where there are none; `EncodeError` for a missing
    shard.
    """
    index = folder / INDEX
    if not index.is_file():
        return sorted(folder.glob("model*.safetensors"))
    shards = sorted(set(json.loads(index.read_text())["weight_map"].values()))
    if gone := [name for name in shards if not (folder / name).is_file()]:
        raise EncodeError(
            f"{folder} lacks {len(gone)} of {len(shards)} shards that {INDEX} names "
            f"(first: {gone[0]}): fetch it again"
        )
    return [folder / name for name in shards]


def read_tensors(files: Iterable[Path]) -> dict[str, Any]:
    """All tensors of some safetensors files, as they are stored; each looked at by `check_tensor`.

    They are mapped, not copied: memory is taken when a tensor is used. A file that is cut short
    or damaged, and a tensor that is in two of them, are an `EncodeError`.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    found: dict[str, Any] = {}
    for file in files:
        try:
            tensors = load_file(file)
        except (SafetensorError, OSError) as error:
            raise EncodeError(
                f"{file} cannot be read ({error}): it is damaged or cut short, fetch it again"
            ) from error
        if twice := found.keys() & tensors.keys():
            raise EncodeError(f"{min(twice)} is in {file} and in another file beside it")
        for name, tensor in tensors.items():
            check_tensor(name, tensor, file.parent)
        found |= tensors
    return found


def read_pickled(file: Path) -> dict[str, Any]:
    """Tensors of a torch file. Only tensors are unpickled (`weights_only`): no code can run.

    For the one family (BGE-M3) whose publisher never made safetensors files.
    """
    import pickle

    import torch

    try:
        tensors: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, pickle.UnpicklingError) as error:
        raise EncodeError(
            f"{file} cannot be read as plain tensors ({type(error).__name__}): fetch it again"
        ) from error
    for name, tensor in tensors.items():
        check_tensor(name, tensor, file)
    return tensors


def fault_of(name: str, tensor: Any) -> str | None:
    """What is wrong with the values of a tensor: "holds NaN or infinity", "is all zero" (a file
    that was never filled), or nothing."""
    import torch

    if not tensor.is_floating_point() or not tensor.numel():
        return None
    low, high = torch.aminmax(tensor)  # NaN goes through
    if not (torch.isfinite(low) and torch.isfinite(high)):
        return "holds NaN or infinity"
    if tensor.numel() > 1 and not low and not high and not _MAY_BE_ZERO.search(name):
        return "is all zero"
    return None


def check_tensor(name: str, tensor: Any, where: Path) -> None:
    """`EncodeError` for a tensor with a fault."""
    if fault := fault_of(name, tensor):
        raise EncodeError(f"{name} in {where} {fault}: fetch the file again")


def on_meta(kind: Any, config: Any, **options: Any) -> Any:
    """A native module of that class without weights and without memory. For `fill`."""
    import torch

    with torch.device("meta"):
        return kind(config, **options)


def fill(module: Any, tensors: Mapping[str, Any], where: Path) -> None:
    """Give a module built by `on_meta` its weights, in place; they stay as they are stored.

    `EncodeError` names the first tensor that is missing, not expected, or of another shape.
    Buffers that are no weights (rotary frequencies, counts of positions) are computed again.
    """
    import torch

    wanted = module.state_dict()
    if wrong := sorted(wanted.keys() ^ tensors.keys()):
        what = "missing" if wrong[0] in wanted else "not expected"
        raise EncodeError(
            f"{where}: {len(wrong)} tensors do not match the architecture in config.json "
            f"(first: {wrong[0]} is {what})"
        )
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            raise EncodeError(
                f"{where}: {name} has the shape {list(tensor.shape)}, and config.json asks for "
                f"{list(wanted[name].shape)}: the files are not of one model"
            )
    module.load_state_dict(dict(tensors), assign=True)
    for part in module.modules():
        if hasattr(part, "inv_freq"):
            fresh = type(part)(part.config)
            part.inv_freq, part.original_inv_freq = fresh.inv_freq, fresh.original_inv_freq
            part.attention_scaling = fresh.attention_scaling
        if hasattr(part, "token_type_ids"):  # of RoBERTa: both can be passed in, and are
            part.position_ids = torch.zeros_like(part.position_ids, device="cpu")
            part.token_type_ids = torch.zeros_like(part.token_type_ids, device="cpu")
    if left := [name for name, buffer in module.named_buffers() if buffer.is_meta]:
        raise EncodeError(f"{where}: {left[0]} is computed by a class that quire does not know")


def hash_files(files: Iterable[Path]) -> str:
    """16 hex digits of names and contents, in the order given."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        blob = file.resolve().name
        if file.is_symlink() and _BLOB.fullmatch(blob):
            digest.update(bytes.fromhex(blob))
            continue
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]
