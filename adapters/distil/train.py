"""The loop: pairs of one kind at a time, their vectors held against the teacher's."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from ..checkpoints import FILE, optimizer_tensors, restore_optimizer, write_checkpoint
from ..halves import training_dtype
from ..train.late import late_scores
from .losses import alike_loss, late_loss, point_loss
from .texts import MIXTURES, Pairs
from .tower import Tower


@dataclass(frozen=True)
class Plan:
    """Everything that changes the weights beside texts and teacher."""

    mixture: str = "similarity"  # of `MIXTURES`
    alone: int = 1_500  # first steps, in which the table learns without the attention
    steps: int = 2_500  # all
    pairs: int = 256  # a step
    rate: float = 1e-3
    table_rate: tuple[float, float] = (1e-2, 2e-3)  # alone, and with the attention
    late: int = 64  # pairs of a step that are also compared row by row
    warm_up: int = 60
    seed: int = 0

    def pace(self, step: int) -> tuple[float, float]:
        """Rates of table and all else: in each part they warm up, then fall in a line to zero."""
        alone = step < self.alone
        at, length = (step, self.alone) if alone else (step - self.alone, self.steps - self.alone)
        share = min(1.0, (at + 1) / self.warm_up) * (1 - at / length)
        return self.table_rate[not alone] * share, self.rate * share


class Trainer:
    """A tower, what it is compared with, and the step it is at."""

    def __init__(
        self,
        tower: Tower,
        pairs: Pairs,
        pieces: list[list[int]],
        taught: Float[np.ndarray, "texts dim"],
        plan: Plan,
        folder: Path,
    ) -> None:
        """`pieces`: of every text, without the template's. `taught`: the teacher's unit vectors."""
        torch.manual_seed(plan.seed)
        self.tower, self.pairs, self.pieces, self.taught = tower, pairs, pieces, taught
        self.plan, self.folder, self.step = plan, folder, 0
        width = tower.reader.shape.width
        self.dims = (width, width // 2, width // 4)
        self.map = nn.Linear(width, taught.shape[1], bias=False)
        self.half = training_dtype()
        others = [p for p in tower.trained().values() if p is not tower.table]
        groups = [{"params": [tower.table]}, {"params": [*others, *self.map.parameters()]}]
        self.optimizer = torch.optim.Adam(groups, lr=plan.rate, betas=(0.9, 0.98))
        self.learnt = [p for group in groups for p in group["params"]]

    def learn(self, chosen: Int[np.ndarray, " texts"]) -> dict[str, float]:
        """One step on these texts; the losses before it."""
        plan = self.plan
        self.tower.alone = self.step < plan.alone
        for group, rate in zip(self.optimizer.param_groups, plan.pace(self.step), strict=True):
            group["lr"] = rate
        with torch.autocast("cpu", self.half, enabled=self.half != torch.float32):
            own = self.vectors(chosen)
            taught = torch.from_numpy(self.taught[chosen].astype(np.float32))
            mapped = self.map(own).float()
            losses = {
                "point": 2 * point_loss(mapped, taught),
                "alike": alike_loss(own.float(), taught, self.dims),
            }
            if self.pairs.asks[chosen[0]]:
                losses["late"] = self.late(chosen, taught)
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.learnt, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return {name: value.item() for name, value in losses.items()}

    def late(self, chosen: Int[np.ndarray, " texts"], taught: Tensor) -> Tensor:
        """Of some of the questions and their texts, both by rows."""
        half = len(chosen) // 2
        some = min(half, self.plan.late)
        seen = []
        for first, ask in ((0, True), (half, False)):
            texts = [self.pieces[i] for i in chosen[first : first + some]]
            ids, own = self.tower.padded(texts, [ask] * some)
            seen.append(self.tower.rows(ids, self.tower.read(ids, own, self.half), ask))
        wanted = taught[:some] @ taught[half : half + some].T
        return late_loss(late_scores(*seen), wanted)

    def vectors(self, chosen: Int[np.ndarray, " texts"]) -> Tensor:
        texts, asks = [self.pieces[i] for i in chosen], [self.pairs.asks[i] for i in chosen]
        out: Tensor = self.tower(texts, asks, self.half)
        return out

    def draws(self) -> Iterator[Int[np.ndarray, " texts"]]:
        """The texts of each step from the first on; both of every pair, the first ones first."""
        rng = np.random.default_rng(self.plan.seed)
        mixture = {k: v for k, v in MIXTURES[self.plan.mixture].items() if k in self.pairs.kinds}
        names, shares = list(mixture), np.array(list(mixture.values()))
        waiting: dict[str, np.ndarray] = {name: np.zeros(0, np.int64) for name in names}
        while True:
            name = names[int(rng.choice(len(names), p=shares / shares.sum()))]
            if len(waiting[name]) < self.plan.pairs:
                waiting[name] = rng.permutation(np.array(self.pairs.kinds[name]))
            some, waiting[name] = np.split(waiting[name], [self.plan.pairs])
            yield np.concatenate([2 * some, 2 * some + 1])

    def save(self) -> None:
        """Weights and optimizer state; the old file stays whole until the new one is."""
        tensors = {f"tower.{k}": v.detach().contiguous() for k, v in self.tower.trained().items()}
        tensors["map"] = self.map.weight.detach()
        tensors |= optimizer_tensors(self.optimizer)
        about = {"step": str(self.step), "plan": json.dumps(asdict(self.plan))}
        write_checkpoint(self.folder, tensors, about)

    def resume(self) -> bool:
        """Go on from the folder's checkpoint, if there is one."""
        file = self.folder / FILE
        if not file.exists():
            return False
        with safe_open(file, "pt") as opened:
            self.step = int(opened.metadata()["step"])
        restore_optimizer(self.optimizer, self.begin_with(file))
        return True

    def begin_with(self, file: Path) -> dict[str, Tensor]:
        """Take the weights of another run's checkpoint, which is returned, and not its step."""
        tensors: dict[str, Tensor] = load_file(file)
        learnt = self.tower.trained()
        with torch.no_grad():
            for name, parameter in learnt.items():
                parameter.copy_(tensors[f"tower.{name}"])
            self.map.weight.copy_(tensors["map"])
        return tensors


def train(trainer: Trainer, tell: Callable[[str], None]) -> None:
    """Train until the plan's last step; a checkpoint every 100 steps."""
    plan, first, began = trainer.plan, trainer.step, time.monotonic()
    trainer.folder.mkdir(parents=True, exist_ok=True)
    sums: dict[str, float] = {}
    with (trainer.folder / "log.jsonl").open("a") as log:
        for number, chosen in enumerate(trainer.draws()):
            if number < trainer.step:
                continue  # learnt before the run was stopped
            if trainer.step >= plan.steps:
                break
            for name, value in trainer.learn(chosen).items():
                sums[name] = sums.get(name, 0.0) + value
            if trainer.step % 50 == 0:
                speed = (trainer.step - first) / (time.monotonic() - began)
                means = {
                    name: value / min(50, trainer.step - first) for name, value in sums.items()
                }
                losses = " ".join(f"{name} {value:.3f}" for name, value in means.items())
                left = (plan.steps - trainer.step) / speed / 60
                tell(
                    f"step {trainer.step}/{plan.steps} {losses} "
                    f"{speed * 2 * plan.pairs:.0f} texts/s, {left:.0f} min left"
                )
                log.write(json.dumps({"step": trainer.step, **means}) + "\n")
                log.flush()
                sums = {}
            if trainer.step % 100 == 0:
                trainer.save()
    trainer.save()
