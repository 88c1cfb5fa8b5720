"""LoRA on any torch module: fresh layers, layers that go on from others, and their file.

The module keeps its class and its own weights; every targeted linear layer becomes one that adds
(alpha / r) B A x. Source: Hu et al. 2021, LoRA (arXiv 2106.09685), equation 3; peft does the work.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import AdapterError

Layers = dict[str, Any]  # name -> LoRA layer of peft
Pairs = Mapping[str, tuple[Any, Any]]  # name of a layer -> A [r, in], B [out, r]; B A is added


def add_adapter(module: Any, task: str, config: Mapping[str, Any]) -> None:
    """Put fresh LoRA layers for `task` into `module`, in place; B is zero, so nothing changes yet.

    `config` holds the fields of `peft.LoraConfig`, for example `r`, `lora_alpha` and
    `target_modules`. Raises `AdapterError` if no layer matches.
    """
    from peft import LoraConfig, inject_adapter_in_model

    try:
        inject_adapter_in_model(LoraConfig(**config), module, adapter_name=task)
    except ValueError as error:
        raise AdapterError(
            f"the adapter for task {task!r} fits no layer of the model ({error}); "
            "it was made for another architecture"
        ) from error


def trainable(module: Any, task: str) -> dict[str, Any]:
    """Name -> tensor of every A and B of a task, to be trained: in float32, whatever the model's
    own weights are in, for steps are smaller than bfloat16 can tell."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    found = {}
    for name, layer in module.named_modules():
        if isinstance(layer, BaseTunerLayer):
            for side, held in (("A", layer.lora_A), ("B", layer.lora_B)):
                weight = held[task].weight
                weight.data = weight.data.float()
                found[f"{name}.lora_{side}"] = weight.requires_grad_()
    return found


def go_on_from(weights: Mapping[str, Any], pairs: Pairs) -> None:
    """Copy pairs, the scale in B, into the tensors that `trainable` gave (alpha equal to r)."""
    import torch

    with torch.no_grad():
        for name, (a, b) in pairs.items():
            weights[f"{name}.lora_A"].copy_(a)
            weights[f"{name}.lora_B"].copy_(b)


def write_adapter(folder: Path, weights: Mapping[str, Any], base: str) -> None:
    """Write what was trained as an ordinary peft adapter folder, alpha equal to r.

    `weights` as of `trainable`, `base` the model that it was trained on. Layers that learnt nothing
    (B is zero) are left out, and are then no targets. Raises `AdapterError` if none learnt.
    """
    from safetensors.torch import save_file

    learnt = [n.removesuffix(".lora_B") for n, w in weights.items() if n.endswith("B") and w.any()]
    if not learnt:
        raise AdapterError("no layer of the adapter has learnt anything: train it for more steps")
    tensors = {
        f"base_model.model.{layer}.lora_{side}.weight": weights[f"{layer}.lora_{side}"]
        .detach()
        .cpu()
        .contiguous()
        for layer in learnt
        for side in "AB"
    }
    rank = len(weights[f"{learnt[0]}.lora_A"])
    told = {
        "base_model_name_or_path": base, "peft_type": "LORA", "task_type": None, "r": rank,
        "lora_alpha": rank, "lora_dropout": 0.0, "bias": "none", "target_modules": learnt,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "adapter_model.safetensors"
    save_file(tensors, file, metadata={"format": "pt"})
    file.chmod(0o644)  # the library keeps it to its owner
    (folder / "adapter_config.json").write_text(json.dumps(told, indent=2) + "\n")
