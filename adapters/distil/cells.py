"""Cells of drawn blocks as the reader's vision tower gives them, and what is written there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float16
from tokenizers import Tokenizer

from ..read.blocks import SIDE, Blocks, draw_blocks, start_drawing
from ..read.faces import latin_faces
from ..read.reader import MEAN, STD, Reader

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
    half = torch.bfloat16 if torch.cpu._is_amx_tile_supported() else torch.float32
    pixels = (torch.from_numpy(blocks.pixels).to(half) / 255 - MEAN) / STD
    with torch.autocast("cpu", half, enabled=half != torch.float32):
        merged, _ = reader.see(pixels.flatten(0, 1))
    c = reader.shape.window_cells
    grid = merged.view(len(blocks), SIDE, SIDE, c, c, -1).permute(0, 1, 3, 2, 4, 5)
    cells: np.ndarray = grid.reshape(len(blocks), (SIDE * c) ** 2, -1).half().numpy()
    return cells
