"""A checkpoint folder to a running model: every tensor in its place, or no model at all."""

import logging
from dataclasses import dataclass, replace
from typing import Any

from .adapter import HEAD, pairs, route
from .backbone import configuration, empty, fill_backbone, width_of
from .base import base_of
from .families.registry import FAMILY_FILE, family_of, read_json
from .family import Family
from .prompt import special
from .routed import Route, Routed
from .settings import Look, look_of, precision_of, sized
from .source import Source
from .tensors import hash_files
from .tokenizer import load_tokenizer, tokenizer_files
from .weights import read_weights

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """A native model with its heads, in evaluation mode, on its device."""

    family: Family
    source: Source
    model: Any  # a native class of transformers, see `backbone`
    projector: Any  # Linear: hidden -> rows, or None
    sparse: Any  # Linear: hidden -> 1, or None
    lengths: Any  # Tensor [vocabulary], or None where query rows have unit length
    route: Route
    tokenizer: Any  # tokenizers.Tokenizer
    image_token: int | None
    look: Look
    tasks: tuple[str, ...]
    weights: str  # hash, adapters included
    files: str  # hash of configuration, tokenizer and preprocessor; "" beside a quire.json


def load_checkpoint(
    source: Source,
    device: str,
    *,
    family: str | None = None,
    dtype: str | None = None,
    max_pixels: int | None = None,
    max_text: int | None = None,
    local_files_only: bool = False,
) -> Checkpoint:
    """Load and check. Missing, left-over, all-zero or non-finite tensors are refused by name.

    `family`, `dtype`, `max_pixels` and `max_text` stand in for what the files say.
    """
    import torch

    known = family_of(source, family)
    base = base_of(source, local_files_only=local_files_only)
    folders = list(dict.fromkeys([source.folder, base.folder]))
    values = read_json(base.folder / "config.json")
    config = configuration(values, known.backbone, base.folder)
    tokenizer = load_tokenizer(folders, known)
    look = look_of(folders, known)
    model = empty(config, known.backbone)
    weights = read_weights(known, source, base, model, width_of(config), offline=local_files_only)
    fill_backbone(model, weights.backbone, base.folder)
    chosen = Route()
    route(model, weights.adapters, chosen)
    projector = weights.projector
    if own := pairs(HEAD + known.projector, weights.adapters):
        projector = Routed(projector, chosen, own)
    precision = precision_of(known, device, dtype)
    rows = 0 if weights.projector is None else weights.projector.out_features
    known = replace(
        sized(known, config, values, rows, look, max_pixels, max_text), precision=precision
    )
    model = model.to(device, getattr(torch, precision)).eval().requires_grad_(False)
    _attend_fast(model, known, device)
    if not known.commercial:
        log.warning("%s is for non-commercial use only: %s", known.name, known.licence or "see it")
    small = [*tokenizer_files(folders), base.folder / "config.json"]
    small += [f for p in folders if (f := p / "preprocessor_config.json").is_file()][:1]
    return Checkpoint(
        family=known,
        source=source,
        model=model,
        projector=None if projector is None else projector.to(device),
        sparse=None if weights.sparse is None else weights.sparse.to(device),
        lengths=None if weights.lengths is None else weights.lengths.float().to(device),
        route=chosen,
        tokenizer=tokenizer,
        image_token=special(tokenizer, known.image_token) if known.image_token else None,
        look=look,
        tasks=tuple(dict.fromkeys([*known.tasks, *weights.adapters])),
        weights=hash_files(weights.files),
        files="" if (source.folder / FAMILY_FILE).is_file() else hash_files(small),
    )


def _attend_fast(model: Any, family: Family, device: str) -> None:
    """FlashAttention where it is installed and can run; else PyTorch's own, which all else uses."""
    from transformers.utils import is_flash_attn_2_available

    half = family.precision == "bfloat16" and family.attention == "causal"
    if half and device.startswith("cuda") and is_flash_attn_2_available():
        model.set_attn_implementation("flash_attention_2")
