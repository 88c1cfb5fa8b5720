"""The loop: examples in, an adapter out; resumes to the step."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .batch import check_examples, sides_of
from .cached import Encode, backward
from .examples import Example, Known
from .order import Order
from .plan import Plan, rate_at
from .progress import Progress
from .state import load_state, save_state

SAVE_SECONDS = 60.0
LOG = "log.jsonl"
CLIP = 1.0  # longest gradient


@dataclass(frozen=True)
class Learner:
    """What is trained: `encode` it with gradients, and the `weights` that may move, by name.

    `dims` are the lengths of its dense vector, the full one first.
    """

    encode: Encode
    weights: Mapping[str, Tensor]
    dims: Sequence[int]
    device: str = "cpu"


class Trainer:
    """A learner, its optimizer and the step they are at."""

    def __init__(
        self, learner: Learner, examples: Sequence[Example], plan: Plan, folder: Path, data: str
    ) -> None:
        """`folder` keeps the checkpoint and the log; `data` names the examples and the model, so
        that a run goes on with the same ones alone."""
        check_examples(plan, examples)
        self.learner, self.examples, self.plan = learner, examples, plan
        self.folder, self._data = folder, data
        self._known = Known(examples)
        self._order = Order(examples, plan.batch, plan.seed)
        self._optimizer = torch.optim.AdamW(
            list(learner.weights.values()), lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.0
        )
        self.step = load_state(folder, learner.weights, self._optimizer, plan, data)

    def learn(self) -> dict[str, float]:
        """One step; the terms of the loss before it."""
        learner, plan = self.learner, self.plan
        chosen = [self.examples[i] for i in self._order.at(self.step)]
        sides, loss = sides_of(plan, chosen, self._known, learner.dims, learner.device)
        terms = backward(learner.encode, sides, loss, plan.part)
        torch.nn.utils.clip_grad_norm_(learner.weights.values(), CLIP)
        for group in self._optimizer.param_groups:
            group["lr"] = rate_at(plan, self.step)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return terms

    def save(self) -> None:
        save_state(
            self.folder, self.learner.weights, self._optimizer, self.step, self.plan, self._data
        )

    def run(self, tell: Callable[[str], None], until: int | None = None) -> None:
        """Train until the plan's last step (or `until`), with a line now and then."""
        last = self.plan.steps if until is None else min(until, self.plan.steps)
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder / LOG
        _forget_after(log, self.step)
        progress = Progress(self.step, self.plan.steps)
        saved = time.monotonic()
        while self.step < last:
            terms = self.learn()
            count = len(self._order.at(self.step - 1))
            with log.open("a") as file:
                file.write(json.dumps({"step": self.step, **terms}) + "\n")
            if line := progress.line(self.step, terms, count, last=self.step == last):
                tell(line)
            if time.monotonic() - saved > SAVE_SECONDS:
                self.save()
                saved = time.monotonic()
        self.save()


def _forget_after(log: Path, step: int) -> None:
    """Lines of steps that will be done again go."""
    if log.exists():
        lines = log.read_text().splitlines(keepends=True)
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        log.write_text("".join(kept))
