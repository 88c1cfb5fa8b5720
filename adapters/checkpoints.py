"""The file that a run of training goes on from: weights, optimizers, step; whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

FILE = "checkpoint.safetensors"


def write_checkpoint(
    folder: Path, tensors: Mapping[str, "torch.Tensor"], about: Mapping[str, str]
) -> None:
    """Into the folder, which is made if need be. The old file stays whole until the new one is."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{FILE}.new"
    save_file(dict(tensors), new, metadata=dict(about))
    os.replace(new, folder / FILE)


def optimizer_tensors(
    optimizer: "torch.optim.Optimizer", prefix: str = "optimizer."
) -> dict[str, "torch.Tensor"]:
    """What an optimizer remembers, as tensors `<prefix><number of the weight>.<name>`."""
    import torch

    return {
        f"{prefix}{number}.{name}": torch.as_tensor(value)
        for number, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def restore_optimizer(
    optimizer: "torch.optim.Optimizer",
    tensors: Mapping[str, "torch.Tensor"],
    prefix: str = "optimizer.",
) -> None:
    """Give an optimizer what `optimizer_tensors` took from one, among other tensors; its rates and
    groups stay."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith(prefix):
            number, name = key.removeprefix(prefix).split(".", 1)
            state.setdefault(int(number), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
