"""From how much of a question is covered to how likely it is answered, learnt without labels.

A library asks itself. Passages are drawn from its pages and made into questions the way people
ask: some of the words, and in place of others some that do not stand there. The page itself
answers such a question; the best page of all *other* documents does not. Over these pairs a
logistic curve is fitted (Platt 1999) that gives the probability of an answer from the coverage;
the number of words as a second term gained nothing. So relevance means the same for every
question to one library, and what the library is like (how alike its documents are, how many there
are) is in it. On four libraries of real questions the curve is close to one fitted with labels:
for the manuals bias -3.3 and slope 7.1, with labels -3.6 and 7.4.

The idea of judging a collection by questions made from its own documents: Azzopardi, de Rijke and
Balog 2007, "Building simulated queries for known-item topics".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .coverage import PASSAGE, read_coverage
from .rarity import Rarity
from .words import STOP, words

QUESTIONS = 64
SHORTEST, LONGEST = 3, 12  # words of a question
KEPT = 0.6  # of a question's words stand on the page; people use other words for the rest
FEWEST = 8  # questions: fewer, and the usual curve is as good a guess
CLOSEST = 3  # pages of other documents that are looked at
PRIOR_SPREAD = (3.0, 5.0)  # how far bias and slope may be from the usual curve


@dataclass(frozen=True)
class Calibration:
    """relevance = 1 / (1 + exp(-(bias + coverage * slope)))."""

    bias: float
    slope: float

    def relevance(self, coverage: float) -> float:
        """In [0, 1], rising with `coverage`."""
        return float(1 / (1 + np.exp(-np.clip(self.bias + self.slope * coverage, -50, 50))))


# The curve of a library that cannot ask itself (no text layer, or one document): the mean of
# those of four libraries of reports, filings, manuals and articles.
USUAL = Calibration(bias=-3.5, slope=7.7)
# The same for a page without text layer, from what is seen of it: of dozens of pages one shows
# something like most words by chance, so more is asked for.
USUAL_SEEN = Calibration(bias=-6.0, slope=7.5)


def calibrate(
    texts: Sequence[str], documents: Sequence[int], rarity: Rarity, seed: int = 0
) -> Calibration:
    """Fit the curve of a library from the texts of its pages and the document of each.

    Takes about a second, whatever the size: at most `MOST_PAGES` pages are looked at.
    """
    asked = self_questions(texts, documents, rarity, seed)
    if len(asked) < FEWEST:
        return USUAL
    return fit(asked)


@dataclass(frozen=True)
class SelfAsked:
    """A question that a library asked itself, and what covers how much of it."""

    own: float  # by the page that it was made from
    other: float  # by the best page of another document


def self_questions(
    texts: Sequence[str], documents: Sequence[int], rarity: Rarity, seed: int = 0
) -> list[SelfAsked]:
    """Questions made from pages that are evenly spread; none where there is one document."""
    rng = np.random.default_rng(seed)
    written = [i for i, text in enumerate(texts) if text.strip()]
    step = -(-len(written) // rarity.most) or 1
    pool = [
        (i, [word.key for word in words(texts[i]) if word.key not in STOP]) for i in written[::step]
    ]
    pool = [(i, keys) for i, keys in pool if len(keys) >= PASSAGE // 2]
    if len({documents[i] for i, _ in pool}) < 2:
        return []
    holds = [frozenset(keys) for _, keys in pool]
    asked = []
    for place in rng.integers(0, len(pool), QUESTIONS):
        page, keys = pool[int(place)]
        question = _question(keys, pool, rng)
        weights = np.array([rarity.of(key) for key in question])
        weights /= weights.sum()
        outside = [j for j, (i, _) in enumerate(pool) if documents[i] != documents[page]]
        shared = [
            sum(weight for key, weight in zip(question, weights, strict=True) if key in holds[j])
            for j in outside
        ]
        closest = [outside[j] for j in np.argsort(shared, kind="stable")[::-1][:CLOSEST]]
        own, _ = read_coverage(question, weights, texts[page])
        other = max(read_coverage(question, weights, texts[pool[j][0]])[0] for j in closest)
        asked.append(SelfAsked(own, other))
    return asked


def _question(
    keys: Sequence[str], pool: Sequence[tuple[int, Sequence[str]]], rng: np.random.Generator
) -> list[str]:
    """Words of one passage, some of them replaced by words from anywhere in the library."""
    start = int(rng.integers(0, max(1, len(keys) - PASSAGE // 2)))
    passage = list(dict.fromkeys(keys[start : start + PASSAGE // 2]))
    count = min(int(rng.integers(SHORTEST, LONGEST + 1)), len(passage))
    chosen = [passage[int(i)] for i in rng.choice(len(passage), count, replace=False)]
    for place in range(count):
        if rng.random() > KEPT:
            _, elsewhere = pool[int(rng.integers(0, len(pool)))]
            chosen[place] = elsewhere[int(rng.integers(0, len(elsewhere)))]
    return list(dict.fromkeys(chosen))


def fit(asked: Sequence[SelfAsked], rounds: int = 50) -> Calibration:
    """The logistic curve through own (answered) and other (not) pages, by Newton's method.

    The usual curve is its prior, so that there is a finite best one also where the two kinds
    never overlap, and few questions do not move it far.
    """
    covered = np.array([[question.own, question.other] for question in asked])
    ones = np.ones(len(asked))
    x = np.concatenate([np.stack([ones, covered[:, i]], axis=1) for i in (0, 1)])
    y = np.concatenate([ones, 0 * ones])
    usual = np.array([USUAL.bias, USUAL.slope])
    pull = 1 / np.square(np.array(PRIOR_SPREAD))

    def loss(curve: Float[np.ndarray, " 2"]) -> float:
        odds = x @ curve
        return float(np.logaddexp(0, odds).sum() - y @ odds + pull @ (curve - usual) ** 2 / 2)

    curve: Float[np.ndarray, " 2"] = usual.copy()
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-np.clip(x @ curve, -50, 50)))
        slope = x.T @ (y - p) - pull * (curve - usual)
        bend = (x * (p * (1 - p))[:, None]).T @ x + np.diag(pull)
        step = np.linalg.solve(bend, slope)
        while loss(curve + step) > loss(curve) and np.abs(step).max() > 1e-9:
            step /= 2  # Newton's step can overshoot where the curve is flat
        curve = curve + step
    return Calibration(float(curve[0]), float(curve[1]))
