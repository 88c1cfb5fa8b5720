"""How a run of training goes, as one value."""

from dataclasses import dataclass

from ..errors import AdapterError


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that changes the weights. Equal plans over equal data give equal weights on one
    machine.

    Weights of the terms, rate and batch size are not published for the models that this recipe
    follows: these are ours. Temperature and margin are theirs.
    """

    task: str = "retrieval"
    steps: int = 300
    batch: int = 32  # examples of a step; each is a wrong answer to the others
    part: int = 8  # items that are encoded with gradients at once: what memory must hold
    rate: float = 5e-4
    warm_up: float = 0.1  # share of the steps in which the rate rises; then it falls in a line
    rank: int = 16  # of a fresh adapter; one that is trained further keeps its own
    seed: int = 0
    temperature: float = 0.02
    scored_temperature: float = 0.05  # of CoSENT
    margin: float = 0.1  # see false_negatives.py
    late_weight: float = 1.0
    dense_weight: float = 1.0
    agreement_weight: float = 1.0

    def __post_init__(self) -> None:
        for name in ("steps", "part", "rank"):
            if getattr(self, name) < 1:
                raise AdapterError(f"{name}={getattr(self, name)}: choose 1 or more")
        if self.batch < 2:
            raise AdapterError(f"batch={self.batch}: choose 2 or more, wrong answers are needed")
        if not 0 < self.rate < 1:
            raise AdapterError(f"rate={self.rate}: choose a number between 0 and 1, such as 5e-4")


def rate_at(plan: Plan, step: int) -> float:
    """The learning rate of a step (from 0): up in a line, then down in a line to nothing."""
    rising = max(1, round(plan.warm_up * plan.steps))
    up, down = (step + 1) / rising, (plan.steps - step) / max(1, plan.steps - rising + 1)
    return plan.rate * max(0.0, min(1.0, up, down))
