"""Measures of one ranking against judgements, computed by ir-measures."""

from collections.abc import Mapping, Sequence

from ..errors import EngineError

# What a reader calls it -> what ir-measures calls it.
MEASURES = {
    "nDCG@5": "nDCG@5",
    "nDCG@10": "nDCG@10",
    "recall@1": "R@1",
    "recall@5": "R@5",
    "recall@10": "R@10",
    "MRR@10": "RR@10",
}

# Nothing below this place counts in any of the measures.
DEPTH = 10

Judgements = Mapping[str, Mapping[str, int]]
Rankings = Mapping[str, Sequence[str]]


class MissingExtra(EngineError):
    """A package that only evaluation needs is not installed."""


def measure(judgements: Judgements, rankings: Rankings) -> dict[str, dict[str, float]]:
    """question id -> measure -> value in [0, 1], for every judged question.

    A ranking lists ids, best first. A question without a ranking scores 0 everywhere, as does
    one none of whose judged ids has a grade of 1 or more. nDCG takes the grade as gain and
    log2(place + 1) as discount (Jarvelin and Kekalainen 2002), as trec_eval does.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise MissingExtra(
            f"measuring needs ir-measures ({error}): pip install 'quire[evaluate]'"
        ) from error
    names = {ir_measures.parse_measure(theirs): ours for ours, theirs in MEASURES.items()}
    values = {question: dict.fromkeys(MEASURES, 0.0) for question in judgements}
    # Scores fall by one a place: ir-measures would break ties by id, not by our order.
    run = {
        question: {page: float(-place) for place, page in enumerate(rankings.get(question, ()))}
        for question in judgements
    }
    wanted = {question: dict(grades) for question, grades in judgements.items()}
    for metric in ir_measures.iter_calc(list(names), wanted, run):
        values[metric.query_id][names[metric.measure]] = float(metric.value)
    return values
