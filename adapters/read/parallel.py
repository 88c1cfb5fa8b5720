"""Several processes that train one model: gradients are averaged, nothing else is shared.

On a CPU two processes of one thread train 1.5 times as fast as one of two threads, since small
elementwise operations do not split well. Start them with `torchrun --nproc-per-node N -m ...`.
"""

import atexit
import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Team:
    """This process is number `rank` of `size`."""

    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls) -> "Team":
        """The team that torchrun made, or this process alone."""
        if "WORLD_SIZE" not in os.environ:
            return cls()
        if not distributed.is_initialized():
            distributed.init_process_group("gloo")
            # Left to the interpreter's end, gloo's threads now and then abort the process.
            atexit.register(distributed.destroy_process_group)
        return cls(distributed.get_rank(), distributed.get_world_size())

    @property
    def leads(self) -> bool:
        """Whether this process is the one that tells, logs and saves."""
        return self.rank == 0

    def average(self, parameters: Iterable[Tensor]) -> None:
        """Replace every gradient by its mean over the team."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients]) / self.size
        distributed.all_reduce(flat)
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            distributed.barrier()

    def any(self, here: bool) -> bool:
        """Whether it holds in any process: so that all of them stop at the same step."""
        if self.size == 1:
            return here
        flag = torch.tensor(float(here))
        distributed.all_reduce(flag)
        return bool(flag > 0)
