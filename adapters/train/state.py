"""A run on disk: adapter, optimizer and step in one safetensors file, whole or not at all."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import AdapterError
from .plan import Plan

FILE = "checkpoint.safetensors"


def save_state(
    folder: Path,
    weights: Mapping[str, Tensor],
    optimizer: torch.optim.Optimizer,
    step: int,
    plan: Plan,
    data: str,
) -> None:
    """`data` names what is trained on. The old file stays whole until the new one is."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"weight.{name}": own.detach().contiguous() for name, own in weights.items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{k}": torch.as_tensor(v) for k, v in state.items()}
    about = {"step": str(step), "plan": json.dumps(asdict(plan)), "data": data}
    new = folder / f"{FILE}.new"
    save_file(tensors, new, metadata=about)
    os.replace(new, folder / FILE)


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
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, number, name = key.split(".", 2)
            state.setdefault(int(number), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
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
