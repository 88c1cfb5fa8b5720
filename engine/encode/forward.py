"""One pass through the model: sequences in, vectors out."""

from collections.abc import Iterator

import numpy as np

from .checkpoint import Checkpoint
from .pooling import mean_of
from .protocol import Vectors
from .sequence import Sequence
from .vision import see


def forward(
    checkpoint: Checkpoint, device: str, sequences: list[Sequence], query: bool
) -> Iterator[Vectors]:
    """Both heads of a batch of inputs, in order.

    Padding stands at the right, where causal rows never see it. Rows of queries take the learned
    length of their token, where the checkpoint has such.
    """
    import torch
    import torch.nn.functional as F

    model = checkpoint.model
    longest = max(len(s.ids) for s in sequences)
    ids = torch.zeros(len(sequences), longest, dtype=torch.long)
    places = torch.zeros(3, len(sequences), longest, dtype=torch.long)
    mask = torch.zeros(len(sequences), longest, dtype=torch.long)
    for i, s in enumerate(sequences):
        n = len(s.ids)
        ids[i, :n], mask[i, :n] = torch.from_numpy(s.ids), 1
        places[:, i, :n] = torch.from_numpy(s.positions)
    ids, places, mask = ids.to(device), places.to(device), mask.to(device)
    embedded = model.language_model.embed_tokens(ids)
    pictures = [s for s in sequences if s.patches is not None]
    if pictures:
        pixels = torch.from_numpy(np.concatenate([s.patches for s in pictures]))
        pixels = pixels.to(device, embedded.dtype)
        seen = see(model.visual, pixels, [s.grid for s in pictures])
        shown = torch.zeros_like(ids, dtype=torch.bool)
        for i, s in enumerate(sequences):
            shown[i, : len(s.ids)] = torch.from_numpy(s.cells >= 0).to(device)
        embedded = embedded.masked_scatter(shown[..., None], seen.to(embedded.dtype))
    hidden = model.language_model(
        inputs_embeds=embedded,
        position_ids=places,
        attention_mask=None if bool(mask.all()) else mask,
        use_cache=False,
    ).last_hidden_state.float()
    rows = F.normalize(checkpoint.projector(hidden), dim=-1)
    if query and checkpoint.lengths is not None:
        rows = rows * checkpoint.lengths[ids][..., None]
    for i, s in enumerate(sequences):
        keep = torch.from_numpy(s.keep).to(device)
        own = hidden[i, : len(s.ids)]
        yield Vectors(
            multi=rows[i, : len(s.ids)][keep].cpu().numpy(),
            dense=mean_of(own, keep).cpu().numpy(),
            cells=s.cells[s.keep].astype(np.int16),
            grid=s.grid,
        )
