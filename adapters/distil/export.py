"""An adapter as peft writes it, so that any tool that knows peft can read it."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from .tower import PROJECTIONS, Tower


def export(tower: Tower, folder: Path, dtype: torch.dtype = torch.float16) -> None:
    """`adapter_config.json` and `adapter_model.safetensors`; the weights in `dtype`."""
    folder.mkdir(parents=True, exist_ok=True)
    names = "|".join(("embed_tokens", *PROJECTIONS))
    settings = {
        "peft_type": "LORA",
        "r": tower.rank,
        "lora_alpha": tower.rank,
        "target_modules": rf"language_model\..*({names})",
        "bias": "none",
        "base_model_name_or_path": "quire-mini",
    }
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    file = folder / "adapter_model.safetensors"
    save_file({k: v.to(dtype) for k, v in tower.adapter().items()}, file, {"format": "pt"})
    file.chmod(0o644)  # the library keeps them to their owner, and a wheel keeps the mode
