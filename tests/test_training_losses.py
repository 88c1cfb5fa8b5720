"""What adapters are taught by, in numbers a person can check."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.adapters.train import late
from quire.adapters.train.agreement import agreement
from quire.adapters.train.cosent import cosent
from quire.adapters.train.encoded import Encoded, joined, of_rows
from quire.adapters.train.examples import Known, Pair
from quire.adapters.train.false_negatives import false_negatives
from quire.adapters.train.info_nce import info_nce
from quire.adapters.train.late import late_scores
from quire.adapters.train.matryoshka import dense_scores
from quire.adapters.train.objective import likeness_loss, scored_loss, search_loss
from quire.adapters.train.plan import Plan
from quire.engine.score.maxsim import maxsim
from quire.engine.score.packed import pack

NONE = torch.zeros(2, 2, dtype=torch.bool)
SECOND = torch.tensor([1, 1])


def rows(*items: list[list[float]]) -> Encoded:
    """Items of two-dimensional rows; their dense vectors are the first rows."""
    tensors = [torch.tensor(item) for item in items]
    return of_rows(tensors, torch.stack([t[0] for t in tensors]))


def test_a_late_score_is_the_mean_of_the_best_products() -> None:
    query = rows([[1.0, 0.0], [0.0, 1.0]])
    pages = rows([[1.0, 0.0], [0.0, 0.5]], [[0.6, 0.8]])
    torch.testing.assert_close(late_scores(query, pages), torch.tensor([[0.75, 0.7]]))


def test_query_rows_count_by_their_length_and_padding_not_at_all() -> None:
    queries = rows([[0.5, 0.0], [0.0, 1.0]], [[0.0, 1.0]])
    pages = rows([[1.0, 0.0], [0.0, -1.0]], [[0.0, 1.0]])
    by_hand = torch.tensor([[(0.5 + 0.0) / 1.5, 1.0 / 1.5], [0.0, 1.0]])
    torch.testing.assert_close(late_scores(queries, pages), by_hand)


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(1, 7), st.integers(0, 99))
def test_late_scores_are_those_of_search_whatever_is_held_at_once(
    n: int, m: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)

    def some(count: int) -> list[np.ndarray]:
        ragged = [rng.normal(size=(int(rng.integers(1, 6)), 8)) for _ in range(count)]
        return [(r / np.linalg.norm(r, axis=1)[:, None]).astype(np.float32) for r in ragged]

    queries, pages = some(n), some(m)
    sides = [of_rows([*map(torch.from_numpy, x)], torch.zeros(len(x), 1)) for x in (queries, pages)]
    plain = np.stack([maxsim(q, pack(pages)) / len(q) for q in queries])
    np.testing.assert_allclose(late_scores(*sides), plain, atol=1e-5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(late, "PRODUCTS", 1)
        np.testing.assert_allclose(late_scores(*sides), plain, atol=1e-5)


def test_a_right_answer_twice_as_likely_costs_the_logarithm_of_three_halves() -> None:
    scores = torch.tensor([[0.0, math.log(2)], [0.0, math.log(2)]])
    np.testing.assert_allclose(info_nce(scores, SECOND, 1.0, NONE), math.log(3 / 2), rtol=1e-6)
    np.testing.assert_allclose(info_nce(scores / 50, SECOND, 0.02, NONE), math.log(1.5), rtol=1e-5)


def test_a_candidate_that_is_left_out_costs_nothing_and_gets_no_gradient() -> None:
    scores = torch.tensor([[9.0, 0.0], [9.0, 0.0]], requires_grad=True)
    out = torch.tensor([[True, False], [True, False]])
    loss = info_nce(scores, SECOND, 1.0, out)
    loss.backward()
    assert loss == 0
    assert scores.grad is not None and scores.grad.abs().sum() == 0


def test_what_beats_the_right_answer_by_more_than_the_margin_is_left_out() -> None:
    scores = torch.tensor([[0.5, 0.59, 0.61], [0.2, 0.9, 0.9]])
    known = torch.tensor([[False] * 3, [False, False, True]])
    out = false_negatives(scores, torch.tensor([0, 1]), 0.1, known)
    assert out.tolist() == [[False, False, True], [False, False, True]]


def test_the_right_answer_is_never_left_out() -> None:
    known = torch.ones(1, 2, dtype=torch.bool)
    assert false_negatives(torch.tensor([[0.1, 0.9]]), torch.tensor([0]), 0.1, known).tolist() == [
        [False, True]
    ]


def test_equal_texts_and_other_answers_of_a_query_are_known_to_be_right() -> None:
    known = Known([Pair("q", "one"), Pair("q", "two"), Pair("r", "three")])
    assert known.table(["q", "r"], ["one", "two", "three", "q"]).tolist() == [
        [True, True, False, True],
        [False, False, True, False],
    ]


def test_dense_vectors_are_cut_and_lengthened_to_one() -> None:
    query, page = torch.tensor([[3.0, 4.0, 0.0]]), torch.tensor([[0.0, 4.0, 3.0]])
    short, whole = dense_scores(query, page, [2, 3])
    torch.testing.assert_close(short, torch.tensor([[0.8]]))
    torch.testing.assert_close(whole, torch.tensor([[16 / 25]]))


def test_agreement_is_the_divergence_of_two_distributions() -> None:
    dense, late_ = torch.log(torch.tensor([[0.5, 0.5]])), torch.log(torch.tensor([[0.9, 0.1]]))
    by_hand = 0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)
    found = agreement(dense, late_, 1.0, NONE[:1])
    np.testing.assert_allclose(found, by_hand, rtol=1e-5)
    assert agreement(dense, dense, 1.0, NONE[:1]).abs() < 1e-7


def test_agreement_moves_the_dense_scores_alone_and_only_those_that_count() -> None:
    dense = torch.tensor([[0.1, 0.2, 0.9]], requires_grad=True)
    late_ = torch.tensor([[0.3, 0.1, 0.2]], requires_grad=True)
    agreement(dense, late_, 0.02, torch.tensor([[False, False, True]])).backward()
    assert late_.grad is None
    assert dense.grad is not None
    assert torch.isfinite(dense.grad).all()
    assert dense.grad[0, 2] == 0


def test_cosent_counts_every_pair_of_pairs_in_the_wrong_order() -> None:
    likeness, scores = torch.tensor([0.9, 0.5, 0.4]), torch.tensor([1.0, 3.0, 2.0])
    wrong = [0.9 - 0.5, 0.4 - 0.5, 0.9 - 0.4]  # (2nd, 1st), (2nd, 3rd), (3rd, 1st)
    by_hand = math.log(1 + sum(math.exp(s / 0.05) for s in wrong))
    np.testing.assert_allclose(cosent(likeness, scores, 0.05), by_hand, rtol=1e-5)


def test_cosent_of_equal_scores_is_nothing() -> None:
    assert cosent(torch.tensor([0.1, 0.9]), torch.tensor([2.0, 2.0]), 0.05) == 0


def test_scores_on_any_scale_give_the_same_cosent() -> None:
    likeness, scores = torch.rand(8), torch.rand(8)
    found = cosent(likeness, scores, 0.05)
    torch.testing.assert_close(found, cosent(likeness, 100 * scores - 7, 0.05))


def test_a_perfect_model_has_next_to_no_loss() -> None:
    both = rows([[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0]])
    right = torch.arange(2)
    terms = search_loss(Plan(), [2], both, both, right, torch.eye(2, dtype=torch.bool))
    assert sorted(terms) == ["agreement", "dense", "late"]
    assert sum(terms.values()) < 1e-6


def test_a_model_whose_row_is_its_dense_vector_has_nothing_to_agree_on() -> None:
    both = rows([[1.0, 0.0]], [[0.0, 1.0]])
    assert "agreement" not in search_loss(Plan(), [2], both, both, torch.arange(2), NONE)


def test_terms_weigh_what_the_plan_says() -> None:
    one, other = rows([[1.0, 0.0]], [[0.6, 0.8]]), rows([[0.8, 0.6]], [[0.0, 1.0]])
    light = search_loss(Plan(), [2], one, other, torch.arange(2), NONE)
    heavy = search_loss(Plan(late_weight=3.0), [2], one, other, torch.arange(2), NONE)
    torch.testing.assert_close(heavy["late"], 3 * light["late"])
    torch.testing.assert_close(heavy["dense"], light["dense"])


def test_similarity_is_taught_at_every_length() -> None:
    one, other = rows([[1.0, 0.0]], [[0.6, 0.8]]), rows([[0.8, 0.6]], [[0.0, 1.0]])
    scores = torch.tensor([1.0, 2.0])
    both = scored_loss(Plan(), [1, 2], one, other, scores)["order"]
    each = [scored_loss(Plan(), [d], one, other, scores)["order"] for d in (1, 2)]
    torch.testing.assert_close(both, (each[0] + each[1]) / 2)
    assert likeness_loss(Plan(), [2], one, other, torch.arange(2), NONE).keys() == {"dense"}


def test_joined_batches_keep_their_rows() -> None:
    parts = [rows([[1.0, 0.0]]), rows([[0.0, 1.0], [0.6, 0.8]])]
    whole = joined(parts)
    assert whole.rows.shape == (2, 2, 2)
    assert whole.real.tolist() == [[True, False], [True, True]]
    torch.testing.assert_close(late_scores(whole, whole), late_scores(whole, joined([whole])))
