"""How a run of training goes, as one value."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that changes the weights. Equal plans give equal weights on one machine."""

    steps: int = 6_000
    batch: int = 8  # blocks, over all processes; divides GROUP * PER_SHEET
    rate: float = 2e-3
    matrix_rate: float = 3e-3
    warm_up: int = 200
    cool_down: float = 0.25  # the last share of the steps, in which the rate falls to nothing
    ramp: int = 1_000  # steps until sheets are as hard as they get
    decay: float = 0.02
    seed: int = 0
    letter_weight: float = 8.0
    silence_weight: float = 0.1
    text_weight: float = 0.1
    ask_weight: float = 0.0  # 1 in the second stage, nothing in the first
    past: int = 64  # blocks that queries are asked against beside the step's own
    peak: float = 1.0  # share of the rates that is reached after the warm-up


def rate_at(plan: Plan, step: int) -> float:
    """Share of the full rate in [0, peak]: up in a line, level, down in a line."""
    up = min(1.0, (step + 1) / plan.warm_up)
    left = (plan.steps - step) / max(1, plan.cool_down * plan.steps)
    return plan.peak * up * max(0.0, min(1.0, left))


def asking(steps: int) -> Plan:
    """Stage two: reading goes on while queries must find their block, at a rate that only falls.

    A fifth of the first stage's rate: at the full rate the new loss undoes reading (in 100 steps
    the loss of pieces rose from 3.4 to 4.4), at a fifth reading keeps what it has.
    """
    return Plan(steps=steps, ask_weight=1.0, peak=0.2, warm_up=20, cool_down=1.0, ramp=1, seed=1)
