"""A progress bar on a terminal, next to nothing elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from .output import note

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar(Protocol):
    """What a command tells while it works."""

    def at(self, done: float, total: float, count: int | None = None) -> None:
        """`done` of `total` is done; `count` units were (by default as many as `done`)."""

    def failed(self, failures: int) -> None:
        """So many failed until now."""

    def line(self, text: str) -> None:
        """Something that is worth a line where there is no bar."""


class Quiet:
    """No bar; lines are printed when `lines`, and failures are told at the end by the command."""

    def __init__(self, *, lines: bool) -> None:
        self._lines = lines

    def at(self, done: float, total: float, count: int | None = None) -> None: ...
    def failed(self, failures: int) -> None: ...

    def line(self, text: str) -> None:
        if self._lines:
            note(text)


class Live:
    """A bar with count, rate, time left and failures so far."""

    def __init__(self, progress: "Progress", task: "TaskID", unit: str) -> None:
        self._progress = progress
        self._task = task
        self._unit = unit
        self._began = monotonic()

    def at(self, done: float, total: float, count: int | None = None) -> None:
        counted = int(done) if count is None else count
        rate = counted / max(monotonic() - self._began, 1e-3)
        told = f"{counted} {self._unit}, {rate:.1f}/s"
        self._progress.update(self._task, completed=done, total=total, told=told)

    def failed(self, failures: int) -> None:
        self._progress.update(self._task, failures=f"{failures} failed" if failures else "")

    def line(self, text: str) -> None: ...


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
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[failures]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Live(progress, progress.add_task(what, total=None, failures="", told=""), unit)
