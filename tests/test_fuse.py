"""Fusing lists of scores: hand numbers, and what must hold for any scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.engine.search.fuse import (
    MOST,
    NEARER,
    RANK_CONSTANT,
    RANK_MOST,
    WEIGHTS,
    best_first,
    by_looks,
    fuse_ranks,
    fuse_scores,
    ranks,
    standardise,
    weigh,
)

EQUAL = {"visual": 1.0, "text": 1.0}
NAN, INF = np.nan, np.inf


def test_standardised_scores_have_mean_0_and_deviation_1() -> None:
    np.testing.assert_allclose(standardise(np.array([1.0, 2, 3])), [-1.2247, 0, 1.2247], atol=1e-4)


def test_a_list_without_spread_prefers_no_page() -> None:
    assert standardise(np.array([7.0, 7, 7])).tolist() == [0, 0, 0]
    assert standardise(np.array([0.1 + 0.2, 0.3])).tolist() == [0, 0]
    assert standardise(np.array([NAN, NAN])).tolist() == [0, 0]


def test_no_evidence_is_neutral_and_minus_infinity_is_last() -> None:
    standard = standardise(np.array([0.0, 2.0, NAN, -INF]))
    np.testing.assert_allclose(standard, [-1, 1, 0, -1])


def test_the_weighted_sum_by_hand() -> None:
    lists = {"visual": np.array([0.0, 2, 0, 2]), "text": np.array([4.0, 0, 0, 4])}
    total, used = fuse_scores(lists, {"visual": 1.0, "text": 0.5})
    np.testing.assert_allclose(total, [-0.5, 0.5, -1.5, 1.5])
    assert used == {"visual": 1.0, "text": 0.5}


def test_a_text_list_that_says_nothing_leaves_the_order_to_the_other() -> None:
    visual = np.array([3.0, 9.0, 6.0])
    for text in (np.zeros(3), np.full(3, NAN)):
        for fuse in (fuse_scores, fuse_ranks):
            total, used = fuse({"visual": visual, "text": text})
            assert used["text"] == 0 and used["visual"] > 0
            assert best_first(total).tolist() == [1, 2, 0]


def test_a_page_without_text_is_not_punished_for_it() -> None:
    lists = {"visual": np.array([5.0, 1.0, 1.0]), "text": np.array([NAN, 0.0, 3.0])}
    assert best_first(fuse_scores(lists, EQUAL)[0])[0] == 0


def test_reciprocal_ranks_by_hand() -> None:
    lists = {"visual": np.array([3.0, 1.0, 2.0]), "text": np.array([0.0, 8.0, 0.0])}
    total, _ = fuse_ranks(lists, EQUAL, constant=10.0)
    np.testing.assert_allclose(total, [1 / 11, 1 / 11, 1 / 12])


def test_equal_scores_keep_the_order_of_the_pages() -> None:
    assert best_first(np.array([1.0, 2.0, 1.0, NAN, 2.0, -INF])).tolist() == [1, 4, 0, 2, 3, 5]
    assert ranks(np.array([1.0, 2.0, 1.0])).tolist() == [2, 1, 3]


def test_lists_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"lists of \[1, 2\] scores"):
        fuse_scores({"visual": np.zeros(2), "text": np.zeros(1)})


scores = st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=20).map(np.array)


@given(scores, st.floats(0.5, 20), st.floats(-100, 100))
def test_neither_unit_nor_origin_of_a_list_matters(
    values: np.ndarray, unit: float, origin: float
) -> None:
    if values.std() > 1e-3:
        np.testing.assert_allclose(
            standardise(values), standardise(values * unit + origin), atol=1e-6
        )


@given(scores)
def test_a_list_fused_with_itself_keeps_its_order(values: np.ndarray) -> None:
    total, _ = fuse_scores({"visual": values, "text": values})
    if weigh({"visual": values})["visual"]:
        assert total[best_first(values)[0]] == total.max()


@given(scores)
def test_fused_scores_are_finite_whatever_is_missing(values: np.ndarray) -> None:
    holes = np.where(values > 10, NAN, np.where(values < -10, -INF, values))
    for fuse in (fuse_scores, fuse_ranks):
        assert np.isfinite(fuse({"visual": values, "text": holes})[0]).all()


def test_a_list_that_tells_which_page_and_not_whether_any_is_lowered_as_a_whole() -> None:
    """Code pages are 0 to 3; the words know page 4 alone well."""
    code = np.array([4.0, 0.0, 0.0, 0.0, np.nan])
    total, used = fuse_scores({"code": code, "text": np.zeros(5)})
    best = WEIGHTS["code"] * np.sqrt(3)  # of one page among four, in deviations
    assert used == {"code": WEIGHTS["code"], "text": 0.0} and best > MOST["code"]
    assert total[0] == pytest.approx(MOST["code"]) and total[4] == 0
    assert total[0] - total[1] == pytest.approx(best + WEIGHTS["code"] / np.sqrt(3))
    assert fuse_scores({"code": code}, {"code": 0.1})[0][0] == pytest.approx(0.1 * np.sqrt(3))


def test_by_rank_the_same_list_is_lowered_too() -> None:
    code, text = np.array([2.0, 1.0, 0.0, np.nan]), np.array([0.0, 0.0, 0.0, 5.0])
    total, _ = fuse_ranks({"code": code, "text": text})
    first = RANK_MOST["code"] / (RANK_CONSTANT + 1)
    assert total[0] == pytest.approx(first) and total[3] > total[0] > total[1] > total[2]


def test_code_and_pictures_stand_in_one_list_on_one_scale() -> None:
    visual, code = np.array([1.0, np.nan, 3.0]), np.array([np.nan, 3.1, np.nan])
    both = by_looks({"visual": visual, "code": code}, {"visual": 4.0, "code": 8.0})
    np.testing.assert_allclose(both, [1.0, 3.1 / 2 - 4 * NEARER, 3.0])
    assert by_looks({"visual": visual}, {}) is visual and by_looks({"code": code}, {}) is code
