"""Batches by token budget: short items together, long ones alone, answers in the order asked."""

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], budget: int, at_most: int | None = None) -> Iterator[list[int]]:
    """Indices of items, longest first, so that (items x longest) stays within `budget` tokens.

    An item longer than the budget comes alone. `at_most` limits the items of a batch.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    batch: list[int] = []
    for index in order:
        full = batch and (
            lengths[batch[0]] * (len(batch) + 1) > budget or len(batch) == (at_most or len(order))
        )
        if full:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
