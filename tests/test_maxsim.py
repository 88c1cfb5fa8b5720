"""The score of a page: what it is, at its edges, and that the fast way equals the plain one."""

import threading

import numpy as np
import pytest
import torch
from golden import arrays, golden
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.engine.score import floats
from quire.engine.score.maxsim import maxsim
from quire.engine.score.packed import Packed, pack
from quire.engine.score.reference import maxsim_plain


def random_pages(seed: int, lengths: list[int], dim: int, dtype: type = np.float32) -> Packed:
    rng = np.random.default_rng(seed)
    return pack([rng.normal(size=(n, dim)).astype(dtype) for n in lengths], dim=dim)


def test_each_query_row_takes_its_best_page_row_and_the_bests_are_summed() -> None:
    query = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    page = np.array([[1.0, 0.0], [0.0, 0.5]], dtype=np.float32)
    assert maxsim(query, pack([page])).tolist() == [1.5]


def test_the_length_of_a_query_row_is_its_weight() -> None:
    query = np.array([[3.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    page = np.array([[1.0, 0.0], [0.0, 0.5]], dtype=np.float32)
    assert maxsim(query, pack([page])).tolist() == [3.5]


def test_a_negative_best_stays_negative_beside_a_longer_page() -> None:
    query = np.array([[1.0, 0.0]], dtype=np.float32)
    short = np.array([[-0.5, 0.0]], dtype=np.float32)
    long = np.array([[0.2, 0.0]] * 7, dtype=np.float32)
    np.testing.assert_allclose(maxsim(query, pack([short, long])), [-0.5, 0.2], rtol=1e-6)


def test_a_page_without_rows_scores_minus_infinity_wherever_it_stands() -> None:
    query = np.ones((2, 3), dtype=np.float32)
    scores = maxsim(query, random_pages(0, [0, 4, 0, 0, 2, 0], 3))
    assert np.isneginf(scores).tolist() == [True, False, True, True, False, True]


def test_no_pages_give_no_scores_and_no_query_rows_give_zero() -> None:
    assert maxsim(np.ones((2, 3), np.float32), pack([], dim=3)).shape == (0,)
    assert maxsim(np.zeros((0, 3), np.float32), random_pages(0, [2, 1], 3)).tolist() == [0, 0]


def test_another_width_is_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match="query rows have 2 dimensions, page rows 3"):
        maxsim(np.ones((1, 2), np.float32), random_pages(0, [2], 3))


lengths = st.lists(st.integers(0, 9), min_size=1, max_size=12)


@given(lengths, st.integers(0, 7), st.sampled_from([1, 7, 128]), st.booleans(), st.integers(0, 99))
@settings(deadline=None)
def test_the_fast_way_equals_the_plain_one(
    lengths: list[int], q: int, dim: int, half: bool, seed: int
) -> None:
    query = np.random.default_rng(seed + 100).normal(size=(q, dim)).astype(np.float32)
    query /= np.sqrt(dim)
    packed = random_pages(seed, lengths, dim, np.float16 if half else np.float32)
    np.testing.assert_allclose(
        maxsim(query, packed), maxsim_plain(query, packed), rtol=1e-5, atol=1e-5
    )


@given(lengths, st.integers(0, 99))
@settings(deadline=None)
def test_a_page_scores_the_same_alone_and_in_a_batch(lengths: list[int], seed: int) -> None:
    query = np.random.default_rng(seed).normal(size=(3, 16)).astype(np.float32)
    packed = random_pages(seed, lengths, 16)
    alone = [maxsim(query, packed.select([i]))[0] for i in range(len(packed))]
    np.testing.assert_allclose(maxsim(query, packed), alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("limit", [1, 7, 1023])
def test_the_size_of_a_block_changes_no_score(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = random_pages(1, [3, 0, 8, 1, 30, 7], 16, np.float16)
    query = np.random.default_rng(2).normal(size=(5, 16)).astype(np.float32)
    monkeypatch.setattr(floats, "BLOCK_ROWS", limit)
    np.testing.assert_allclose(maxsim(query, packed), maxsim_plain(query, packed), rtol=1e-5)


@pytest.mark.parametrize("threads", [1, 3])
def test_several_queries_at_once_score_as_one_after_the_other(threads: int) -> None:
    rng = np.random.default_rng(7)
    packed = random_pages(6, [40, 0, 3, 700], 16, np.float16)
    queries = [rng.normal(size=(q, 16)).astype(np.float32) for q in (3, 0, 1, 2_000)]
    together = maxsim(queries, packed, threads=threads)
    assert together.shape == (4, 4) and together.dtype == np.float32
    for query, scores in zip(queries, together, strict=True):
        np.testing.assert_allclose(scores, maxsim_plain(query, packed), rtol=1e-5, atol=1e-4)
    assert maxsim([], packed).shape == (0, 4)


def test_scoring_leaves_the_threads_of_torch_as_they_were() -> None:
    before = torch.get_num_threads()
    maxsim(np.ones((1, 4), np.float32), random_pages(0, [3], 4), threads=2)
    seen: list[int] = []
    fresh = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    fresh.start()
    fresh.join()
    assert torch.get_num_threads() == before and seen == [before]
    with pytest.raises(ValueError, match="threads=0: use at least 1"):
        maxsim(np.ones((1, 4), np.float32), random_pages(0, [3], 4), threads=0)


def test_numbers_that_are_not_finite_are_refused_and_the_page_is_named() -> None:
    packed = random_pages(0, [3, 4, 2], 4)
    packed.rows[5, 1] = np.nan
    with pytest.raises(ValueError, match="page 1 has rows that are not finite"):
        maxsim(np.ones((2, 4), np.float32), packed)
    with pytest.raises(ValueError, match="the query holds numbers that are not finite"):
        maxsim(np.full((2, 4), np.inf, np.float32), random_pages(0, [3], 4))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_gpu_gives_the_same_scores(dtype: type) -> None:
    packed = random_pages(3, [700, 0, 1, 333, 64], 128, dtype)
    query = np.random.default_rng(4).normal(size=(20, 128)).astype(np.float32)
    np.testing.assert_allclose(
        maxsim(query, packed, device="cuda"), maxsim_plain(query, packed), rtol=1e-4
    )


def test_arrays_that_may_not_be_written_to_are_scored_without_a_warning() -> None:
    packed = random_pages(5, [3, 2], 4)
    packed.rows.flags.writeable = False
    query = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(maxsim(query, packed), maxsim_plain(query, packed), rtol=1e-5)


def test_golden_values_of_an_independent_float64_loop() -> None:
    home = golden("maxsim", "inputs/vectors.safetensors")
    vectors = arrays(home, "inputs/vectors.safetensors")
    expected = arrays(home, "expected/scores.safetensors")
    names = [key.partition(".")[0] for key in expected if key.endswith(".float64_loop")]
    assert names
    for name in names:
        right = expected[f"{name}.float64_loop"]
        packed = pack([vectors[f"{name}.d.{j}"] for j in range(right.shape[1])])
        close = 1e-6 * np.abs(right).max()
        for i, row in enumerate(right):
            query = vectors[f"{name}.q.{i}"]
            np.testing.assert_allclose(maxsim(query, packed), row, rtol=0, atol=close)
            np.testing.assert_allclose(maxsim_plain(query, packed), row, rtol=0, atol=1e-9)
            mean = expected[f"{name}.mean_float64_loop"][i]
            np.testing.assert_allclose(maxsim(query, packed) / len(query), mean, 0, close)
