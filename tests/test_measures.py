"""Measures against numbers worked out by hand, chance against many shuffles."""

from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.engine.evaluate.chance import expected
from quire.engine.evaluate.interval import bootstrap
from quire.engine.evaluate.measures import MEASURES, MissingExtra, measure


def test_a_right_page_in_second_place_gets_the_textbook_values() -> None:
    values = measure({"q": {"a": 1}}, {"q": ["x", "a", "y"]})["q"]
    assert values["nDCG@5"] == pytest.approx(1 / log2(3))
    assert values["nDCG@10"] == pytest.approx(0.6309, abs=1e-4)
    assert (values["recall@1"], values["recall@5"], values["MRR@10"]) == (0.0, 1.0, 0.5)


def test_ndcg_weighs_grades_and_divides_by_the_ideal_order() -> None:
    values = measure({"q": {"a": 2, "b": 1}}, {"q": ["b", "x", "a"]})["q"]
    ideal = 2 / log2(2) + 1 / log2(3)
    assert values["nDCG@10"] == pytest.approx((1 / log2(2) + 2 / log2(4)) / ideal)
    assert values["recall@1"] == 0.5


def test_the_eleventh_place_counts_nowhere() -> None:
    ranking = [f"x{place}" for place in range(10)] + ["a"]
    assert set(measure({"q": {"a": 1}}, {"q": ranking})["q"].values()) == {0.0}


def test_a_question_that_found_nothing_scores_zero_and_still_counts() -> None:
    values = measure({"q": {"a": 1}, "r": {"a": 1}}, {"r": ["a"]})
    assert values["q"] == dict.fromkeys(MEASURES, 0.0)
    assert values["r"] == dict.fromkeys(MEASURES, 1.0)


def test_our_order_stands_whatever_the_ids_are_called() -> None:
    for ranking in (["a", "b"], ["b", "a"]):
        first = measure({"q": {"a": 1}}, {"q": ranking})["q"]["recall@1"]
        assert first == float(ranking[0] == "a")


def test_grades_of_zero_and_below_are_not_relevant() -> None:
    values = measure({"q": {"a": 0, "b": -1}}, {"q": ["a", "b"]})["q"]
    assert values == dict.fromkeys(MEASURES, 0.0)


def test_without_ir_measures_the_install_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ir_measures", None)
    with pytest.raises(MissingExtra, match=r"pip install 'quire\[evaluate\]'"):
        measure({"q": {"a": 1}}, {})


def test_chance_of_one_right_page_in_four_is_worked_out_by_hand() -> None:
    values = expected([1], 4)
    assert values["recall@1"] == 0.25
    assert values["recall@5"] == values["recall@10"] == 1.0
    assert values["MRR@10"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert values["nDCG@5"] == pytest.approx((1 + 1 / log2(3) + 1 / 2 + 1 / log2(5)) / 4)


@settings(deadline=None, max_examples=8)
@given(st.lists(st.integers(0, 3), max_size=4), st.integers(0, 20), st.booleans())
def test_chance_is_the_mean_of_many_shuffles(grades: list[int], more: int, loses: bool) -> None:
    pages = [str(page) for page in range(len(grades) + more)]
    lost = [1] if loses else []
    judged = dict(zip(pages, grades, strict=False)) | {f"lost{i}": g for i, g in enumerate(lost)}
    rng = np.random.default_rng(0)
    shuffles = {str(i): [pages[j] for j in rng.permutation(len(pages))] for i in range(1500)}
    values = measure(dict.fromkeys(shuffles, judged), shuffles)
    for name, value in expected(grades, len(pages), lost).items():
        drawn = [value[name] for value in values.values()]
        assert value == pytest.approx(np.mean(drawn), abs=5 * np.std(drawn) / 38 + 1e-9), name


def test_an_empty_pool_gives_chance_nothing() -> None:
    assert set(expected([], 0, [1]).values()) == {0.0}


def test_the_interval_is_the_same_for_the_same_seed_and_moves_with_it() -> None:
    values = [float(value) for value in np.random.default_rng(1).random(40)]
    assert bootstrap(values) == bootstrap(values)
    assert bootstrap(values, seed=1) != bootstrap(values)
    assert bootstrap(values, seed=1).mean == bootstrap(values).mean


def test_the_interval_has_the_width_of_the_normal_one() -> None:
    values = [0.0] * 200 + [1.0] * 200
    figure = bootstrap(values)
    assert figure.mean == 0.5
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * 0.5 / 20, rel=0.05)


def test_one_value_is_its_own_interval_and_none_has_no_mean() -> None:
    figure = bootstrap([0.25])
    assert (figure.mean, figure.low, figure.high) == (0.25, 0.25, 0.25)
    with pytest.raises(ValueError, match="at least one"):
        bootstrap([])
