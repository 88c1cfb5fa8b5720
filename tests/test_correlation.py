"""Spearman's correlation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.engine.evaluate.correlation import ranks, spearman, spearman_interval


def test_equal_values_share_the_mean_of_their_places() -> None:
    assert ranks(np.array([5.0, 1.0, 5.0, 9.0])).tolist() == [2.5, 1.0, 2.5, 4.0]


def test_one_swapped_pair_of_four_gives_four_fifths() -> None:
    # 1 - 6 * (1 + 1) / (4 * 15)
    assert spearman(np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4])) == pytest.approx(0.8)


def test_a_side_that_never_varies_says_nothing() -> None:
    assert spearman(np.ones(5), np.arange(5.0)) == 0.0


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=30, unique=True))
def test_only_the_order_counts(values: list[int]) -> None:
    a = np.array(values, dtype=float)
    assert spearman(a, np.exp(a / 10)) == pytest.approx(1.0)
    assert spearman(a, -a) == pytest.approx(-1.0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=30))
def test_it_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    a, b = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    if a.std() and b.std():
        assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)


def test_the_interval_holds_the_value_and_is_deterministic() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=101)
    b = a + rng.normal(size=101)
    figure = spearman_interval(a, b, draws=200)
    assert figure == spearman_interval(a, b, draws=200)
    assert figure.low < figure.mean < figure.high
    with pytest.raises(ValueError, match="at least one"):
        spearman_interval(a[:0], b[:0])
