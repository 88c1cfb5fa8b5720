"""The fused kernel: it is held to the plain definition, on vectors of both sizes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.engine.score import tiles
from quire.engine.score.lanes import Shape
from quire.engine.score.machine import features
from quire.engine.score.maxsim import maxsim
from quire.engine.score.packed import Packed, pack
from quire.engine.score.reference import maxsim_plain
from quire.engine.score.tiles import Tiled, shape_here, tiled

WIDE = {"avx512f", "avx512bw"} <= features()
HERE = [
    pytest.param(lanes, marks=pytest.mark.skipif(not there, reason="not on this processor"))
    for lanes, there in ((16, WIDE), (8, {"avx2", "fma", "f16c"} <= features()))
]
WHOLE = [
    pytest.param(lanes, marks=pytest.mark.skipif(not there, reason="not on this processor"))
    for lanes, there in ((16, WIDE and "avx512vnni" in features()), (8, "avx2" in features()))
]
DTYPES = [np.float16, np.float32]


def some_pages(seed: int, lengths: list[int], dim: int, dtype: type) -> Packed:
    rng = np.random.default_rng(seed)
    return pack([rng.normal(size=(n, dim)).astype(dtype) for n in lengths], dim=dim)


def a_query(seed: int, rows: int, dim: int) -> np.ndarray:
    return np.random.default_rng(1_000 + seed).normal(size=(rows, dim)).astype(np.float32)


def laid(query: np.ndarray, pages: Packed, lanes: int) -> Tiled:
    found = tiled(query, pages.rows, Shape(pages.rows.dtype.name, lanes))
    assert found is not None
    return found


def scored(query: np.ndarray, pages: Packed, lanes: int) -> np.ndarray:
    best = laid(query, pages, lanes).best(pages.rows, pages.offsets[:-1], pages.offsets[1:])
    scores: np.ndarray = best.sum(axis=0)
    return scores


@pytest.mark.parametrize("lanes", HERE)
@pytest.mark.parametrize("dtype", DTYPES)
@given(
    lengths=st.lists(st.integers(1, 70), min_size=1, max_size=6),
    q=st.integers(1, 45),
    dim=st.sampled_from([32, 64, 128, 320]),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=30)
def test_the_kernel_equals_the_plain_way(
    lanes: int, dtype: type, lengths: list[int], q: int, dim: int, seed: int
) -> None:
    pages, query = some_pages(seed, lengths, dim, dtype), a_query(seed, q, dim)
    plain = maxsim_plain(query, pages)
    np.testing.assert_allclose(scored(query, pages, lanes), plain, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("lanes", WHOLE)
@given(
    lengths=st.lists(st.integers(1, 70), min_size=1, max_size=6),
    q=st.integers(1, 45),
    dim=st.sampled_from([64, 128, 320]),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=30)
def test_whole_numbers_are_multiplied_exactly(
    lanes: int, lengths: list[int], q: int, dim: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(-128, 128, (sum(lengths), dim), np.int8)
    query = rng.integers(-127, 128, (q, dim), np.int8)
    rows[0], query[0] = -128, 127  # the largest sums
    ends = np.cumsum(lengths)
    found = tiled(query, rows, Shape("int8", lanes))
    assert found is not None
    products = query.astype(np.int64) @ rows.T.astype(np.int64)
    parts = np.split(products, ends[:-1], axis=1)
    plain = np.stack([part.max(axis=1) for part in parts], axis=1)
    np.testing.assert_array_equal(found.best(rows, ends - lengths, ends), plain)


@pytest.mark.parametrize("lanes", HERE)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_page_scores_the_same_bits_alone_and_in_any_batch(lanes: int, dtype: type) -> None:
    pages, query = some_pages(1, [700, 1, 33, 32, 31, 5], 64, dtype), a_query(1, 20, 64)
    together = scored(query, pages, lanes)
    for i, score in enumerate(together):
        assert scored(query, pages.select([i]), lanes).tolist() == [score]


@pytest.mark.parametrize("lanes", HERE)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 31, 32, 40])
def test_a_row_that_is_not_finite_makes_its_page_nothing_else(
    lanes: int, dtype: type, wrong: float, row: int
) -> None:
    pages, query = some_pages(2, [9, 41, 50], 64, dtype), np.abs(a_query(2, 23, 64))
    pages.rows[9 + row, 5] = wrong
    query[:, 7] = 0
    best = laid(query, pages, lanes).best(pages.rows, pages.offsets[:-1], pages.offsets[1:])
    assert np.isnan(best).all(axis=0).tolist() == [False, True, False]
    assert np.isfinite(best[:, [0, 2]]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_such_a_page_is_named_to_every_query(dtype: type, wrong: float) -> None:
    pages = some_pages(2, [9, 0, 41], 64, dtype)
    pages.rows[30, 5] = wrong
    queries = [np.abs(a_query(2, 3, 64)), a_query(3, 0, 64), a_query(4, 30, 64)]
    with pytest.raises(ValueError, match="page 2 has rows that are not finite"):
        maxsim(queries, pages)


@pytest.mark.skipif(shape_here("float16") is None, reason="no kernel for this processor")
@given(st.lists(st.integers(0, 70), min_size=1, max_size=9), st.integers(0, 30), st.booleans())
@settings(deadline=None, max_examples=30)
def test_the_kernel_and_torch_agree(lengths: list[int], q: int, half: bool) -> None:
    pages = some_pages(5, lengths, 64, np.float16 if half else np.float32)
    queries = [a_query(5, q, 64), a_query(6, 0, 64), a_query(7, 2, 64)]
    asked, used = tiles.tiled, []

    def noted(*given: np.ndarray) -> Tiled | None:
        used.append(asked(*given))
        return used[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "tiled", noted)
        fused = maxsim(queries, pages)
        patch.setattr(tiles, "tiled", lambda *_: None)
        by_torch = maxsim(queries, pages)
    assert isinstance(used[0], Tiled)
    np.testing.assert_allclose(fused, by_torch, rtol=1e-5, atol=1e-4)


def test_what_the_kernel_cannot_do_is_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def takes(q: int, dim: int) -> bool:
        return tiled(a_query(0, q, dim), np.zeros((4, dim), np.float16)) is not None

    assert not takes(0, 64) and not takes(3, 0) and not takes(3, 7) and not takes(3, 72)
    assert takes(3, 64) == (shape_here("float16") is not None)
    every_other = np.zeros((4, 128), np.float16)[:, ::2]
    assert tiled(a_query(0, 3, 64), every_other) is None
    monkeypatch.setattr(tiles, "features", lambda: frozenset({"avx2", "fma"}))
    assert not takes(3, 64)


def test_a_processor_gets_the_vectors_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"avx2", "fma", "f16c"}
    for has, floating, whole in [
        (set(), None, None),
        (few, 8, 8),
        (few | {"avx512f", "avx512bw"}, 16, 8),
        (few | {"avx512f", "avx512bw", "avx512vnni"}, 16, 16),
    ]:
        monkeypatch.setattr(tiles, "features", lambda has=has: frozenset(has))
        lanes = [shape and shape.lanes for shape in map(shape_here, ("float16", "float32", "int8"))]
        assert lanes == [floating, floating, whole]
