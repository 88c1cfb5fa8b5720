"""Codes estimate MaxSim: how far off they may be, and that the fast ways equal the plain ones."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.engine.score import bits, int8, sift, tiles
from quire.engine.score.asked import asked
from quire.engine.score.bits import decode_bits, encode_bits, levels, rotation, score_bits
from quire.engine.score.int8 import Int8Codes, encode_int8
from quire.engine.score.maxsim import maxsim
from quire.engine.score.packed import Packed, pack
from quire.engine.score.popcount import LANES
from quire.engine.score.reference import maxsim_plain
from quire.engine.score.sift import sift_bits


def unit_pages(seed: int, lengths: list[int], dim: int = 128) -> Packed:
    """Rows of length 1 that share a direction, as those of real pages do."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=dim)
    pages = [rng.normal(size=(n, dim)) + shared for n in lengths]
    unit = [page / np.maximum(np.linalg.norm(page, axis=1, keepdims=True), 1e-9) for page in pages]
    return pack([page.astype(np.float16) for page in unit], dim=dim)


def a_query(seed: int, rows: int, dim: int = 128) -> np.ndarray:
    """Rows of very different lengths: the length is the weight."""
    rng = np.random.default_rng(1_000 + seed)
    return (rng.normal(size=(rows, dim)) * rng.random((rows, 1)) ** 3).astype(np.float32)


some = st.lists(st.integers(0, 40), min_size=1, max_size=9)


