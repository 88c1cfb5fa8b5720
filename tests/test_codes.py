"""Codes estimate MaxSim: how far off they may be, and that the fast ways equal the plain ones."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.engine.score import bits, int8, lookup, tiles
from quire.engine.score.asked import asked
from quire.engine.score.bits import (
    decode_bits,
    encode_bits,
    look_ups,
    plain_scan,
    rotation,
    scan_bits,
    scanning,
    score_bits,
)
from quire.engine.score.int8 import Int8Codes, encode_int8
from quire.engine.score.machine import features
from quire.engine.score.maxsim import maxsim
from quire.engine.score.packed import Packed, pack
from quire.engine.score.reference import maxsim_plain


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
    if int8._whole_is_right():
        found.append(maxsim(query, codes))
    monkeypatch.setattr(int8, "_whole_is_right", lambda: False)
    found.append(maxsim(query, codes))
    np.testing.assert_array_equal(found[1:], found[:-1])


def test_the_largest_int8_numbers_do_not_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.full((3, 1024), 127, dtype=np.int8)
    codes = Int8Codes(rows, np.array([0, 3]), np.array([1 / 127], np.float32))
    query = np.ones((1, 1024), np.float32)
    assert maxsim(query, codes).tolist() == [1024]
    monkeypatch.setattr(tiles, "tiled", lambda *_: None)
    assert maxsim(query, codes).tolist() == [1024]
    monkeypatch.setattr(int8, "_whole_is_right", lambda: False)
    assert maxsim(query, codes).tolist() == [1024]


@given(some, st.integers(0, 9), st.sampled_from([7, 64, 128, 320]), st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_bits_score_as_the_rows_they_stand_for(
    lengths: list[int], q: int, dim: int, seed: int
) -> None:
    pages, query = unit_pages(seed, lengths, dim), a_query(seed, q, dim)
    codes = encode_bits(pages)
    assert len(codes) == len(pages) and codes.dim == dim
    scores, decoded = maxsim(query, codes), maxsim_plain(query, decode_bits(codes))
    filled = pages.lengths > 0
    assert np.isneginf(scores[~filled]).all() and np.isfinite(scores[filled]).all()
    off = most_off(query, codes)
    assert (np.abs(scores[filled] - decoded[filled]) <= off[filled] * 1.01 + 1e-4).all()


def most_off(query: np.ndarray, codes: bits.BitCodes) -> np.ndarray:
    """Of each page: half a step for each look-up times the largest factor, and of the product's
    lower 16 bits, which are dropped, as much as one."""
    tables, _, steps = look_ups(query @ rotation(codes.dim))
    fours = tables.shape[1]
    dropped = 2.0**16 / (32_767 // (15 * fours) // 2 + 1)
    return float(steps.sum()) * (fours / 2 * 32_767 + dropped) * codes.scales


@pytest.mark.parametrize(
    ("vector", "wide"), [(16, 32), (32, 32), (16, 64), (32, 64), (64, 64), (None, 32)]
)
@pytest.mark.parametrize("dim", [7, 128, 320])
@pytest.mark.parametrize("q", [1, 4, 7])
def test_processors_of_all_kinds_find_the_same(
    vector: int | None, wide: int, dim: int, q: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`wide`: what is loaded at once; only with AVX-512 is it looked up at once, too."""
    pages, query = unit_pages(5, [33, 0, 16, 700], dim), a_query(5, q, dim)
    codes = encode_bits(pages)
    plain = maxsim_plain(query, decode_bits(codes))
    if vector is not None and NEEDS[vector] - features():
        pytest.skip(f"this processor does not look up {vector} bytes at once")
    if wide == 64 and codes.octets.shape[1] % 8:
        pytest.skip("rows this short are not looked up 64 bytes at once")
    monkeypatch.setattr(bits, "vector_here", lambda octets: vector)
    monkeypatch.setattr(lookup, "wide", lambda vector: wide)
    monkeypatch.setattr(lookup, "_made", {})
    found = score_bits(asked([query], dim), codes, 1)[0]
    assert np.isneginf(found[1]) and np.isneginf(plain[1])
    full = np.array([0, 2, 3])
    off = most_off(query, codes) if vector else np.full(4, 1e-5)
    assert (np.abs(found[full] - plain[full]) <= off[full] + 1e-5).all()


NEEDS = {16: {"ssse3"}, 32: {"avx2"}, 64: {"avx512bw"}}


def test_look_ups_are_the_sixteen_sums_of_four_numbers() -> None:
    tables, middles, steps = look_ups(np.array([[1.0, 2, 4, 8, 0, 0, 0, -3]]))
    assert steps.tolist() == [1] and middles.tolist() == [15 + 3]
    assert tables[0, 0].tolist() == list(range(0, 31, 2))  # from -15 to 15, less -15
    assert sorted(set(tables[0, 1].tolist())) == [0, 6]
    assert tables[0, 1, 0] == 6 and tables[0, 1, 8] == 0  # the last sign is that of bit 3
    assert look_ups(np.zeros((2, 8)))[0].tolist() == np.zeros((2, 2, 16)).tolist()


@pytest.mark.parametrize("dim", [32, 128, 4_096, bits.MOST_NUMBERS])
def test_the_largest_sums_of_look_ups_do_not_overflow(dim: int) -> None:
    octets = np.zeros((2, dim // 8, 32), np.uint8)
    octets[0] = 255
    factors, one = np.full((2, 32), 32_767, np.int16), np.ones(2, np.float32)
    codes = bits.BitCodes(octets, factors, one, np.arange(3), np.zeros(dim, np.float32))
    turned = np.ones((2, dim), np.float32)
    for scan in (scanning(turned), partial(plain_scan, turned)):
        found = np.zeros(2, np.float32)
        scan(codes, np.arange(2), found)
        assert found == pytest.approx([2 * dim * 32_767, -2 * dim * 32_767], rel=3e-3)


def test_rows_whose_sums_would_overflow_get_no_code() -> None:
    with pytest.raises(ValueError, match="at most 8736"):
        encode_bits(pack([np.ones((1, 8_768), np.float32)], dim=8_768))


def test_only_the_chosen_pages_are_scanned_in_any_order() -> None:
    codes, query = encode_bits(unit_pages(6, [20, 3, 0, 50, 7])), asked([a_query(6, 4)], 128)
    every = score_bits(query, codes, 1)
    for chosen in (np.array([4, 0, 0, 2]), np.zeros(0, np.int64)):
        few, all_ = scan_bits(query, [(codes, chosen), (codes, np.arange(5))], 2)
        np.testing.assert_array_equal(few, every[:, chosen])
        np.testing.assert_array_equal(all_, every)


def test_the_sizes_of_codes_are_what_is_said() -> None:
    pages = unit_pages(0, [700])
    assert encode_int8(pages).nbytes == 700 * 128 + 4
    assert encode_bits(pages).nbytes == 704 * (16 + 2) + 4


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
