"""Blocks in endless supply, drawn ahead by other processes."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from .blocks import PER_SHEET, Blocks, draw_blocks, start_drawing
from .faces import latin_faces
from .parallel import Team
from .plan import Plan
from .shape import Shape

GROUP = 32  # sheets that are drawn, mixed and used up together
DEV_SHEETS = 10**9  # their numbers start here: never drawn for training


class Drawing:
    """Blocks in an order that the seed alone decides, drawn ahead by other processes."""

    def __init__(
        self, texts: Sequence[str], pieces: str, shape: Shape, plan: Plan, workers: int, team: Team
    ) -> None:
        self.plan, self.team = plan, team
        self.pool = ProcessPoolExecutor(
            workers,
            mp_context=get_context("spawn"),
            initializer=start_drawing,
            initargs=(list(texts), latin_faces(), pieces, shape),
        )
        self.waiting: dict[int, Future[Blocks]] = {}

    def difficulty(self, group: int) -> float:
        return min(1.0, group * GROUP * PER_SHEET / self.plan.batch / self.plan.ramp)

    def group(self, number: int) -> Blocks:
        for ahead in range(number, number + 3 * self.team.size, self.team.size):
            if ahead not in self.waiting:
                sheets = range(ahead * GROUP, (ahead + 1) * GROUP)
                self.waiting[ahead] = self.pool.submit(
                    draw_blocks, self.plan.seed, sheets, self.difficulty(ahead)
                )
        return self.waiting.pop(number).result()

    def batches(self, first_step: int) -> Iterator[Blocks]:
        """This process's share of every batch from a step on: groups go round the team."""
        share = self.plan.batch // self.team.size
        each = GROUP * PER_SHEET // share
        for turn in range(first_step // each, 10**9):
            group = turn * self.team.size + self.team.rank
            blocks = self.group(group)
            order = np.random.default_rng((self.plan.seed, group)).permutation(len(blocks))
            for i in range(first_step % each if turn == first_step // each else 0, each):
                yield blocks.pick(order[i * share : (i + 1) * share].tolist())

    def close(self) -> None:
        self.pool.shutdown(cancel_futures=True)
