"""Where numbers of 16 bits are the quicker ones."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def multiplies_halves() -> bool:
    """Whether products of bfloat16 are quicker than those of float32 on this CPU: Intel's AMX.

    AVX-512 alone has instructions for them too; whether these gain anything was not measured.
    """
    import torch

    return bool(torch.cpu.get_capabilities().get("amx_bf16"))


def training_dtype() -> "torch.dtype":
    """What passes of training are computed in on this CPU; weights stay in float32."""
    import torch

    return torch.bfloat16 if multiplies_halves() else torch.float32
