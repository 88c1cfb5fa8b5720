"""Counts what is done, for whoever wants to show it."""

from collections.abc import Callable
from dataclasses import dataclass

# Told how much is done, and of how much.
Progress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """A progress that shows nothing."""


@dataclass
class Meter:
    """Adds up steps and reports them."""

    progress: Progress
    total: int
    done: int = 0

    def step(self, count: int = 1) -> None:
        """`count` more are done."""
        self.done += count
        self.progress(self.done, self.total)
