"""Sizes, patches, positions and token ids against those of the publishers' own processors."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from golden import arrays, golden, tolerance
from PIL import Image

from quire.engine.encode.families.colqwen import COLQWEN2_5
from quire.engine.encode.families.qwen3 import QWEN3_VL_EMBEDDING
from quire.engine.encode.images import see_picture, size_of
from quire.engine.encode.positions import positions
from quire.engine.encode.prompt import fill_template
from quire.engine.encode.tokenizer import load_tokenizer
from quire.ingest.budget import PixelBudget
from quire.ingest.errors import IngestError

SHORT_SIDE = {"qwen2_vl": "grown", "qwen3_vl_processor": "grown", "qwen3_vl_utils": "raised"}
FAMILIES = {"qwen2_vl": COLQWEN2_5, "qwen3_vl": QWEN3_VL_EMBEDDING}
LOOKS = {  # mean and deviation that the two families' processors ship with
    "qwen2_vl": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "qwen3_vl": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


def test_pictures_are_resized_to_the_same_sizes() -> None:
    home = golden("preprocess", "sizes.json")
    rows = json.loads((home / "sizes.json").read_text("utf-8"))["rows"]
    assert len(rows) > 100
    for row in rows:
        budget = PixelBudget(row["max_pixels"], row["min_pixels"], row["factor"])
        shape, rule = (row["width"], row["height"]), SHORT_SIDE[row["rule"]]
        if row.get("refused"):
            with pytest.raises(IngestError, match="times as long as wide"):
                size_of(*shape, budget, rule)
            continue
        wide, high = size_of(*shape, budget, rule)
        assert [wide, high] == row["resized"], row
        assert wide * high // row["factor"] ** 2 == row["tokens"]


def test_patches_have_the_same_numbers_in_the_same_order() -> None:
    home = golden("preprocess", "sizes.json")
    wanted = arrays(home, "patches.safetensors")
    keys = [k.removesuffix(".pixel_values") for k in wanted if k.endswith("pixel_values")]
    for key in keys:
        picture, kind = key.split(".")
        family = FAMILIES[kind]
        seen = see_picture(Image.open(home / "images" / f"{picture}.png"), family, *LOOKS[kind])
        side = family.budget.factor // 2
        theirs = wanted[f"{key}.pixel_values"].reshape(-1, 3, 2, side * side)
        np.testing.assert_array_equal(theirs[:, :, 0], theirs[:, :, 1])
        still = theirs[:, :, 0].reshape(len(theirs), -1)
        np.testing.assert_allclose(seen.patches, still, rtol=0, atol=tolerance(home))
        assert [[1, *(2 * n for n in seen.grid)]] == wanted[f"{key}.image_grid_thw"].tolist()


def test_positions_are_those_of_every_family_with_padding_on_either_side() -> None:
    home = golden("preprocess", "sizes.json")
    wanted = arrays(home, "positions.safetensors")
    names = json.loads((golden("tokenizer_qwen2_5", "prompts.json") / "prompts.json").read_text())
    image, checked = names["special_tokens"]["<|image_pad|>"], 0
    layouts = [k.removesuffix(".input_ids") for k in wanted if k.endswith(".input_ids")]
    for layout in layouts:
        ids, mask = wanted[f"{layout}.input_ids"], wanted[f"{layout}.attention_mask"].astype(bool)
        grids = iter(wanted.get(f"{layout}.image_grid_thw", np.zeros((0, 3))).tolist())
        for row in range(len(ids)):
            own = ids[row][mask[row]]
            cells, shapes = int((own == image).sum()), []
            while sum(a * b for a, b in shapes) < cells:
                _, rows, columns = next(grids)
                shapes.append((rows // 2, columns // 2))
            found = positions(own, image, shapes)
            for key, theirs in wanted.items():
                if re.fullmatch(rf"{re.escape(layout)}\.qwen\w+", key):
                    assert found.tolist() == theirs[:, row][:, mask[row]].tolist(), key
                    checked += 1
    assert checked >= 3 * len(layouts)


def test_the_published_tokenizer_gives_the_published_ids() -> None:
    home = golden("tokenizer_qwen2_5", "prompts.json")
    told = json.loads((home / "prompts.json").read_text("utf-8"))
    family = replace(COLQWEN2_5, max_text=10**6)
    tokenizer = load_tokenizer([home], family)
    added = [name for name in told["special_tokens"] if tokenizer.token_to_id(name) is not None]
    for name in added:
        assert tokenizer.token_to_id(name) == told["special_tokens"][name]
    for row in told["rows"]:
        text = row["text"]
        if any(name in text for name in added):  # a template, whose special tokens count
            found = fill_template(tokenizer, family, text).ids
        else:
            found = fill_template(tokenizer, family, "{text}", text).ids
        assert found == row["ids"], text
