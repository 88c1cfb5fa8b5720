"""A progress bar on a terminal, next to nothing elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar(Protocol):
    """What a command tells while it works."""

    def at(self, done: int, total: int | None) -> None: ...
    def failed(self, failures: int) -> None: ...
    def line(self, text: str) -> None: ...


class Quiet:
    """No bar; lines are printed when `lines`."""

    def __init__(self, *, lines: bool) -> None:
        self._lines = lines

    def at(self, done: int, total: int | None) -> None:
        """Shows nothing."""

    def failed(self, failures: int) -> None:
        """Shows nothing: failures are told at the end."""

    def line(self, text: str) -> None:
        """One line on standard error, if lines are wanted."""
        if self._lines:
            print(text, file=sys.stderr)


class Live:
    """A bar with count, rate, time left and failures so far."""

    def __init__(self, progress: "Progress", task: "TaskID", unit: str) -> None:
        self._progress = progress
        self._task = task
        self._unit = unit
        self._began = monotonic()

    def at(self, done: int, total: int | None) -> None:
        """`done` of `total` are done; None while nobody knows how many there are."""
        rate = f"{done / max(monotonic() - self._began, 1e-3):.1f} {self._unit}/s"
        self._progress.update(self._task, completed=done, total=total, rate=rate)

    def failed(self, failures: int) -> None:
        """So many failed until now."""
        self._progress.update(self._task, failures=f"{failures} failed" if failures else "")

    def line(self, text: str) -> None:
        """Shows nothing: the bar says enough."""


@contextmanager
def bar(what: str, unit: str, *, as_json: bool) -> Iterator[Bar]:
    """A bar while the block runs: live on a terminal, a line a document elsewhere, none for JSON.

    Standard error is asked, for the bar is drawn there and standard output may be a pipe.
    """
    if as_json or not sys.stderr.isatty():
        yield Quiet(lines=not as_json)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(what),
        BarColumn(),
        TextColumn(f"{{task.completed:.0f}} {unit}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[failures]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Live(progress, progress.add_task(what, total=None, failures="", rate=""), unit)
