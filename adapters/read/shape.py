"""The architecture of quire-mini: Qwen2.5-VL in small, as one value."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes of a reader. The defaults are those of the published quire-mini.

    Windows of 224 px (256 patches of 14 px) instead of Qwen's 112 px: half as many words are cut
    by a border, and one matrix product over 256 patches is large enough to run at speed.
    There is no block of full attention: context across windows comes from the language model,
    whose rows are four times fewer.
    """

    vocabulary: int = 8192
    vision_width: int = 256
    vision_depth: int = 5
    vision_heads: int = 4
    vision_inner: int = 704
    window: int = 224  # pixels
    width: int = 256  # of the language model, and of the dense vector
    depth: int = 2
    heads: int = 4
    key_value_heads: int = 2
    inner: int = 704
    rows: int = 128  # dimensions of a row

    @property
    def window_patches(self) -> int:
        """Patches along one side of a window."""
        return self.window // 14

    @property
    def window_cells(self) -> int:
        """Cells (2 x 2 patches, one row each) along one side of a window."""
        return self.window // 28


def native_config(shape: Shape, token_ids: dict[str, int]) -> Any:
    """The `Qwen2_5_VLConfig` of a shape; `token_ids` maps the special tokens of `pieces`."""
    from transformers import Qwen2_5_VLConfig

    head = shape.width // shape.heads
    section = [head // 8, head * 3 // 16, head * 3 // 16]  # of head / 2, as 16:24:24 is of 64
    section[0] = head // 2 - section[1] - section[2]
    text = {
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.width,
        "intermediate_size": shape.inner,
        "num_hidden_layers": shape.depth,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.key_value_heads,
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000.0,
            "mrope_section": section,
        },
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": token_ids["[PAD]"],
        "initializer_range": 0.02,
    }
    vision = {
        "depth": shape.vision_depth,
        "hidden_size": shape.vision_width,
        "intermediate_size": shape.vision_inner,
        "num_heads": shape.vision_heads,
        "out_hidden_size": shape.width,
        "window_size": shape.window,
        "fullatt_block_indexes": [],
        "initializer_range": 0.02,
    }
    return Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=token_ids["<|image_pad|>"],
        video_token_id=token_ids["<|video_pad|>"],
        vision_start_token_id=token_ids["<|vision_start|>"],
        vision_end_token_id=token_ids["<|vision_end|>"],
    )
