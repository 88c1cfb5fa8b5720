"""The native classes that families stand on: how they are built, what their tensors are called.

They are held, never inherited: transformers converts names by the name of a class, and a subclass
silently starts from random tensors.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import EncodeError
from .tensors import fill, on_meta

# model_type -> configuration and model in transformers
CLASSES = {
    "qwen2_vl": ("Qwen2VLConfig", "Qwen2VLModel"),
    "qwen2_5_vl": ("Qwen2_5_VLConfig", "Qwen2_5_VLModel"),
    "qwen3_vl": ("Qwen3VLConfig", "Qwen3VLModel"),
    "qwen3": ("Qwen3Config", "Qwen3Model"),
    "xlm-roberta": ("XLMRobertaConfig", "XLMRobertaModel"),
}
_VISUAL = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
_TEXT_PART = re.compile(r"(layers|embed_tokens|norm)\.")
# Left over in published files: what generates text, what repeats a count, what RoBERTa's own
# training used.
_NOT_OURS = re.compile(r"lm_head\.|pooler\.|embeddings\.position_ids$|.*\.inv_freq$")


def native_name(name: str, backbone: str) -> str | None:
    """The name of a tensor or layer of a checkpoint in the native class; None for leftovers.

    Published layouts: `model.layers.0...` beside `visual...` (until transformers 4.51),
    `model.language_model...` (from 4.52), the same behind `vlm.` (ColQwen2ForRetrieval), no prefix
    (Qwen3-Embedding), `roberta.`.
    """
    name = name.removeprefix("vlm.").removeprefix("roberta.").removeprefix("model.")
    if _NOT_OURS.match(name):
        return None
    if backbone in _VISUAL and _TEXT_PART.match(name):
        return f"language_model.{name}"
    return name


def configuration(values: Mapping[str, Any], backbone: str, where: Path) -> Any:
    """The native configuration out of what config.json holds."""
    import transformers
    from transformers.utils import logging

    values = values.get("vlm_config", values)
    if values.get("model_type") != backbone:
        raise EncodeError(
            f"{where}/config.json is of a {values.get('model_type')!r} model, and this family "
            f"stands on {backbone!r}: the files are not of one model"
        )
    loudness = logging.get_verbosity()
    logging.set_verbosity_error()  # it speaks of keys that older versions wrote, and reads them
    try:
        return getattr(transformers, CLASSES[backbone][0]).from_dict(dict(values))
    finally:
        logging.set_verbosity(loudness)


def width_of(config: Any) -> int:
    """Numbers in a hidden state."""
    return int(config.get_text_config().hidden_size)


def empty(config: Any, backbone: str) -> Any:
    """The native model without weights; see `tensors.on_meta`."""
    import transformers

    options = {"add_pooling_layer": False} if backbone == "xlm-roberta" else {}
    return on_meta(getattr(transformers, CLASSES[backbone][1]), config, **options)


def fill_backbone(model: Any, tensors: Mapping[str, Any], where: Path) -> None:
    """Weights into a model made by `empty`, in place; its patches are then embedded at once."""
    fill(model, tensors, where)
    if hasattr(model, "visual"):
        _embed_by_product(model.visual)


def _embed_by_product(visual: Any) -> None:
    """Patches do not overlap: embedding them is a matrix product, 15 times as quick as Conv3d.

    Summed over the two moments of time, which are the same in a still picture.
    """
    import torch

    old = visual.patch_embed.proj
    kernel = old.weight.float().sum(2).flatten(1)
    linear = torch.nn.Linear(kernel.shape[1], len(kernel), old.bias is not None, device="meta")
    state = {"weight": kernel} | ({} if old.bias is None else {"bias": old.bias})
    linear.load_state_dict(state, assign=True)
    visual.patch_embed = linear
