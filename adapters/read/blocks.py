"""Blocks: what a training step eats. Squares cut from sheets, with what stands in every cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from tokenizers import Tokenizer

from .shape import Shape
from .sheet import Sheet, draw_sheet
from .spoil import spoil

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,-()/:%$'&"
SIDE = 2  # windows along one side of a block
PER_SHEET = 6


@dataclass(frozen=True)
class Blocks:
    """`n` blocks. Cells are counted row by row over the block, patches in the order of `pixels`.

    `pieces` and `letters` are lists of facts: (block, cell, piece) and (block, patch, letter).
    """

    pixels: UInt8[np.ndarray, "n windows patches 196"]
    pieces: Int[np.ndarray, "facts 3"]
    letters: Int[np.ndarray, "marks 3"]
    silent: Bool[np.ndarray, "n cells"]  # no text in the cell nor beside it

    def __len__(self) -> int:
        return len(self.pixels)

    def pick(self, which: Sequence[int]) -> "Blocks":
        """Some of the blocks, in that order, with facts renumbered."""
        place = np.full(len(self), -1)
        place[list(which)] = np.arange(len(which))

        def keep(facts: Int[np.ndarray, "facts 3"]) -> Int[np.ndarray, "facts 3"]:
            moved = facts.copy()
            moved[:, 0] = place[facts[:, 0]]
            return moved[moved[:, 0] >= 0]

        return Blocks(
            self.pixels[list(which)],
            keep(self.pieces),
            keep(self.letters),
            self.silent[list(which)],
        )


def join(parts: Sequence[Blocks]) -> Blocks:
    starts = np.cumsum([0, *(len(p) for p in parts)])[:-1]

    def shifted(name: str) -> Int[np.ndarray, "facts 3"]:
        return np.concatenate(
            [getattr(p, name) + np.array([s, 0, 0]) for p, s in zip(parts, starts, strict=True)]
        )

    return Blocks(
        np.concatenate([p.pixels for p in parts]),
        shifted("pieces"),
        shifted("letters"),
        np.concatenate([p.silent for p in parts]),
    )


def to_windows(ink: UInt8[np.ndarray, "h w"], shape: Shape) -> UInt8[np.ndarray, "windows p 196"]:
    """A picture of whole windows as patches in Qwen2.5-VL's order.

    Windows row by row; in a window cells row by row; in a cell its 2 x 2 patches row by row.
    """
    c = shape.window_cells
    rows, columns = ink.shape[0] // shape.window, ink.shape[1] // shape.window
    parts = ink.reshape(rows, c, 2, 14, columns, c, 2, 14)
    return parts.transpose(0, 4, 1, 5, 2, 6, 3, 7).reshape(rows * columns, c * c * 4, 196)


def patch_places(shape: Shape, side: int) -> Int[np.ndarray, "rows columns"]:
    """Which patch of `to_windows`, counted over all windows, lies at (row, column) of patches."""
    n = shape.window_patches * side
    numbers = np.arange(n * n, dtype=np.int64)
    grid = np.empty((n, n), np.int64)
    c = shape.window_cells
    order = np.arange(n * n).reshape(side, c, 2, side, c, 2).transpose(0, 3, 1, 4, 2, 5).reshape(-1)
    grid.reshape(-1)[order] = numbers
    return grid


def piece_places(
    sheet: Sheet, tokenizer: Tokenizer
) -> tuple[Int[np.ndarray, " pieces"], Float[np.ndarray, " pieces"], Float[np.ndarray, " pieces"]]:
    """Piece ids and the pixel (x, y) of their middles."""
    encoding = tokenizer.encode(sheet.text, add_special_tokens=False)
    ids = np.array(encoding.ids, np.int64)
    if not len(ids):
        return ids, np.zeros(0, np.float32), np.zeros(0, np.float32)
    spans = np.array(encoding.offsets)
    first, last = spans[:, 0], np.maximum(spans[:, 0], spans[:, 1] - 1)
    return ids, (sheet.x[first] + sheet.x[last]) / 2, (sheet.y[first] + sheet.y[last]) / 2


def cut_blocks(
    seed: tuple[int, ...], sheet: Sheet, tokenizer: Tokenizer, shape: Shape, count: int = PER_SHEET
) -> Blocks:
    """`count` squares of SIDE x SIDE windows at random places, where text is likelier."""
    rng = np.random.default_rng((*seed, 1))
    size = shape.window * SIDE
    cells = size // 28
    height, width = sheet.ink.shape
    ground = int(np.median(sheet.ink[:: max(1, height // 50), :: max(1, width // 50)]))
    padded = np.full((max(height, size), max(width, size)), ground, np.uint8)
    padded[:height, :width] = sheet.ink
    ids, px, py = piece_places(sheet, tokenizer)
    known = {letter: i for i, letter in enumerate(LETTERS)}
    codes = np.array([known.get(c.lower(), len(LETTERS)) for c in sheet.text], np.int64)
    places = patch_places(shape, SIDE)

    def inside(x: np.ndarray, y: np.ndarray, left: int, top: int) -> np.ndarray:
        return (x >= left) & (x < left + size) & (y >= top) & (y < top + size)

    spots = [
        (
            int(rng.integers(padded.shape[1] - size + 1)),
            int(rng.integers(padded.shape[0] - size + 1)),
        )
        for _ in range(count * 3)
    ]
    written = np.array([inside(px, py, *spot).sum() for spot in spots])
    best = np.argsort(-written * rng.uniform(0.3, 1, len(spots)), kind="stable")[:count]
    pixels, pieces, letters, silent = [], [], [], []
    for i, (left, top) in enumerate(spots[j] for j in best):
        pixels.append(to_windows(padded[top : top + size, left : left + size], shape))
        seen = inside(px, py, left, top) & (ids > 1)
        cell = (py[seen] - top).astype(int) // 28 * cells + (px[seen] - left).astype(int) // 28
        pieces.append(np.stack([np.full(len(cell), i), cell, ids[seen]], 1))
        marked = inside(sheet.x, sheet.y, left, top)
        row = (sheet.y[marked] - top).astype(int) // 14
        column = (sheet.x[marked] - left).astype(int) // 14
        code = codes[marked]
        facts = np.stack([np.full(len(row), i), places[row, column], code], 1)
        letters.append(facts[code < len(LETTERS)])
        near = np.zeros((cells + 2, cells + 2), bool)
        for dy in range(3):
            for dx in range(3):
                near[row // 2 + dy, column // 2 + dx] = True
        silent.append(~near[1:-1, 1:-1].reshape(-1))
    return Blocks(
        np.stack(pixels),
        np.concatenate(pieces).astype(np.int64),
        np.concatenate(letters).astype(np.int64),
        np.stack(silent),
    )


_known: dict[str, object] = {}  # of one drawing process


def start_drawing(texts: Sequence[str], faces: Sequence[Path], pieces: str, shape: Shape) -> None:
    """Give a drawing process what all of its sheets share."""
    _known.update(texts=texts, faces=faces, tokenizer=Tokenizer.from_str(pieces), shape=shape)


def draw_blocks(seed: int, sheets: range, difficulty: float) -> Blocks:
    """The blocks of some sheets: the same numbers on every machine with the same faces."""
    parts = []
    for sheet_number in sheets:
        key = (seed, sheet_number)
        sheet = draw_sheet(key, _known["texts"], _known["faces"], difficulty)  # type: ignore[arg-type]
        sheet = spoil(key, sheet, difficulty)
        parts.append(cut_blocks(key, sheet, _known["tokenizer"], _known["shape"]))  # type: ignore[arg-type]
    return join(parts)
