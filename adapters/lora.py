"""LoRA on any torch module: fresh layers, layers that go on from others, and their file.

The module keeps its class and its own weights; every targeted linear layer becomes one that adds
(alpha / r) B A x. Source: Hu et al. 2021, LoRA (arXiv 2106.09685), equation 3; peft does the work.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import AdapterError

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
    own weights are in, for steps are smaller than bfloat16 can tell.

    Names end in `lora_A` and `lora_B`, or `lora_embedding_A` and `..._B` for tables of vectors.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    found = {}
    for name, layer in module.named_modules():
        if isinstance(layer, BaseTunerLayer):
            for kind in ("lora_A", "lora_B", "lora_embedding_A", "lora_embedding_B"):
                held = getattr(layer, kind)
                if task in held:
                    weight = held[task] if "embedding" in kind else held[task].weight
                    weight.data = weight.data.float()
                    found[f"{name}.{kind}"] = weight.requires_grad_()
    return found


def go_on_from(weights: Mapping[str, Any], pairs: Pairs) -> None:
    """Copy pairs, the scale in B, into the tensors that `trainable` gave (alpha equal to r)."""
    import torch

    with torch.no_grad():
        for name, (a, b) in pairs.items():
            kind = "lora" if f"{name}.lora_A" in weights else "lora_embedding"
            weights[f"{name}.{kind}_A"].copy_(a)
            weights[f"{name}.{kind}_B"].copy_(b)


def settings(ranks: Mapping[str, int]) -> dict[str, Any]:
    """The fields of `peft.LoraConfig` for layers of these ranks, alpha equal to r everywhere."""
    usual = max(ranks.values(), default=1)
    other = {name: rank for name, rank in ranks.items() if rank != usual}
    return {
        "r": usual, "lora_alpha": usual, "rank_pattern": other, "alpha_pattern": other,
        "target_modules": list(ranks),
    }  # fmt: skip


def write_adapter(folder: Path, weights: Mapping[str, Any], base: str) -> None:
    """Write what was trained as an ordinary peft adapter folder, alpha equal to r.

    `weights` as of `trainable`, `base` the model that it was trained on. Layers that add nothing
    (A or B is zero) are left out, and are then no targets. Raises `AdapterError` if none adds.
    """
    from safetensors.torch import save_file

    tensors, ranks = {}, {}
    for name, a in weights.items():
        layer, _, kind = name.rpartition(".")
        b = weights[f"{layer}.{kind[:-1]}B"]
        if kind.endswith("A") and a.any() and b.any():
            ranks[layer] = len(a)
            for side, weight in (("A", a), ("B", b)):
                end = f"{kind[:-1]}{side}" + ("" if "embedding" in kind else ".weight")
                key = f"base_model.model.{layer}.{end}"
                tensors[key] = weight.detach().cpu().contiguous()
    if not ranks:
        raise AdapterError("no layer of the adapter has learnt anything: train it for more steps")
    told = {
        "base_model_name_or_path": base, "peft_type": "LORA", "task_type": None,
        "lora_dropout": 0.0, "bias": "none", **settings(ranks),
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "adapter_model.safetensors"
    save_file(tensors, file, metadata={"format": "pt"})
    file.chmod(0o644)  # the library keeps it to its owner
    (folder / "adapter_config.json").write_text(json.dumps(told, indent=2) + "\n")
