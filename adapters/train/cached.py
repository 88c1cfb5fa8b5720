"""Batches larger than memory: the gradient of the loss in two passes over the items.

First all items are encoded without gradients, and the loss and its gradient with regard to their
vectors are computed; then they are encoded again, a few at a time, and each few get their share of
that gradient. The sum is the gradient of the whole batch, exactly, for a third more arithmetic.
Source: Gao et al. 2021, Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup
(arXiv 2101.06983), section 3.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .encoded import Encoded, joined
from .examples import Item
from .objective import Terms

# Items and whether they are queries -> vectors, with gradients where those are enabled.
Encode = Callable[[Sequence[Item], bool], Encoded]


@dataclass(frozen=True)
class Side:
    """Items that are encoded in one role."""

    items: Sequence[Item]
    query: bool


def backward(
    encode: Encode, sides: Sequence[Side], loss: Callable[..., Terms], part: int
) -> dict[str, float]:
    """Add the gradient of the sum of `loss(*encoded sides)` to the weights; return its terms.

    At most `part` items are encoded with gradients at once. What fits is done in one pass.
    """
    if all(len(side.items) <= part for side in sides):
        terms = loss(*(encode(side.items, side.query) for side in sides))
        _back(sum(terms.values()))
        return {name: term.item() for name, term in terms.items()}
    with torch.no_grad():
        found = [
            joined([encode(few, side.query) for few in _few(side.items, part)]) for side in sides
        ]
    leaves = [
        Encoded(one.rows.clone().requires_grad_(), one.real, one.dense.clone().requires_grad_())
        for one in found
    ]
    terms = loss(*leaves)
    _back(sum(terms.values()))
    for side, leaf in zip(sides, leaves, strict=True):
        start = 0
        for few in _few(side.items, part):
            _again(encode(few, side.query), leaf, start)
            start += len(few)
    return {name: term.item() for name, term in terms.items()}


def _few(items: Sequence[Item], part: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + part] for start in range(0, len(items), part))


def _again(few: Encoded, whole: Encoded, start: int) -> None:
    """Hand the gradients of some items of `whole`, from `start`, on to the weights."""
    share: Any = 0.0
    for name in ("rows", "dense"):
        own, grad = getattr(few, name), getattr(whole, name).grad
        if grad is not None and own.requires_grad:
            grad = grad[start : start + len(few)]
            share = share + (own * (grad[:, : own.shape[1]])).sum()
    _back(share)


def _back(value: Any) -> None:
    if isinstance(value, torch.Tensor) and value.requires_grad:
        value.backward()  # type: ignore[no-untyped-call]
