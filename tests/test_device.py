"""A device that scores pages: in blocks, with less memory than hoped for, or lost on the way."""

import logging

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.engine.score import cuda
from quire.engine.score.asked import asked
from quire.engine.score.int8 import Int8Codes, encode_int8
from quire.engine.score.maxsim import maxsim
from quire.engine.score.packed import Packed, pack


def some_pages(seed: int, lengths: list[int]) -> Packed:
    rng = np.random.default_rng(seed)
    return pack([rng.normal(size=(n, 16)).astype(np.float16) for n in lengths], dim=16)


def some_queries(*rows: int) -> list[np.ndarray]:
    return [np.random.default_rng(n).normal(size=(n, 16)).astype(np.float32) for n in rows]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=9), st.integers(1, 30), st.booleans())
@settings(deadline=None)
def test_torch_on_a_device_scores_as_the_processor_does(
    lengths: list[int], limit: int, whole: bool
) -> None:
    pages: Packed | Int8Codes = some_pages(1, lengths)
    wanted = maxsim(some_queries(3, 0, 1), pages)
    close = 1e-4
    if whole:
        pages, close = encode_int8(some_pages(1, lengths)), 0.3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuda, "BLOCK_ROWS", limit)
        passing = cuda.score_passing(asked(some_queries(3, 0, 1), 16), pages, "cpu", 1)
        resident = maxsim(some_queries(3, 0, 1), cuda.OnDevice.load(pages, "cpu"))
    np.testing.assert_allclose(passing, wanted, atol=close)
    np.testing.assert_allclose(resident, passing, rtol=1e-5, atol=1e-5)


class Device:
    """Scores so many rows at a time, and dies at the given call."""

    def __init__(self, room: int, dies_at: int = 10**9) -> None:
        self.room, self.dies_at, self.calls = room, dies_at, 0
        self.scored: list[int] = []
        self._truth = cuda._score

    def __call__(self, query: object, rows: torch.Tensor, *others: object) -> np.ndarray:
        self.calls += 1
        if self.calls == self.dies_at:
            raise RuntimeError("CUDA error: device-side assert triggered\nand much more")
        if len(rows) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate a lot")
        self.scored.append(len(rows))
        return self._truth(query, rows, *others)  # type: ignore[arg-type]


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("room", [64, 10, 3, 0])
def test_a_device_without_memory_gets_less_and_then_the_processor_does_it(
    room: int,
    resident: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pages, query = some_pages(2, [4, 9, 0, 10, 6, 1]), some_queries(3)
    wanted = maxsim(query, pages)
    device = Device(room)
    monkeypatch.setattr(cuda, "_score", device)
    with caplog.at_level(logging.WARNING, "quire"):
        if resident:
            found = maxsim(query, cuda.OnDevice.load(pages, "cpu"))
        else:
            found = cuda.score_passing(asked(query, 16), pages, "cpu", 1)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    said = caplog.text
    assert ("out of memory: blocks of" in said) == (room < 30)
    assert ("the CPU does what is left" in said) == (room < 10)
    assert sum(device.scored) == {64: 30, 10: 30, 3: 0, 0: 0}[room]


def test_a_device_that_is_lost_hands_over_what_is_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pages, query = encode_int8(some_pages(3, [4, 4, 4, 4])), some_queries(2)
    device = Device(100, dies_at=3)
    monkeypatch.setattr(cuda, "_score", device)
    monkeypatch.setattr(cuda, "BLOCK_ROWS", 4)
    found = cuda.score_passing(asked(query, 16), pages, "cpu", 1)
    np.testing.assert_allclose(found, maxsim(query, pages), atol=0.1)
    assert device.scored == [4, 4]
    assert (
        "device-side assert triggered): the CPU" in caplog.text and "much more" not in caplog.text
    )


def test_other_errors_are_not_hidden() -> None:
    pages = some_pages(4, [2])
    with pytest.raises(ValueError, match="query rows have 3 dimensions, page rows 16"):
        maxsim(np.ones((1, 3), np.float32), cuda.OnDevice.load(pages, "cpu"))
