"""One pass: prompts in, the logits of "no" and "yes" out."""

from typing import Any

import numpy as np
from jaxtyping import Float32

from ..encode.images import MERGE, blank_cells, patches, to_array
from ..encode.positions import positions
from ..encode.sequence import Seen
from ..encode.towers import look
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
    if weights.family.budget is None:
        hidden = weights.model(input_ids=ids, use_cache=False).last_hidden_state
    else:
        hidden = _with_pictures(weights, prompts, ids, image)
    last = torch.tensor([len(p.ids) - 1 for p in prompts], device=device)
    ends = hidden[torch.arange(len(prompts), device=device), last].float()
    found: Float32[np.ndarray, "n two"] = (ends @ weights.rows.T).cpu().numpy()
    return found


def _with_pictures(weights: Weights, prompts: list[Prompt], ids: Any, image: int) -> Any:
    """Hidden states of prompts of which some or all hold pictures."""
    import torch

    language = weights.model.language_model
    seen = [_see(weights, prompt) for prompt in prompts]
    places = torch.zeros(3, *ids.shape, dtype=torch.long)
    for i, prompt in enumerate(prompts):
        grids = [picture.grid for picture in seen[i]]
        own = positions(prompt.ids, image, grids)
        places[:, i, : len(prompt.ids)] = torch.from_numpy(own)
    embedded, shown, deep = language.embed_tokens(ids), None, None
    if pictures := [picture for own in seen for picture in own]:
        shown = ids == image  # padding is token 0, an ordinary one
        cells, deep = look(weights.model.visual, weights.family.backbone, pictures, embedded)
        embedded = embedded.masked_scatter(shown[..., None], cells.to(embedded.dtype))
    return language(
        inputs_embeds=embedded,
        position_ids=places.to(ids.device),
        visual_pos_masks=shown,
        deepstack_visual_embeds=deep,
        use_cache=False,
    ).last_hidden_state


def _see(weights: Weights, prompt: Prompt) -> list[Seen]:
    found, budget = [], weights.family.budget
    assert budget is not None  # a family without one was given no picture
    for picture in prompt.pictures:
        pixels = to_array(picture, budget, "white", "raised")
        grid = (pixels.shape[0] // budget.factor, pixels.shape[1] // budget.factor)
        own = patches(pixels, weights.mean, weights.std, budget.factor // MERGE)
        found.append(Seen(grid, own, blank_cells(pixels, budget.factor)))
    return found
