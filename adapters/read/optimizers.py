"""Which parameters move by which rule."""

import torch
from torch import Tensor

from .plan import Plan
from .reader import Reader


def optimizers(reader: Reader, plan: Plan) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for all else (tables, heads, norms)."""
    matrices: list[Tensor] = []
    others: list[Tensor] = []
    kernel: list[Tensor] = []
    for name, p in reader.named_parameters():
        inside = "visual.blocks" in name or "merger.mlp" in name or ".layers." in name
        group = kernel if "patch_embed" in name else matrices if inside and p.ndim == 2 else others
        group.append(p)
    found: list[torch.optim.Optimizer] = [
        torch.optim.Muon(
            matrices, lr=plan.matrix_rate, weight_decay=plan.decay, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(others, lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.0),
        # Grey looks through six equal planes at once, so each may move a sixth as far.
        torch.optim.AdamW(kernel, lr=plan.rate / 6, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    for optimizer in found:
        for settings in optimizer.param_groups:
            settings["full_rate"] = settings["lr"]
    return found
