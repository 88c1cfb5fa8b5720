"""What a search did, step by step, as a database would tell it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter


@dataclass
class Step:
    """One step. pages, rows, bytes: looked at; 0 where that says nothing."""

    name: str
    pages: int = 0
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0


@dataclass
class Steps:
    """Steps in the order in which they first began; one that is taken again adds to itself."""

    _taken: dict[str, Step] = field(default_factory=dict)

    @property
    def taken(self) -> tuple[Step, ...]:
        return tuple(replace(step) for step in self._taken.values())

    @contextmanager
    def step(self, name: str, *, pages: int = 0, rows: int = 0, size: int = 0) -> Iterator[Step]:
        """Times what is done inside; the step may be added to there."""
        step = self._taken.setdefault(name, Step(name))
        step.pages += int(pages)
        step.rows += int(rows)
        step.bytes += int(size)
        began = perf_counter()
        try:
            yield step
        finally:
            step.seconds += perf_counter() - began


def as_table(steps: Sequence[Step]) -> str:
    """For the terminal."""
    rows: list[tuple[str, ...]] = [("step", "pages", "rows", "bytes", "ms")]
    for step in steps:
        counts = [f"{n:,}" if n else "" for n in (step.pages, step.rows, step.bytes)]
        rows.append((step.name, *counts, f"{step.seconds * 1000:.1f}"))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in range(1, 5))]
        ).rstrip()
        for row in rows
    )
