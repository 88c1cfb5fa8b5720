"""Pages for the benchmark of scoring: clustered, and alike where they lie near each other.

A document has eight pages and some topics of its own. A page is made of bands of rows, as lines
and paragraphs are; the cells of a band show one topic, drift slowly along it, and share a direction
with all rows of all pages, as the rows of real encoders do. The numbers of a row differ in how much
they vary. A query looks for one page: twenty noisy rows of it.
"""

from collections.abc import Iterator

import numpy as np
import torch

DIM, ROWS, OF_DOCUMENT, QUERY_ROWS = 128, 700, 8, 20
TOPICS, BANDS = 20_000, 14
BLOCK = 64  # pages made at a time


class Made:
    """The same pages for the same seed, made block by block, so that any number fits in memory."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        rng = torch.Generator().manual_seed(seed)
        self.spread = torch.linspace(1.6, 0.4, DIM)
        self.shared = torch.randn(DIM, generator=rng) * self.spread * 0.6
        self.topics = torch.randn(TOPICS, DIM, generator=rng) * self.spread

    def block(self, first: int) -> torch.Tensor:
        """Unit rows [64, 700, 128] of the pages from `first` on, float32."""
        rng = torch.Generator().manual_seed(self.seed * 1_000_003 + first + 1)
        of_document = self._some_topics((BLOCK // OF_DOCUMENT, 6), rng).repeat_interleave(
            OF_DOCUMENT, dim=0
        )
        own = self._some_topics((BLOCK, 6), rng)
        pool = torch.cat([of_document, own], dim=1)
        bands = torch.gather(pool, 1, torch.randint(0, 12, (BLOCK, BANDS), generator=rng))
        rows = torch.randn(BLOCK, BANDS, ROWS // BANDS, DIM, generator=rng)
        drift = torch.randn(BLOCK, BANDS, 1, DIM, generator=rng)
        along = torch.linspace(-1, 1, ROWS // BANDS)[:, None]
        rows = rows.mul_(0.5).add_(drift * along * 0.5).mul_(self.spread)
        rows += self.topics[bands][:, :, None] + self.shared
        rows = rows.view(BLOCK, ROWS, DIM)
        return rows.div_(rows.norm(dim=2, keepdim=True))

    def blocks(self, pages: int) -> Iterator[torch.Tensor]:
        for first in range(0, pages, BLOCK):
            yield self.block(first)[: pages - first]

    def queries(self, count: int, pages: int) -> list[np.ndarray]:
        """Unit rows [20, 128] each, of pages spread over all of them."""
        rng = torch.Generator().manual_seed(self.seed + 77)
        made = []
        for target in np.linspace(0, pages - 1, count).astype(int):
            page = self.block(int(target) // BLOCK * BLOCK)[int(target) % BLOCK]
            rows = page[torch.randint(0, ROWS, (QUERY_ROWS,), generator=rng)]
            rows = rows + torch.randn(QUERY_ROWS, DIM, generator=rng) * self.spread * 0.08
            made.append((rows / rows.norm(dim=1, keepdim=True)).numpy())
        return made

    def _some_topics(self, shape: tuple[int, int], rng: torch.Generator) -> torch.Tensor:
        """Few topics are common, most are rare."""
        return (torch.rand(shape, generator=rng) ** 3 * TOPICS).long()
