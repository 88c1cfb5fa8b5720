"""The size of a page is decided from its shape alone."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quire.ingest import IngestError, PixelBudget, fit
from quire.ingest.budget import fill

QWEN = PixelBudget(max_pixels=1_204_224, min_pixels=3136, factor=28)


def test_a_picture_within_the_budget_is_only_rounded_to_the_factor() -> None:
    assert fit(100, 290, QWEN) == (112, 280)


def test_a_large_picture_is_shrunk_and_rounded_down() -> None:
    # sqrt(2000 * 3000 / 1204224) = 2.232; 2000 / 2.232 / 28 = 32.001, 3000 / 2.232 / 28 = 48.002
    assert fit(2000, 3000, QWEN) == (32 * 28, 48 * 28)


def test_a_tiny_picture_is_grown_and_rounded_up() -> None:
    # sqrt(3136 / (10 * 20)) = 3.96; 39.6 -> 56, 79.2 -> 84
    assert fit(10, 20, QWEN) == (56, 84)


def test_a_page_of_vectors_is_drawn_as_large_as_the_budget_allows() -> None:
    assert fill(20, 30, QWEN) == fill(2000, 3000, QWEN) == (896, 1344)


def test_the_numbers_are_those_of_qwens_own_rule() -> None:
    qwen = pytest.importorskip("transformers.models.qwen2_vl.image_processing_pil_qwen2_vl")
    for width in range(1, 4000, 37):
        for height in range(max(1, width // 200 + 1), min(4000, 200 * width), 41):
            theirs = qwen.smart_resize(height, width, 28, 3136, 1_204_224)
            assert fit(width, height, QWEN) == theirs[::-1]


@given(st.floats(1, 5000), st.floats(1, 200), st.booleans())
def test_qwens_rule_leaves_a_drawn_page_alone(side: float, aspect: float, tall: bool) -> None:
    width, height = (side, side * aspect) if tall else (side * aspect, side)
    assume(max(width, height) / min(width, height) <= 200)
    across, down = fill(width, height, QWEN)
    assert across * down <= QWEN.max_pixels
    assume(max(across, down) <= 200 * min(across, down))  # rounding may stretch the longest strips
    assert fit(across, down, QWEN) == (across, down)


@pytest.mark.parametrize("rule", [fit, fill])
def test_a_strip_of_two_thousand_million_points_is_refused(rule: type) -> None:
    with pytest.raises(IngestError, match="limit is 200: cut it"):
        rule(612, 2**31, QWEN)


@pytest.mark.parametrize("side", [0.0, -1.0, float("nan"), float("inf")])
def test_a_page_without_area_is_refused(side: float) -> None:
    with pytest.raises(IngestError, match="has no area"):
        fit(side, 100, QWEN)


def test_a_budget_that_holds_nothing_is_refused() -> None:
    with pytest.raises(IngestError, match="raise max_pixels"):
        PixelBudget(max_pixels=100, min_pixels=10, factor=28)
