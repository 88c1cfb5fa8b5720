"""One pass through the model: sequences in, vectors out."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .checkpoint import Checkpoint
from .pooling import LEAST, mean_of
from .protocol import Vectors
from .sequence import Sequence as Tokens
from .towers import look
from .words import weigh


def forward(
    checkpoint: Checkpoint, device: str, sequences: list[Tokens], tasks: Sequence[str], query: bool
) -> Iterator[Vectors]:
    """All heads of a batch of inputs, in order. `tasks`: one for each.

    Rows of queries take the learned length of their token, where the checkpoint has such.
    """
    hidden, ids = states(checkpoint, device, sequences, tasks)
    words = weigh(checkpoint, hidden) if checkpoint.sparse is not None else None
    found = heads(checkpoint, device, hidden, ids, sequences, tasks, query)
    for i, (s, (multi, dense)) in enumerate(zip(sequences, found, strict=True)):
        cells = np.array([-1]) if checkpoint.projector is None else s.cells[s.keep]
        if s.whole:
            cells = np.append(cells, -1)
        yield Vectors(
            multi=multi.cpu().numpy(),
            dense=dense.cpu().numpy(),
            cells=cells.astype(np.int16),
            grid=s.grid,
            sparse=None if words is None else words(i, s.ids),
        )


def heads(
    checkpoint: Checkpoint,
    device: str,
    hidden: Any,
    ids: Any,
    sequences: list[Tokens],
    tasks: Sequence[str],
    query: bool,
) -> Iterator[tuple[Any, Any]]:
    """Rows [rows, dim] and the dense vector [width] of each input, as tensors, out of `states`."""
    import torch
    import torch.nn.functional as F

    rows: Any = None
    if checkpoint.projector is not None:
        checkpoint.route.set(tasks, device, torch.float32)
        rows = F.normalize(checkpoint.projector(hidden), dim=-1)
        if query and checkpoint.lengths is not None:
            rows = rows * checkpoint.lengths[ids][..., None]
    for i, s in enumerate(sequences):
        n = len(s.ids)
        keep = torch.from_numpy(s.keep).to(device)
        if checkpoint.family.pooling:
            power = checkpoint.family.telling.get(tasks[i])
            weights = power and checkpoint.lengths[ids[i, :n]].clamp(min=LEAST) ** power
            dense = mean_of(hidden[i, :n], torch.from_numpy(s.pool).to(device), weights)
        else:
            dense = mean_of(rows[i, :n], keep)
        own = dense[None] if rows is None else rows[i, :n][keep]
        if s.whole:
            checkpoint.route.set([tasks[i]], device, torch.float32)
            last = F.normalize(checkpoint.projector(dense[None, None])[0], dim=-1)
            last = last.roll(last.shape[-1] // 2, -1)  # away from the rows of tokens
            own = torch.cat([own, last * s.whole * own.norm(dim=-1).sum() if query else last])
        yield own, dense


def states(
    checkpoint: Checkpoint,
    device: str,
    sequences: list[Tokens],
    tasks: Sequence[str],
    eye: Callable[..., tuple[Any, list[Any]]] = look,
) -> tuple[Any, Any]:
    """Last hidden states, float32 [batch, longest, width], and the ids [batch, longest].

    Padding stands at the right. Causal models never look there, and so are not told of it; states
    of padding mean nothing. `eye` looks at the pictures, as `towers.look` does.
    """
    import torch

    longest = max(len(s.ids) for s in sequences)
    ids = torch.zeros(len(sequences), longest, dtype=torch.long)
    # Padding counts on: were it to start again, transformers would see several texts in one row
    # and build a mask of every pair of tokens.
    places = torch.arange(longest).repeat(3, len(sequences), 1)
    real = torch.zeros(len(sequences), longest, dtype=torch.bool)
    for i, s in enumerate(sequences):
        n = len(s.ids)
        ids[i, :n], real[i, :n] = torch.from_numpy(s.ids), True
        places[:, i, :n] = torch.from_numpy(s.positions)
    ids, places, real = ids.to(device), places.to(device), real.to(device)
    checkpoint.route.set(tasks, device, getattr(torch, checkpoint.family.precision))
    pictures = [picture for s in sequences for picture in s.pictures]
    if checkpoint.family.image_token:
        return _of_pages(checkpoint, ids, places, real, pictures, eye).float(), ids
    return _of_text(checkpoint, ids, places, real).float(), ids


def _of_text(checkpoint: Checkpoint, ids: Any, places: Any, real: Any) -> Any:
    model = checkpoint.model
    if checkpoint.family.backbone == "xlm-roberta":
        return model(
            input_ids=ids,
            attention_mask=real.long(),
            position_ids=places[0] + model.config.pad_token_id + 1,
            token_type_ids=ids.new_zeros(ids.shape),
        ).last_hidden_state
    return model(
        input_ids=ids,
        position_ids=places[0],
        attention_mask=_both_ways(checkpoint, real),
        use_cache=False,
    ).last_hidden_state


def _of_pages(
    checkpoint: Checkpoint, ids: Any, places: Any, real: Any, pictures: list[Any], eye: Any
) -> Any:
    family, model = checkpoint.family, checkpoint.model
    embedded = model.language_model.embed_tokens(ids)
    deep = {}
    if pictures:
        shown = (ids == checkpoint.image_token) & real
        seen, layers = eye(model.visual, family.backbone, pictures, embedded)
        embedded = embedded.masked_scatter(shown[..., None], seen.to(embedded.dtype))
        if layers:
            deep = {"visual_pos_masks": shown, "deepstack_visual_embeds": layers}
    return model.language_model(
        inputs_embeds=embedded,
        position_ids=places,
        attention_mask=_both_ways(checkpoint, real),
        use_cache=False,
        **deep,
    ).last_hidden_state


def _both_ways(checkpoint: Checkpoint, real: Any) -> Any:
    """What each token may look at, [batch, 1, from, to], where that is not what came before it."""
    if checkpoint.family.attention == "causal":
        return None
    return real[:, None, None, :].expand(-1, 1, real.shape[1], -1)
