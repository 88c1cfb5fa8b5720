"""One pass: prompts in, the logits of "no" and "yes" out."""

from typing import Any

import numpy as np
from jaxtyping import Float32

from ..encode.positions import positions
from .pictures import patches
from .prompt import Prompt
from .weights import Weights


def logits(weights: Weights, prompts: list[Prompt], image: int) -> Float32[np.ndarray, "n two"]:
    """(no, yes) behind the last token of each prompt. `image`: id of the image token.

    Padding stands at the right: attention is causal, so no token sees it and no mask is needed,
    and a prompt scores the same alone as beside a longer one, but for the order of float sums.
    """
    import torch

    device = weights.rows.device
    ids = torch.zeros(len(prompts), max(len(p.ids) for p in prompts), dtype=torch.long)
    for i, prompt in enumerate(prompts):
        ids[i, : len(prompt.ids)] = torch.from_numpy(prompt.ids)
    ids = ids.to(device)
    if weights.visual is None:
        hidden = weights.language(input_ids=ids, use_cache=False).last_hidden_state
    else:
        hidden = _with_pictures(weights, prompts, ids, image)
    last = torch.tensor([len(p.ids) - 1 for p in prompts], device=device)
    ends = hidden[torch.arange(len(prompts), device=device), last].float()
    found: Float32[np.ndarray, "n two"] = (ends @ weights.rows.T).cpu().numpy()
    return found


def _with_pictures(weights: Weights, prompts: list[Prompt], ids: Any, image: int) -> Any:
    """Hidden states of prompts with pictures in some or all: positions are computed here."""
    import torch

    language, factor = weights.language, weights.visual.config.patch_size
    merge = weights.visual.config.spatial_merge_size
    places = torch.zeros(3, *ids.shape, dtype=torch.long)
    shown = torch.zeros_like(ids, dtype=torch.bool)
    for i, prompt in enumerate(prompts):
        n = len(prompt.ids)
        cells = [(h // factor // merge, w // factor // merge) for w, h in prompt.sizes]
        places[:, i, :n] = torch.from_numpy(positions(prompt.ids, image, cells))
        shown[i, :n] = torch.from_numpy(prompt.ids == image).to(ids.device)
    embedded = language.embed_tokens(ids)
    deep = None
    if any(prompt.pictures for prompt in prompts):
        look = weights.look
        assert look is not None  # a model with a tower was loaded with it
        pairs = [pair for p in prompts for pair in zip(p.pictures, p.sizes, strict=True)]
        pixels = np.concatenate([patches(*pair, look) for pair in pairs])
        grids = torch.tensor([(1, h // factor, w // factor) for _, (w, h) in pairs])
        seen = weights.visual(
            torch.from_numpy(pixels).to(ids.device, embedded.dtype), grid_thw=grids.to(ids.device)
        )
        embedded = embedded.masked_scatter(shown[..., None], seen.pooler_output.to(embedded.dtype))
        deep = seen.deepstack_features
    return language(
        inputs_embeds=embedded,
        position_ids=places.to(ids.device),
        visual_pos_masks=shown,
        deepstack_visual_embeds=deep,
        use_cache=False,
    ).last_hidden_state
