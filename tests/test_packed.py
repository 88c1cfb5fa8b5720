"""Ragged pages lie one after the other, without padding."""

import numpy as np
import pytest

from quire.engine.score.packed import Packed, pack


def pages(*lengths: int, dtype: type = np.float16) -> list[np.ndarray]:
    return [np.full((n, 2), i + 1, dtype=dtype) for i, n in enumerate(lengths)]


def test_packing_keeps_order_lengths_and_dtype() -> None:
    packed = pack(pages(2, 0, 3))
    assert packed.offsets.tolist() == [0, 2, 2, 5]
    assert packed.rows[:, 0].tolist() == [1, 1, 3, 3, 3]
    assert packed.rows.dtype == np.float16
    assert len(packed) == 3 and packed.dim == 2 and packed.lengths.tolist() == [2, 0, 3]


def test_no_pages_pack_to_nothing() -> None:
    packed = pack([], dim=128)
    assert len(packed) == 0 and packed.dim == 128
    assert len(packed.select([])) == 0


def test_select_takes_pages_in_any_order_and_twice() -> None:
    chosen = pack(pages(2, 0, 3, 1)).select([3, 1, 0, 3])
    assert chosen.lengths.tolist() == [1, 0, 2, 1]
    assert chosen.rows[:, 0].tolist() == [4, 1, 1, 4]


def test_pages_of_two_widths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"rows of \[2, 3\] dimensions"):
        pack([np.zeros((1, 2), np.float32), np.zeros((1, 3), np.float32)])


@pytest.mark.parametrize("offsets", [[0, 1], [1, 2], [0, 3], []])
def test_offsets_that_miss_rows_are_refused(offsets: list[int]) -> None:
    with pytest.raises(ValueError, match="must run from 0 to the 2 rows"):
        Packed(np.zeros((2, 4), np.float32), np.array(offsets, dtype=np.int64))


def test_falling_offsets_are_refused() -> None:
    with pytest.raises(ValueError, match="offsets fall after page 1"):
        Packed(np.zeros((4, 2), np.float32), np.array([0, 3, 1, 4]))


def test_float64_rows_are_refused() -> None:
    with pytest.raises(TypeError, match="rows are float64: pack float16 or float32"):
        Packed(np.zeros((1, 2)), np.array([0, 1]))
