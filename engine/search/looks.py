"""Scoring pages by looks: the rows and codes of one library, and the plan that uses them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int

from ..score.asked import asked
from ..score.bits import BitCodes, scan_bits
from ..score.int8 import Int8Codes
from ..score.maxsim import maxsim
from ..score.packed import Packed
from ..store.codes import Coded, CodeShelf, Part
from ..store.contents import Contents
from ..store.rows import Rows
from ..store.tables import Tables
from ..store.taking import TAKEN_PAGES, Taker
from .planner import Choice, Facts, choose
from .residence import Residence
from .steps import Steps

if TYPE_CHECKING:
    from ..score.cuda import OnDevice

Query = Float[np.ndarray, "q d"]
SAMPLE_PAGES = 64  # read to learn what rows usually look like
SAMPLE_ROWS = 8_192  # of these, at most


@dataclass(frozen=True)
class Means:
    """What scoring may use. threads: as many as torch would by default. memory: bytes that rows may
    take, a quarter of the machine's by default. device_memory: bytes on the GPU, by default most of
    what is free there."""

    device: str = "cpu"
    threads: int | None = None
    memory: int | None = None
    device_memory: int | None = None

    @property
    def for_rows(self) -> int:
        if self.memory is not None:
            return self.memory
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4


@dataclass(frozen=True)
class Seen:
    """Scores of one query. scores: NaN outside the scope; an exact MaxSim where `exact`, elsewhere
    an estimate moved by what estimates are off on average."""

    scores: Float[np.ndarray, " n"]
    exact: Bool[np.ndarray, " n"]


class Looks:
    """Not safe for threads while `score` reads rows for the first time: the caller sees to that."""

    def __init__(self, tables: Tables, dim: int, codes: tuple[str, ...], means: Means) -> None:
        self.dim, self.codes, self.means = dim, codes, means
        self._rows = Rows(tables, dim)
        self._taker = Taker(tables, dim)
        self._shelf = CodeShelf(tables.layout)
        self._residence = Residence(means.device, means.device_memory)

    def choose(
        self, plan: str, contents: Contents, scope: Bool[np.ndarray, " n"], k: int
    ) -> Choice:
        size = int(contents.rows.sum()) * self.dim * 2
        if size > self.means.for_rows:
            self._rows.let_go()  # the library was smaller before
        facts = Facts(
            pages=int(scope.sum()),
            rows=int(contents.rows[scope].sum()),
            size=size,
            memory=self.means.for_rows,
            codes=self.codes,
            device=self.means.device,
            k=k,
        )
        return choose(plan, facts)

    def score(
        self,
        queries: Sequence[Query],
        contents: Contents,
        scope: Bool[np.ndarray, " n"],
        choice: Choice,
        also: Sequence[Int[np.ndarray, " a"]],
        steps: Steps,
    ) -> list[Seen]:
        """Every page in scope by every query; `also` are pages to score exactly, for each query.

        Raises EngineError when rows are not where they should be.
        """
        if choice.scan is None:
            scores = self._exact(queries, contents, scope, choice.held, steps)
            return [Seen(own, scope) for own in scores]
        coded = self._shelf.of(choice.scan, contents)
        estimates = self._scan(queries, coded, scope, choice.scan, steps)
        seen = []
        for query, estimate, more in zip(queries, estimates, also, strict=True):
            order = np.argsort(-np.where(np.isnan(estimate), -np.inf, estimate), kind="stable")
            chosen = np.union1d(np.union1d(order[: choice.best], more), coded.missing)
            chosen = chosen[scope[chosen]]
            seen.append(self._best(query, estimate, chosen, contents, steps))
        return seen

    def sample(
        self, contents: Contents, pages: Bool[np.ndarray, " n"]
    ) -> Float[np.ndarray, "sample d"]:
        """Rows from all over these pages of the library, float32."""
        held = self._rows.held(contents)
        if held is None or not pages.all():
            own = np.flatnonzero(pages)
            spread = np.linspace(0, len(own) - 1, min(SAMPLE_PAGES, len(own))).astype(np.int64)
            few = own[np.unique(spread)]
            held = self._taker.take(contents, few) if held is None else held.select(few)
        step = -(-len(held.rows) // SAMPLE_ROWS) or 1
        sample: Float[np.ndarray, "sample d"] = held.rows[::step].astype(np.float32)
        return sample

    def _exact(
        self,
        queries: Sequence[Query],
        contents: Contents,
        scope: Bool[np.ndarray, " n"],
        held: bool,
        steps: Steps,
    ) -> Float[np.ndarray, "m n"]:
        scores = np.full((len(queries), len(contents)), np.nan, dtype=np.float32)
        if held:
            with steps.step("rows in memory") as step:
                packed = self._rows.of(contents)
                step.bytes += packed.rows.nbytes
            resident = self._residence.of(packed)
            if resident is not None:
                with steps.step(
                    "exact MaxSim on the device", pages=len(packed), rows=len(packed.rows)
                ):
                    scores[:, scope] = maxsim(queries, resident)[:, scope]
                return scores
        chosen = np.flatnonzero(scope)
        if held and 2 * len(chosen) > len(contents):  # to copy their rows would take longer
            scores[:, chosen] = self._maxsim(queries, packed, steps)[:, chosen]
            return scores
        for few in _runs(chosen):
            scores[:, few] = self._maxsim(queries, self._read(contents, few, steps), steps)
        return scores

    def _best(
        self,
        query: Query,
        estimate: Float[np.ndarray, " n"],
        chosen: Int[np.ndarray, " c"],
        contents: Contents,
        steps: Steps,
    ) -> Seen:
        """Exact scores for the chosen pages, estimates for the others."""
        truth = np.empty(len(chosen), dtype=np.float32)
        for start in range(0, len(chosen), TAKEN_PAGES):
            few = slice(start, start + TAKEN_PAGES)
            truth[few] = self._maxsim([query], self._read(contents, chosen[few], steps), steps)[0]
        known = np.isfinite(truth) & np.isfinite(estimate[chosen])
        off = truth[known] - estimate[chosen][known]
        scores = estimate + (off.mean() if len(off) else 0)
        scores[chosen] = truth
        exact = np.zeros(len(scores), dtype=bool)
        exact[chosen] = True
        return Seen(scores.astype(np.float32), exact)

    def _scan(
        self,
        queries: Sequence[Query],
        coded: Coded,
        scope: Bool[np.ndarray, " n"],
        kind: str,
        steps: Steps,
    ) -> Float[np.ndarray, "m n"]:
        """Estimates of the pages in scope that have codes; NaN elsewhere."""
        scores = np.full((len(queries), len(scope)), np.nan, dtype=np.float32)
        self._residence.only(part.codes for part in coded.parts)
        with steps.step(f"scan {kind}") as step:
            chosen = [np.flatnonzero((part.where >= 0) & scope[part.where]) for part in coded.parts]
            found = self._estimates(queries, coded.parts, chosen)
            for part, own, some in zip(coded.parts, chosen, found, strict=True):
                scores[:, part.where[own]] = some
                step.pages += len(own)
                step.bytes += int(part.codes.nbytes * len(own) / max(1, len(part.where)))
        return scores

    def _estimates(
        self,
        queries: Sequence[Query],
        parts: Sequence[Part],
        chosen: Sequence[Int[np.ndarray, " k"]],
    ) -> list[Float[np.ndarray, "m k"]]:
        """Of the chosen pages of each part."""
        bits = [
            (part.codes, own)
            for part, own in zip(parts, chosen, strict=True)
            if isinstance(part.codes, BitCodes)
        ]
        if bits:
            return scan_bits(asked(queries, self.dim), bits, self.means.threads)
        found = []
        for part, own in zip(parts, chosen, strict=True):
            assert isinstance(part.codes, Int8Codes)  # all parts are of one kind
            if 2 * len(own) > len(part.where):
                kept = self._residence.of(part.codes)  # a whole file may stay on the device
                found.append(self._score(queries, kept or part.codes)[:, own])
            else:
                found.append(self._score(queries, part.codes.select(own)))
        return found

    def _score(
        self, queries: Sequence[Query], pages: "Packed | Int8Codes | OnDevice"
    ) -> Float[np.ndarray, "m n"]:
        return maxsim(list(queries), pages, device=self.means.device, threads=self.means.threads)

    def _read(self, contents: Contents, pages: Int[np.ndarray, " k"], steps: Steps) -> Packed:
        held = self._rows.held(contents)
        if held is not None:
            return held if len(pages) == len(held) else held.select(pages)
        rows = int(contents.rows[pages].sum())
        size = rows * self.dim * 2
        with steps.step("read rows", pages=len(pages), rows=rows, size=size):
            return self._taker.take(contents, pages)

    def _maxsim(
        self, queries: Sequence[Query], rows: Packed, steps: Steps
    ) -> Float[np.ndarray, "m n"]:
        size = rows.rows.nbytes
        with steps.step("exact MaxSim", pages=len(rows), rows=len(rows.rows), size=size):
            return self._score(queries, rows)


def _runs(pages: Int[np.ndarray, " k"]) -> list[Int[np.ndarray, " few"]]:
    """Pages whose rows are in memory at a time."""
    return [pages[i : i + TAKEN_PAGES] for i in range(0, len(pages), TAKEN_PAGES)]