@given(some, st.integers(0, 9), st.sampled_from([7, 64, 128, 320]), st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_int8_is_no_further_off_than_it_says(
    lengths: list[int], q: int, dim: int, seed: int
) -> None:
    pages, query = unit_pages(seed, lengths, dim), a_query(seed, q, dim)
    codes = encode_int8(pages)
    one, largest = np.abs(query).sum(axis=1), np.abs(query).max(axis=1, initial=0)
    half = codes.scales[:, None] / 2
    bound = one * half + largest / 127 / 2 * (np.sqrt(dim) * 1.001 + dim * half)
    scores, plain = maxsim(query, codes), maxsim_plain(query, pages)
    filled = pages.lengths > 0
    assert np.isneginf(scores[~filled]).all() and np.isfinite(scores[filled]).all()
    assert (np.abs(scores[filled] - plain[filled]) <= bound.sum(axis=1)[filled] + 1e-5).all()


def test_int8_products_in_whole_numbers_and_in_floats_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codes, query = encode_int8(unit_pages(3, [700, 0, 31, 1])), a_query(3, 20)
    found = [maxsim(query, codes)]  # by the fused kernel, where there is one
    monkeypatch.setattr(tiles, "tiled", lambda *_: None)
    assert int8._whole_is_exact()
    found.append(maxsim(query, codes))
    monkeypatch.setattr(int8, "_whole_is_exact", lambda: False)
    found.append(maxsim(query, codes))
    np.testing.assert_array_equal(found[1:], found[:-1])


def test_the_largest_int8_numbers_do_not_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.full((3, 1024), 127, dtype=np.int8)
    codes = Int8Codes(rows, np.array([0, 3]), np.array([1 / 127], np.float32))
    query = np.ones((1, 1024), np.float32)
    assert maxsim(query, codes).tolist() == [1024]
    monkeypatch.setattr(tiles, "tiled", lambda *_: None)
    assert maxsim(query, codes).tolist() == [1024]
    monkeypatch.setattr(int8, "_whole_is_exact", lambda: False)
    assert maxsim(query, codes).tolist() == [1024]


@given(some, st.integers(0, 9), st.sampled_from([7, 64, 128, 320]), st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_bits_score_as_the_rows_they_stand_for(
    lengths: list[int], q: int, dim: int, seed: int
) -> None:
    pages, query = unit_pages(seed, lengths, dim), a_query(seed, q, dim)
    codes = encode_bits(pages)
    assert len(codes) == len(pages) and codes.dim == dim
    turned = query @ rotation(dim)
    whole, scales = levels(turned)
    off = np.abs(turned - whole * scales[:, None]).sum() * codes.factors.max(initial=0)
    scores, decoded = maxsim(query, codes), maxsim_plain(query, decode_bits(codes))
    filled = pages.lengths > 0
    assert np.isneginf(scores[~filled]).all() and np.isfinite(scores[filled]).all()
    assert (np.abs(scores[filled] - decoded[filled]) <= off * 1.01 + 1e-4).all()


def test_the_compiled_scan_counts_as_numpy_does() -> None:
    codes, query = encode_bits(unit_pages(5, [33, 0, 16, 700])), a_query(5, 7)
    whole, scales = levels(query @ rotation(128))
    turned = (decode_bits(codes).rows - codes.centre) @ rotation(128)
    matches = (whole * scales[:, None]) @ turned.T
    starts = codes.offsets * LANES
    plain = [matches[:, a:b].max(axis=1).sum() if b > a else -np.inf for a, b in pairwise(starts)]
    found = score_bits(asked([query], 128), codes, 1)[0]
    centre = float((query @ codes.centre).sum())
    np.testing.assert_allclose(found - centre, plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("planes", [1, 2, 3, 4])
@pytest.mark.parametrize("q", [1, 2, 7, 8])
def test_a_query_of_fewer_bits_counts_as_numpy_does(planes: int, q: int) -> None:
    codes, query = encode_bits(unit_pages(5, [33, 0, 16, 70])), a_query(5, q)
    whole, scales = levels(query @ rotation(128), planes)
    assert np.abs(whole).max() < 2**planes and (whole % 2 == 1).all()
    rounded = (whole * scales[:, None]).astype(np.float32) @ rotation(128).T
    found = score_bits(asked([query], 128), codes, 1, planes=planes)[0]
    centre = float(((query - rounded) @ codes.centre).sum())
    np.testing.assert_allclose(
        found, maxsim_plain(rounded, decode_bits(codes)) + centre, rtol=1e-4, atol=1e-4
    )


def test_two_passes_give_the_likely_pages_the_finer_estimate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codes = encode_bits(unit_pages(8, [*range(0, 20), *range(20, 0, -1)] * 3))
    queries = asked([a_query(8, 5), a_query(9, 0), a_query(10, 3)], 128)
    fine = score_bits(queries, codes, 1)
    np.testing.assert_array_equal(sift_bits(queries, codes, 1), fine)  # few pages: all are likely
    monkeypatch.setattr(sift, "LEAST", 12)
    for found, wanted in zip(sift_bits(queries, codes, 1), fine, strict=True):
        first = np.argsort(-found, kind="stable")[:12]
        np.testing.assert_array_equal(found[first], wanted[first])
        assert np.isneginf(found).tolist() == np.isneginf(wanted).tolist()
    few = np.arange(0, 120, 3)
    monkeypatch.setattr(sift, "LEAST", 3)
    np.testing.assert_array_equal(
        np.isneginf(sift_bits(queries, codes, 1, few)), np.isneginf(fine[:, few])
    )


def test_only_the_chosen_pages_are_scanned_in_any_order() -> None:
    codes, query = encode_bits(unit_pages(6, [20, 3, 0, 50, 7])), asked([a_query(6, 4)], 128)
    every = score_bits(query, codes, 1)[0]
    chosen = np.array([4, 0, 0, 2])
    np.testing.assert_array_equal(score_bits(query, codes, 2, chosen=chosen)[0], every[chosen])


def test_the_sizes_of_codes_are_what_is_said() -> None:
    pages = unit_pages(0, [700])
    assert encode_int8(pages).nbytes == 700 * 128 + 4
    assert encode_bits(pages).nbytes == 704 * (16 + 2)


def test_two_thousand_query_rows_and_one_are_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = unit_pages(9, [64, 700, 2])
    for rows in (1, 2_000):
        query = a_query(9, rows)
        exact = maxsim_plain(query, pages)
        assert np.abs(maxsim(query, encode_int8(pages)) - exact).max() < 0.03 * rows
        monkeypatch.setattr(tiles, "tiled", lambda *_: None)
        monkeypatch.setattr(int8, "BLOCK_PRODUCTS", 10_000)
        assert np.abs(maxsim(query, encode_int8(pages)) - exact).max() < 0.03 * rows
        assert np.isfinite(maxsim(query, encode_bits(pages))).all()


@pytest.mark.parametrize("encode", [encode_int8, encode_bits])
def test_rows_that_are_not_finite_get_no_code(encode: object) -> None:
    pages = unit_pages(0, [2, 3])
    pages.rows[3, 0] = np.nan
    with pytest.raises(ValueError, match="page 1 has rows that are not finite"):
        encode(pages)  # type: ignore[operator]


@pytest.mark.parametrize("encode", [encode_int8, encode_bits])
def test_no_pages_have_codes_too(encode: object) -> None:
    codes = encode(pack([], dim=128))  # type: ignore[operator]
    assert maxsim(a_query(0, 2), codes).shape == (0,)


def test_the_rotation_is_always_the_same() -> None:
    turn = rotation(128)
    np.testing.assert_allclose(turn @ turn.T, np.eye(128), atol=1e-5)
    assert turn[0, :3].tolist() == pytest.approx(FIRST, abs=1e-5)
    assert rotation(100).shape == (100, 128) and bits.SEED == 20_240


FIRST = [-0.0615552, -0.0265964, -0.0737352]
