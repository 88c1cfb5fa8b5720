"""Positions, batches and patches, each by numbers that can be checked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from quire.engine.encode.batching import batches
from quire.engine.encode.images import blank_cells, patches, to_array
from quire.engine.encode.positions import positions
from quire.ingest import PixelBudget


def test_text_counts_on_and_a_picture_stands_still_in_time() -> None:
    ids = np.array([7, 8, 1, 1, 1, 1, 1, 1, 9, 9])  # 1: a picture of 2 x 3 cells
    assert positions(ids, 1, [(2, 3)]).tolist() == [
        [0, 1, 2, 2, 2, 2, 2, 2, 5, 6],
        [0, 1, 2, 2, 2, 3, 3, 3, 5, 6],
        [0, 1, 2, 3, 4, 2, 3, 4, 5, 6],
    ]


def test_two_pictures_follow_each_other() -> None:
    assert positions(np.array([1, 1, 5, 1]), 1, [(2, 1), (1, 1)])[1].tolist() == [0, 1, 2, 3]


@given(
    st.lists(st.integers(1, 500), max_size=30), st.integers(1, 1000), st.none() | st.integers(1, 4)
)
def test_every_item_is_in_one_batch_and_none_is_over_budget(
    lengths: list[int], budget: int, at_most: int | None
) -> None:
    found = list(batches(lengths, budget, at_most))
    assert sorted(i for batch in found for i in batch) == list(range(len(lengths)))
    for batch in found:
        longest = max(lengths[i] for i in batch)
        assert longest * len(batch) <= budget or len(batch) == 1
        assert at_most is None or len(batch) <= at_most


def test_patches_are_those_of_transformers() -> None:
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
        Qwen2VLImageProcessorPil,
    )

    pixels = np.random.default_rng(0).integers(0, 256, (56, 84, 3), dtype=np.uint8)
    mean, std = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)
    processor = Qwen2VLImageProcessorPil(image_mean=list(mean), image_std=list(std))
    theirs = processor(Image.fromarray(pixels), do_resize=False, return_tensors="np")
    still = theirs["pixel_values"].reshape(-1, 3, 2, 14 * 14)[:, :, 0].reshape(-1, 588)
    np.testing.assert_allclose(patches(pixels, mean, std), still, atol=1e-5)


def test_a_picture_is_resized_to_its_budget_once() -> None:
    budget = PixelBudget(max_pixels=100 * 784, min_pixels=784, factor=28)
    once = to_array(Image.new("RGB", (1000, 500), "red"), budget)
    assert once.shape[0] * once.shape[1] <= budget.max_pixels
    assert to_array(Image.fromarray(once), budget).shape == once.shape


@pytest.mark.parametrize("level", [0, 7, 8, 255])
def test_a_cell_is_blank_below_eight_levels_of_contrast(level: int) -> None:
    pixels = np.zeros((28, 56, 3), np.uint8)
    pixels[14, 40] = level
    assert blank_cells(pixels).tolist() == [True, level < 8]
