"""Several lists of scores over the same pages, as one. Pure functions on arrays.

All take one score per page of the scope, in the same order. -inf means "ranks last" (a page
without rows), NaN means "says nothing about this page" (a page without text).
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

Scores = Float[np.ndarray, " n"]

# What a list weighs when it has something to say. quire-mini reads less than half of the pieces of
# a page, a text layer holds them all. From 0.08 to 0.12 no set of PDFs lost more than 0.005 nDCG@10
# against the text alone and one gained 0.17; above, single questions begin to be lost.
# "code" was tried from 0.3 to 6 on three sets of functions (250 each, 70 questions, 28 November
# 2026): nDCG@10 rises to 2 (.643 to .735, .577 to .698, .644 to .780 against the words alone), and
# is level from there.
WEIGHTS: Mapping[str, float] = {"visual": 0.1, "code": 2.0, "text": 1.0}
# What the best page of a list adds at the most, in units of the fused score; the whole list is
# lowered to it. Some function is always the most like a question, also like one that no function
# answers, so "code" tells which of its pages and not whether one of them. Among 757 pages of code,
# questions to 43 pages of PDFs had .829 without the list and .843 so; those to code .542 and .651.
MOST: Mapping[str, float] = {"code": 2.5}
# Reciprocal rank fusion: 60 in Cormack et al.; 10 is what the ranks of single documents want.
RANK_CONSTANT = 10.0
# As MOST, in shares of what the first place of a list of weight 1 adds. With all of a list that
# weighs 1.5, questions to PDFs fell from .838 to .263, so to .825.
RANK_MOST: Mapping[str, float] = {"code": 0.3}
# How much more any question is like code, text to text, than like a picture, as a share of the
# summed lengths of its rows.
NEARER = 0.125


def standardise(scores: Scores) -> Scores:
    """Scores less their mean, in units of their standard deviation, both over the scope.

    A list without spread gives zeros: it prefers no page. NaN becomes 0, the mean: no evidence
    either way. -inf becomes the lowest finite value. Neither takes part in mean and deviation.
    """
    finite = np.isfinite(scores)
    if not finite.any():
        return np.zeros(len(scores))
    known = scores[finite].astype(np.float64)
    spread = known.std()
    if spread <= 1e-9 * max(1.0, np.abs(known).max()):
        standard = np.zeros(len(scores))
    else:
        standard = (scores - known.mean()) / spread
    lowest = standard[finite].min()
    return np.where(np.isnan(scores), 0.0, np.where(finite, standard, lowest))


def weigh(lists: Mapping[str, Scores], weights: Mapping[str, float] = WEIGHTS) -> dict[str, float]:
    """The weight of each list, by evidence: 0 for one without spread over the scope.

    That is the text list when no page in scope has text or no word of the query is found, and any
    list over a single page. One number is what `WEIGHTS` says otherwise.
    """
    return {
        name: weights.get(name, 1.0) if standardise(scores).any() else 0.0
        for name, scores in lists.items()
    }


def fuse_scores(
    lists: Mapping[str, Scores], weights: Mapping[str, float] = WEIGHTS
) -> tuple[Scores, dict[str, float]]:
    """The weighted sum of standardised scores, and the weights used.

        fused(page) = sum over lists of weight * (score(page) - mean) / deviation

    where a list of `MOST` is lowered until its best page adds no more than that.
    Source: z-score normalisation with CombSUM (Fox and Shaw 1994; Wu, Crestani and Bi 2006).
    On five sets of PDFs it stays above the better list, where fusion by rank falls below it as
    soon as one list is weak.
    """
    used = weigh(lists, weights)
    total = np.zeros(_length(lists))
    for name, scores in lists.items():
        total += _lowered(used[name] * standardise(scores), scores, MOST.get(name))
    return total, used


def fuse_ranks(
    lists: Mapping[str, Scores],
    weights: Mapping[str, float] = WEIGHTS,
    constant: float = RANK_CONSTANT,
) -> tuple[Scores, dict[str, float]]:
    """Reciprocal rank fusion: the sum over lists of weight / (constant + rank), ranks from 1.

    A page that a list says nothing about, or scores no better than its worst page, gets nothing
    from that list; lists of `RANK_MOST` are lowered. Source: Cormack, Clarke and Buettcher 2009.
    """
    used = weigh(lists, weights)
    total = np.zeros(_length(lists))
    for name, scores in lists.items():
        known = np.isfinite(scores)
        if used[name] and known.any():
            found = known & (scores > scores[known].min())
            added = np.where(found, used[name] / (constant + ranks(scores)), 0.0)
            most = RANK_MOST.get(name)
            total += _lowered(added, scores, None if most is None else most / (constant + 1))
    return total, used


def _lowered(added: Scores, scores: Scores, most: float | None) -> Scores:
    """What a list adds, less so much for each page that it knows that the best adds `most`; None,
    or a best one that adds less, leaves it as it is."""
    known = ~np.isnan(scores)
    if most is None or not known.any():
        return added
    return added - np.where(known, max(0.0, added[known].max() - most), 0.0)


def by_looks(lists: Mapping[str, Scores], reach: Mapping[str, float]) -> Scores:
    """The MaxSims "visual" and "code" as one list; at most one of them knows a page.

    `reach`: of each list, the most that a page can score (the summed lengths of the query's rows).
    Where there are both, those of code are brought to the reach of the others, and are less by
    `NEARER` of it. Measured by nDCG@10 on 43 pages of PDFs among 757 of code (66 questions to the
    former, three times 70 to the latter; each kind by itself .614 and .630):

        less nothing         PDFs .317                    code .630
        less .1, .125, .15        .567 .586 .600               .624 .621 .615

    Scores standardised by kind had .049 of PDFs, and .351 with the best page of each as high as the
    other (measured before code had rows for wholes).
    """
    if "code" not in lists or "visual" not in lists:
        return lists["visual"] if "visual" in lists else lists["code"]
    code = lists["code"]
    moved = code * (reach["visual"] / max(reach["code"], 1e-9)) - NEARER * reach["visual"]
    return np.where(np.isnan(code), lists["visual"], moved)


def ranks(scores: Scores) -> Float[np.ndarray, " n"]:
    """1 for the best page; equal scores keep their order; NaN counts as worst."""
    order = best_first(scores)
    places = np.empty(len(scores))
    places[order] = np.arange(1, len(scores) + 1)
    return places


def best_first(scores: Scores) -> np.ndarray:
    """Indices of the pages, best first; equal scores keep their order, NaN comes last."""
    return np.argsort(-np.where(np.isnan(scores), -np.inf, scores), kind="stable")


def _length(lists: Mapping[str, Scores]) -> int:
    lengths = {len(scores) for scores in lists.values()}
    if len(lengths) != 1:
        raise ValueError(f"lists of {sorted(lengths)} scores: give one score per page to each")
    return lengths.pop()
