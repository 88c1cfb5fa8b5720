"""What is told while training goes on."""

import time
from collections.abc import Mapping

EVERY = 5.0  # seconds between two lines


class Progress:
    """Means of the losses since the last line, examples a second, and the time that is left."""

    def __init__(self, step: int, steps: int) -> None:
        self._first, self._steps = step, steps
        self._began = self._told = time.monotonic()
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._examples = 0

    def line(
        self, step: int, terms: Mapping[str, float], examples: int, *, last: bool = False
    ) -> str | None:
        """A line after a step, if it is time for one."""
        for name, value in terms.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1
        self._examples += examples
        now = time.monotonic()
        if now - self._told < EVERY and not last:
            return None
        seconds = max(now - self._began, 1e-6)
        left = (self._steps - step) * seconds / max(1, step - self._first)
        losses = " ".join(f"{k} {v / self._counts[k]:.3f}" for k, v in self._sums.items())
        self._told, self._sums, self._counts = now, {}, {}
        return (
            f"step {step}/{self._steps} loss {losses}, {self._examples / seconds:.1f} examples/s, "
            f"{duration(left)} left"
        )


def duration(seconds: float) -> str:
    """In the unit that a person would use."""
    for limit, size, unit in ((90, 1, "s"), (90 * 60, 60, "min")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 3600:.1f} h"
