"""From lists of scores to one order, and to the reasons for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ..store.contents import Contents
from .fuse import best_first, by_looks, fuse_ranks, fuse_scores, ranks
from .planner import Choice

Lists = Mapping[str, Float[np.ndarray, " n"]]


@dataclass(frozen=True)
class Found:
    """What was seen of a library at one moment.

    For each query, over the pages in scope: `lists` of scores, and `exact`, which of the pages
    were not only estimated and so may be hits; `reach`, the most that a page can score in each
    list by looks. choice: how they were scored by looks, if at all.
    """

    contents: Contents
    scope: Bool[np.ndarray, " n"]
    lists: Sequence[Lists]
    exact: Sequence[Bool[np.ndarray, " n"]]
    reach: Sequence[Mapping[str, float]]
    choice: Choice | None

    @classmethod
    def of(
        cls,
        contents: Contents,
        scope: Bool[np.ndarray, " n"],
        lists: Sequence[Lists],
        exact: Sequence[Bool[np.ndarray, " n"]],
        reach: Sequence[Mapping[str, float]],
        choice: Choice | None,
    ) -> "Found":
        """From arrays over all pages."""
        inside = [
            {
                name: own[name][scope].astype(np.float64)
                for name in ("visual", "code", "text")
                if name in own
            }
            for own in lists
        ]
        return cls(contents, scope, inside, [one[scope] for one in exact], reach, choice)

    @property
    def words(self) -> bool:
        """Were words looked for?"""
        return any("text" in own for own in self.lists)

    def hits(self, i: int) -> int | None:
        """How many pages hold a word of query i; None if no words were looked for."""
        words = self.lists[i].get("text")
        return None if words is None else int((words > 0).sum())

    def in_order(
        self, i: int, mode: str, fusion: str
    ) -> tuple[Float[np.ndarray, " n"], Int[np.ndarray, " m"], dict[str, float]]:
        """For query i the scores of the mode, the pages that may be hits, best first, and the
        weights used.

        Estimated pages take part in means and deviations, and are no hits.
        """
        lists, weights = self.lists[i], dict[str, float]()
        if mode == "hybrid":
            scores, weights = (fuse_scores if fusion == "score" else fuse_ranks)(lists)
        else:
            scores = lists["text"] if mode == "text" else by_looks(lists, self.reach[i])
        order = best_first(scores)
        order = order[self.exact[i][order]]
        if mode == "text":
            order = order[scores[order] > 0]  # a page that no word hits is no hit
        return scores, order, weights


def reasons_of(lists: Lists) -> Callable[[int], dict[str, dict[str, float]]]:
    """Page -> for each list that says something of it, its score and rank."""
    places = {name: ranks(scores) for name, scores in lists.items()}

    def of(index: int) -> dict[str, dict[str, float]]:
        return {
            name: {"score": float(scores[index]), "rank": int(places[name][index])}
            for name, scores in lists.items()
            if np.isfinite(scores[index]) and (name != "text" or scores[index] > 0)
        }

    return of
