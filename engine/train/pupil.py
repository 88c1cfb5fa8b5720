"""A loaded encoder as something that learns: gradients through its language model and its head.

The vision tower stays as it is, as in the published recipes, and so sees a page once: what it saw
is kept, and every later pass over the page costs the language model alone.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from quire.adapters.errors import AdapterError
from quire.adapters.lora import add_adapter, go_on_from, settings, trainable
from quire.adapters.tasks import RETRIEVAL
from quire.adapters.train.encoded import Encoded, of_rows

from ..encode.adapter import HEAD
from ..encode.checkpoint import Checkpoint
from ..encode.forward import heads, states
from ..encode.items import sequence_of
from ..encode.routed import Route, Routed
from ..encode.sequence import Sequence as Tokens
from ..encode.towers import look

SEEN_BYTES = 2 << 30  # of what the tower saw, kept in memory


@dataclass(frozen=True)
class Picture:
    """A picture of a page in a file."""

    path: Path


class Pupil:
    """The encoder of a checkpoint with LoRA layers for one task. `weights` are those that move."""

    def __init__(self, checkpoint: Checkpoint, device: str, task: str, rank: int) -> None:
        """The task's own adapter is trained further, if the checkpoint has one; else a copy of the
        one for retrieval, if there is one; else a fresh one. Changes the model of the checkpoint,
        in place."""
        taken, pairs = _without_adapters(checkpoint, task)
        self._checkpoint, self._device, self._task = taken, device, task
        self._seen: OrderedDict[Picture, tuple[Tokens, Any, list[Any]]] = OrderedDict()
        self.started = (
            "its own" if pairs.own else "that of retrieval" if pairs.of else "a fresh one"
        )
        ranks = {n: len(a) for n, (a, _) in pairs.of.items()} or dict.fromkeys(_layers(taken), rank)
        whole = torch.nn.Module()
        whole.add_module("model", taken.model)
        if taken.projector is not None:
            whole.add_module("head", taken.projector)
        add_adapter(whole, task, settings({_inside(n, taken): r for n, r in ranks.items()}))
        if taken.projector is not None:
            self._checkpoint = replace(taken, projector=whole.head)
        named = {_outside(n, taken): weight for n, weight in trainable(whole, task).items()}
        go_on_from(named, pairs.of)
        self.weights: dict[str, Any] = named
        _recompute(taken.model)

    @property
    def dims(self) -> tuple[int, ...]:
        return self._checkpoint.family.dims

    def encode(self, items: Sequence[Any], query: bool) -> Encoded:
        """Vectors of texts and `Picture`s, with gradients where those are enabled."""
        role = "query" if query else "document"
        prepared = [self._prepared(item, role) for item in items]
        tasks = [self._task] * len(items)
        sequences = [sequence for sequence, _, _ in prepared]

        def recall(visual: Any, backbone: str, pictures: list[Any], like: Any) -> Any:
            own = [(seen, deep) for _, seen, deep in prepared if seen is not None]
            cells = torch.cat([seen.to(like.device, like.dtype) for seen, _ in own])
            layers = zip(*(deep for _, deep in own), strict=True)
            return cells, [torch.cat(layer).to(like.device, like.dtype) for layer in layers]

        hidden, ids = states(self._checkpoint, self._device, sequences, tasks, recall)
        found = list(heads(self._checkpoint, self._device, hidden, ids, sequences, tasks, query))
        return of_rows([rows for rows, _ in found], torch.stack([dense for _, dense in found]))

    def _prepared(self, item: Any, role: str) -> tuple[Tokens, Any, list[Any]]:
        """The item as tokens, and what the tower sees of it."""
        if not isinstance(item, Picture):
            return sequence_of(item, self._checkpoint, role, self._task, None), None, []
        if item not in self._seen:
            self._seen[item] = self._look(item, role)
            size = self._seen[item][1].nbytes
            while len(self._seen) > max(1, SEEN_BYTES // max(1, size)):
                self._seen.popitem(last=False)
        self._seen.move_to_end(item)
        return self._seen[item]

    def _look(self, item: Picture, role: str) -> tuple[Tokens, Any, list[Any]]:
        checkpoint = self._checkpoint
        with Image.open(item.path) as picture:
            sequence = sequence_of(picture, checkpoint, role, self._task, None)
        like = next(checkpoint.model.parameters())
        with torch.no_grad():
            seen, deep = look(
                checkpoint.model.visual, checkpoint.family.backbone, list(sequence.pictures), like
            )
        small = tuple(replace(own, patches=own.patches[:0]) for own in sequence.pictures)
        return replace(sequence, pictures=small), seen.cpu(), [layer.cpu() for layer in deep]


@dataclass(frozen=True)
class _Pairs:
    """`of`: layer -> A, B to begin with. `own`: they are those of the task itself."""

    of: dict[str, tuple[Any, Any]]
    own: bool


def _without_adapters(checkpoint: Checkpoint, task: str) -> tuple[Checkpoint, _Pairs]:
    """The checkpoint with plain layers, and the pairs of the adapter to begin with."""
    routed = {n: m for n, m in checkpoint.model.named_modules() if isinstance(m, Routed)}
    for name, layer in routed.items():
        parent, _, last = name.rpartition(".")
        setattr(checkpoint.model.get_submodule(parent), last, layer.base)
    projector = checkpoint.projector
    if isinstance(projector, Routed):
        routed[HEAD + checkpoint.family.projector] = projector
        projector = projector.base
    own = any(task in layer.a for layer in routed.values())
    source = task if own else RETRIEVAL
    pairs = {n: (m.a[source], m.b[source]) for n, m in routed.items() if source in m.a}
    if any(name.startswith("visual.") for name in pairs):
        raise AdapterError(
            f"the adapter for {source!r} changes the vision tower, which is not trained here: "
            "merge it into the model first"
        )
    return replace(checkpoint, projector=projector, route=Route()), _Pairs(pairs, own)


def _layers(checkpoint: Checkpoint) -> list[str]:
    """The layers that a fresh adapter is put on: all of the language model, and the head."""
    found = [
        name
        for name, module in checkpoint.model.named_modules()
        if isinstance(module, torch.nn.Linear) and not name.startswith("visual.")
    ]
    return found + (
        [HEAD + checkpoint.family.projector] if checkpoint.projector is not None else []
    )


def _inside(name: str, checkpoint: Checkpoint) -> str:
    """A layer as it is named in the whole of model and head."""
    return "head" if name == HEAD + checkpoint.family.projector else f"model.{name}"


def _outside(name: str, checkpoint: Checkpoint) -> str:
    """The way back, of a layer or of what is in it."""
    part, _, rest = name.partition(".")
    return f"{HEAD}{checkpoint.family.projector}.{rest}" if part == "head" else rest


def _recompute(model: Any) -> None:
    """Keep the input of each block alone, and compute the rest again when its gradient is asked
    for. Source: Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost (arXiv
    1604.06174), section 4."""
    from functools import partial

    from torch.utils.checkpoint import checkpoint
    from transformers.modeling_layers import GradientCheckpointingLayer

    for name, block in model.named_modules():
        if isinstance(block, GradientCheckpointingLayer) and not name.startswith("visual."):
            block.forward = partial(
                checkpoint, block.forward, use_reentrant=False, preserve_rng_state=False
            )
