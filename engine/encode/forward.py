"""One pass through the model: sequences in, vectors out."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .checkpoint import Checkpoint
from .pooling import mean_of
from .protocol import Vectors
from .sequence import Sequence as Tokens
from .towers import look
from .words import weigh


def forward(
    checkpoint: Checkpoint, device: str, sequences: list[Tokens], tasks: Sequence[str], query: bool
) -> Iterator[Vectors]:
    """All heads of a batch of inputs, in order. `tasks`: one for each.

    Padding stands at the right, where causal rows never see it; other models are told of it. Rows
    of queries take the learned length of their token, where the checkpoint has such.
    """
    import torch
    import torch.nn.functional as F

    family = checkpoint.family
    longest = max(len(s.ids) for s in sequences)
    ids = torch.zeros(len(sequences), longest, dtype=torch.long)
    places = torch.zeros(3, len(sequences), longest, dtype=torch.long)
    real = torch.zeros(len(sequences), longest, dtype=torch.bool)
    for i, s in enumerate(sequences):
        n = len(s.ids)
        ids[i, :n], real[i, :n] = torch.from_numpy(s.ids), True
        places[:, i, :n] = torch.from_numpy(s.positions)
    ids, places, real = ids.to(device), places.to(device), real.to(device)
    checkpoint.route.set(tasks, device, getattr(torch, family.precision))
    hidden = _states(checkpoint, ids, places, real, sequences).float()
    rows: Any = None
    if checkpoint.projector is not None:
        checkpoint.route.set(tasks, device, torch.float32)
        rows = F.normalize(checkpoint.projector(hidden), dim=-1)
        if query and checkpoint.lengths is not None:
            rows = rows * checkpoint.lengths[ids][..., None]
    words = weigh(checkpoint, hidden) if checkpoint.sparse is not None else None
    for i, s in enumerate(sequences):
        n = len(s.ids)
        keep = torch.from_numpy(s.keep).to(device)
        if family.pooling:
            dense = mean_of(hidden[i, :n], torch.from_numpy(s.pool).to(device))
        else:
            dense = mean_of(rows[i, :n], keep)
        multi = dense[None] if rows is None else rows[i, :n][keep]
        cells = s.cells[s.keep] if rows is not None else np.array([-1])
        yield Vectors(
            multi=multi.cpu().numpy(),
            dense=dense.cpu().numpy(),
            cells=cells.astype(np.int16),
            grid=s.grid,
            sparse=None if words is None else words(i, s.ids),
        )


def _states(
    checkpoint: Checkpoint, ids: Any, places: Any, real: Any, sequences: list[Tokens]
) -> Any:
    """Last hidden states [batch, length, width]."""
    family, model = checkpoint.family, checkpoint.model
    mask = None
    if family.attention == "bidirectional":
        mask = real[:, None, None, :].expand(-1, 1, real.shape[1], -1)
    if family.backbone == "xlm-roberta":
        first = model.config.pad_token_id + 1
        return model(
            input_ids=ids,
            attention_mask=real.long(),
            position_ids=places[0] + first,
            token_type_ids=ids.new_zeros(ids.shape),
        ).last_hidden_state
    if family.backbone == "qwen3":
        return model(
            input_ids=ids, position_ids=places[0], attention_mask=mask, use_cache=False
        ).last_hidden_state
    embedded = model.language_model.embed_tokens(ids)
    pictures = [picture for s in sequences for picture in s.pictures]
    deep = {}
    if pictures:
        shown = (ids == checkpoint.image_token) & real
        seen, layers = look(model.visual, family.backbone, pictures, embedded)
        embedded = embedded.masked_scatter(shown[..., None], seen.to(embedded.dtype))
        if layers:
            deep = {"visual_pos_masks": shown, "deepstack_visual_embeds": layers}
    return model.language_model(
        inputs_embeds=embedded,
        position_ids=places,
        attention_mask=mask,
        use_cache=False,
        **deep,
    ).last_hidden_state
