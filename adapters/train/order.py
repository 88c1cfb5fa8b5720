"""Which examples a step learns from: a function of the seed and the step alone."""

from collections.abc import Sequence

import numpy as np

from .examples import Example


class Order:
    """Every example once an epoch; a step holds examples of one kind.

    The last, smaller batch of a kind is left out of an epoch, unless it is the only one.
    """

    def __init__(self, examples: Sequence[Example], batch: int, seed: int) -> None:
        self._batch, self._seed = batch, seed
        self._groups: dict[str, list[int]] = {}
        for number, example in enumerate(examples):
            self._groups.setdefault(example.kind, []).append(number)
        self.steps = sum(max(1, len(group) // batch) for group in self._groups.values())
        self._epoch, self._batches = -1, [[0]]

    def at(self, step: int) -> list[int]:
        """Numbers of the examples of a step, counted from 0."""
        epoch, place = divmod(step, self.steps)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._shuffled(epoch)
        return self._batches[place]

    def _shuffled(self, epoch: int) -> list[list[int]]:
        rng = np.random.default_rng((self._seed, epoch))
        batches = []
        for group in self._groups.values():
            mixed = rng.permutation(group).tolist()
            ends = range(self._batch, len(mixed) + 1, self._batch)
            batches += [mixed[end - self._batch : end] for end in ends] or [mixed]
        return [batches[i] for i in rng.permutation(len(batches))]
