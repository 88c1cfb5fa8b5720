"""Cells of drawn blocks as the reader's vision tower gives them, and what is written there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float16
from tokenizers import Tokenizer

from ..halves import training_dtype
from ..read.blocks import Blocks, draw_blocks, start_drawing
from ..read.faces import latin_faces
from ..read.reader import Reader, normalised

FEWEST = 24  # pieces of a block that says something
SHEETS = 8  # drawn at once
LOOKED = 8  # blocks in one pass


@dataclass(frozen=True)
class Cells:
    """`n` blocks. `written` marks cells in or beside text, `pieces` is what each block says."""

    states: Float16[np.ndarray, "n cells width"]
    written: Bool[np.ndarray, "n cells"]
    pieces: list[list[int]]

    def __len__(self) -> int:
        return len(self.states)


def draw_cells(
    reader: Reader,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    count: int,
    seed: int,
    tell: Callable[[str], None],
) -> Cells:
    """`count` blocks of sheets as hard as they get, 130 KB each: 2,000 take 260 MB.

    The tower does not change while an adapter is taught, so it looks once.
    """
    start_drawing(list(texts), latin_faces(), tokenizer.to_str(), reader.shape)
    states: list[np.ndarray] = []
    written: list[np.ndarray] = []
    pieces: list[list[int]] = []
    sheet = 0
    while len(states) < count:
        blocks = draw_blocks(seed, range(sheet, sheet + SHEETS), 1.0)
        sheet += SHEETS
        said = [blocks.pieces[blocks.pieces[:, 0] == i, 2].tolist() for i in range(len(blocks))]
        able = [i for i in range(len(blocks)) if len(said[i]) >= FEWEST]
        for first in range(0, len(able), LOOKED):
            some = able[first : first + LOOKED]
            states.extend(_see(reader, blocks.pick(some)))
            written.extend(~blocks.silent[some])
            pieces.extend(said[i] for i in some)
        if sheet % (8 * SHEETS) == 0:
            tell(f"cells of {len(states)} of {count} blocks")
    return Cells(np.stack(states[:count]), np.stack(written[:count]), pieces[:count])


@torch.inference_mode()
def _see(reader: Reader, blocks: Blocks) -> Float16[np.ndarray, "blocks cells width"]:
    half = training_dtype()
    with torch.autocast("cpu", half, enabled=half != torch.float32):
        cells, _ = reader.cells_of_blocks(normalised(blocks.pixels, half))
    states: np.ndarray = cells.half().numpy()
    return states
