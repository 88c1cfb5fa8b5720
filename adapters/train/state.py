"""A run on disk: adapter, optimizer and step in one safetensors file, whole or not at all."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..checkpoints import FILE, optimizer_tensors, restore_optimizer, write_checkpoint
from ..errors import AdapterError
from .plan import Plan


def save_state(
    folder: Path,
    weights: Mapping[str, Tensor],
    optimizer: torch.optim.Optimizer,
    step: int,
    plan: Plan,
    data: str,
) -> None:
    """`data` names what is trained on. The old file stays whole until the new one is."""
    tensors = {f"weight.{name}": own.detach().contiguous() for name, own in weights.items()}
    tensors |= optimizer_tensors(optimizer)
    about = {"step": str(step), "plan": json.dumps(asdict(plan)), "data": data}
    write_checkpoint(folder, tensors, about)


def load_state(
    folder: Path,
    weights: Mapping[str, Tensor],
    optimizer: torch.optim.Optimizer,
    plan: Plan,
    data: str,
) -> int:
    """The step to go on at; 0 if the folder holds no run.

    Raises `AdapterError` for a run of another plan or of other data: going on with it would give
    weights that no run from the start gives.
    """
    from safetensors import safe_open
    from safetensors.torch import load_file

    path = folder / FILE
    if not path.exists():
        return 0
    with safe_open(path, "pt") as file:
        about = file.metadata()
    _check(path, json.loads(about["plan"]), asdict(plan), about["data"] == data)
    tensors = load_file(path)
    with torch.no_grad():
        for name, own in weights.items():
            own.copy_(tensors[f"weight.{name}"])
    restore_optimizer(optimizer, tensors)
    return int(about["step"])


def _check(path: Path, was: dict[str, Any], now: dict[str, Any], same_data: bool) -> None:
    other = [f"{k}={was.get(k)!r}, now {v!r}" for k, v in now.items() if was.get(k) != v]
    if not same_data:
        other.append("other examples or another model")
    if other:
        raise AdapterError(
            f"{path} is of another run ({'; '.join(other)}): give what was given then to go on "
            "with it, or another folder to begin anew"
        )
