"""How one search is run: what was asked, checked once at the edge, and what it came to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import Any

from ..errors import SearchError
from .planner import PLANS, Choice
from .steps import Step, as_table

MODES = ("auto", "visual", "text", "hybrid")
FUSIONS = ("score", "rank")


@dataclass(frozen=True)
class Plan:
    """What a search did.

    mode: as asked for, or what "auto" came to.
    pages: in scope, after the filter. found: pages that text search hit, None if it was not run.
    weights: of the lists that were fused, as used; empty unless the mode is hybrid.
    reranker: its name, None if there was none. reranked: pages that it read.
    choice: how pages were scored by looks, None if they were not. steps: see `explain`.
    """

    mode: str
    fusion: str
    where: Any
    pages: int
    of: int
    found: int | None = None
    weights: dict[str, float] = field(default_factory=dict)
    reranker: str | None = None
    reranked: int = 0
    seconds: float = 0.0
    choice: Choice | None = None
    steps: tuple[Step, ...] = ()

    def explain(self) -> str:
        """The steps as a table, with what each looked at and the time it took."""
        why = f"\n{self.choice.scan or 'exact'}: {self.choice.why}" if self.choice else ""
        return f"{self}{why}\n{as_table(self.steps)}"

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        scan = self.choice.scan if self.choice else None
        return {
            "mode": self.mode,
            "scan": scan,
            "why": self.choice.why if self.choice else "",
            "steps": [asdict(step) for step in self.steps],
        }

    def __str__(self) -> str:
        scope = f"{self.pages:,} pages" + (f" of {self.of:,}" if self.pages != self.of else "")
        parts = []
        if self.choice is not None and self.choice.scan is not None:
            parts.append(f"scan of {self.choice.scan} over {scope}")
            parts.append(f"exact MaxSim of the best {self.choice.best:,}")
        elif self.mode != "text":
            parts.append(f"exact MaxSim over {scope}")
        if self.found is not None:
            parts.append(f"BM25 ({self.found:,} of {scope} hit)")
        if self.weights:
            weights = ", ".join(f"{name} {weight:g}" for name, weight in self.weights.items())
            parts.append(f"fused by {self.fusion} ({weights})")
        if self.reranker is not None:
            parts.append(f"best {self.reranked:,} reranked by {self.reranker}")
        return f"{self.mode}: " + ", ".join(parts) + f", {self.seconds * 1000:.0f} ms"


def check_request(
    query: object, k: object, where: object, mode: str, fusion: str, plan: str
) -> None:
    """Raise SearchError, naming the value and the mend, for a request that makes no sense."""
    if not isinstance(query, str):
        raise SearchError(
            f"query is {type(query).__name__}: pass one question as a string, and several to "
            "`search_many`"
        )
    if not query.strip():
        raise SearchError(f"query {query!r} is empty: ask for something")
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise SearchError(f"k={k!r}: ask for at least 1 page")
    if not isinstance(where, str | Mapping | None):
        raise SearchError(f"where is {type(where).__name__}: give SQL or a dict of values")
    if isinstance(where, str) and not where.strip():
        raise SearchError(f"where={where!r} is empty: leave it out to search everything")
    _known("mode", mode, MODES)
    _known("fusion", fusion, FUSIONS)
    _known("plan", plan, PLANS)


def check_rerank(k: int, reranks: bool, top: object, usual: int) -> int:
    """How many pages are read again: `top`, or `usual` if it is None, and never fewer than k.

    Raises SearchError for a number below k: pages that were read again and pages that were not
    would stand in one list, with scores that cannot be compared.
    """
    if top is None:
        return max(k, usual) if reranks else 0
    if not reranks:
        raise SearchError(f"rerank_top={top!r} without a reranker: name one with rerank=")
    if not isinstance(top, int) or isinstance(top, bool) or top < k:
        raise SearchError(
            f"rerank_top={top!r} is below k={k}: rerank at least as many pages as are asked for"
        )
    return top


def _known(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        near = get_close_matches(str(value), known, n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(known)}"
        raise SearchError(f"no {what} {value!r}; {mend}")
