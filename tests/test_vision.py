"""The tower's own pass is the native pass, window by window."""

import numpy as np
import pytest
import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLModel

from quire.engine.encode import vision as vision_module
from quire.engine.encode.vision import see, windows_of


def test_windows_of_one_size_lie_side_by_side_and_know_their_cells() -> None:
    found = windows_of([(2, 3)], side=2)
    assert found.cells.tolist() == [0, 1, 3, 4, 2, 5]
    assert found.groups == [(0, 1, 16), (16, 1, 8)]
    assert found.places[:, :4].tolist() == [[0, 0, 1, 1], [0, 1, 0, 1]]
    assert found.places[:, 16:20].tolist() == [[0, 0, 1, 1], [4, 5, 4, 5]], "the third column"


def test_windows_of_several_pictures_join_their_groups() -> None:
    found = windows_of([(2, 2), (2, 4)], side=2)
    assert found.groups == [(0, 3, 16)]
    assert sorted(found.cells.tolist()) == list(range(12))


@pytest.mark.parametrize("full", [[], [1], [0, 2]])
def test_the_pass_equals_that_of_transformers(
    monkeypatch: pytest.MonkeyPatch, full: list[int]
) -> None:
    vision = {
        "depth": 3, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2,
        "out_hidden_size": 24, "window_size": 112, "fullatt_block_indexes": full,
    }  # fmt: skip
    text = {
        "vocab_size": 16, "hidden_size": 24, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "num_key_value_heads": 1,
        "rope_parameters": {"rope_type": "default", "mrope_section": [2, 2, 2]},
    }  # fmt: skip
    torch.manual_seed(0)
    visual = Qwen2_5_VLModel(Qwen2_5_VLConfig(vision_config=vision, text_config=text)).visual.eval()
    for parameter in visual.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    grids = [(9, 5), (4, 4), (1, 7)]
    patches = sum(rows * columns * 4 for rows, columns in grids)
    pixels = torch.from_numpy(np.random.default_rng(0).normal(size=(patches, 1176))).float()
    shapes = torch.tensor([(1, 2 * rows, 2 * columns) for rows, columns in grids])
    with torch.inference_mode():
        native = visual(pixels, grid_thw=shapes).pooler_output
        ours = see(visual, pixels, grids)
        monkeypatch.setattr(vision_module, "PIECE", 64)  # two windows of 4 x 4 cells and fewer
        in_pieces = see(visual, pixels, grids)
        halves = see(visual.bfloat16(), pixels.bfloat16(), grids)
    np.testing.assert_allclose(ours, native, atol=1e-5, rtol=1e-4)
    np.testing.assert_allclose(in_pieces, ours, atol=1e-5, rtol=1e-4)
    cosine = torch.nn.functional.cosine_similarity(halves.float(), native)
    assert cosine.min() > 0.99
