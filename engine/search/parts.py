"""The pages in scope by the task that made their vectors, and the queries encoded for each.

Vectors of different tasks stand in different spaces: pages of source code are scored by the query
as the task `code` encodes it, all others by the query as `retrieval` does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from quire.adapters.tasks import CODE, RETRIEVAL

from ..store.contents import Contents

LISTS = {RETRIEVAL: "visual", CODE: "code"}  # task -> the list of scores of its pages

Rows = Float[np.ndarray, "q d"]


@dataclass(frozen=True)
class Part:
    """Pages of one task; never without any but where nothing is in scope."""

    task: str
    pages: Bool[np.ndarray, " n"]

    @property
    def list(self) -> str:
        return LISTS[self.task]


def task_of(contents: Contents, page: int) -> str:
    """The task whose queries a page is compared with."""
    return CODE if contents.coded[page] else RETRIEVAL


def made_for(contents: Contents, task: str) -> Bool[np.ndarray, " n"]:
    """The pages that are compared with the queries of a task."""
    return contents.coded if task == CODE else ~contents.coded


def parts_of(contents: Contents, scope: Bool[np.ndarray, " n"], tasks: Sequence[str]) -> list[Part]:
    """The pages in scope that `tasks` made, by task: those alone that made any, but at least one
    of the tasks, so that a search for nothing is one, too."""
    parts = [Part(task, scope & made_for(contents, task)) for task in tasks]
    return [part for part in parts if part.pages.any()] or parts[:1]


def reach_of(rows: Rows) -> float:
    """The most that a page can score: the summed lengths of a query's rows."""
    return float(np.linalg.norm(rows, axis=1).sum())


class Queries:
    """The queries of one search. Each task that is wanted encodes them, all at once and once."""

    def __init__(
        self, encode: Callable[[str], Sequence[Rows]], tasks: Sequence[str] = tuple(LISTS)
    ) -> None:
        """tasks: that the queries can be encoded for."""
        self._encode, self.tasks = encode, tasks
        self._rows: dict[str, Sequence[Rows]] = {}

    def of(self, task: str) -> Sequence[Rows]:
        """The rows of each query."""
        if task not in self._rows:
            self._rows[task] = self._encode(task)
        return self._rows[task]
