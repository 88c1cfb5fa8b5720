"""Where on a page a region can be: blocks if they are known, else paragraphs, and inked areas that
are neither."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from quire.ingest.block import Block
from quire.ingest.page import Box
from quire.ingest.page import Word as PageWord

# Never evidence: they say the same on every page.
FURNITURE = ("header", "footer")
# Rows of the grid of an area, at the most: about six lines of body text.
TALLEST_AREA = 6
GAP = 0.7  # of a line's height: more room above a line begins a paragraph
FEWEST_CELLS = 12  # of a drawing without a name: less is a rule, a bullet or a stamp
FEWEST_IN_ROW = 3  # pieces on one level that make a row
WIDEST_GAP = 2.5  # of a line's height: more room beside a word begins another line


@dataclass(frozen=True)
class Place:
    """A box and what it is. `under`: places that say what this one is about (its heading, its
    caption, the first rows of its table), as positions in the list it stands in."""

    kind: str
    box: Box
    under: tuple[int, ...] = ()


def places(
    blocks: Sequence[Block], page: Sequence[PageWord], seen: Bool[np.ndarray, "h w"]
) -> list[Place]:
    """All places of a page that may be a region; none for a blank page."""
    kept = [block for block in blocks if block.kind not in (*FURNITURE, "table cell")]
    if not kept:
        kept = _paragraphs(page)
    if not kept:
        return [Place("area", box) for box in _areas(seen)]
    named = [Place(block.kind, block.box, _above(i, kept)) for i, block in enumerate(kept)]
    return named + [Place("area", box) for box in _left_over(seen, [*kept, *blocks], page)]


def common(a: Box, b: Box) -> float:
    """The area of what two boxes share."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(wide, 0.0) * max(high, 0.0)


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _above(place: int, kept: Sequence[Block]) -> tuple[int, ...]:
    own = kept[place]
    above = [
        i
        for i, other in enumerate(kept)
        if other.kind in ("heading", "caption")
        and i != place
        and other.box[1] <= own.box[1]
        and min(own.box[2], other.box[2]) > max(own.box[0], other.box[0]) - 0.1
    ]
    found = sorted(above, key=lambda i: kept[i].box[1])[-1:]
    if own.kind == "table row":
        found += _first_rows(own, kept)
    return tuple(found)


def _first_rows(own: Block, kept: Sequence[Block], most: int = 3) -> list[int]:
    """The first rows of the table that a row stands in: they hold the heads of its columns."""

    def inside(i: int, table: Block) -> bool:
        return common(kept[i].box, table.box) > 0.8 * area(kept[i].box)

    rows = [i for i, other in enumerate(kept) if other.kind == "table row"]
    for table in (block for block in kept if block.kind == "table"):
        if common(own.box, table.box) > 0.8 * area(own.box):
            return sorted((i for i in rows if inside(i, table)), key=lambda i: kept[i].box[1])[
                :most
            ]
    return []


def _paragraphs(page: Sequence[PageWord]) -> list[Block]:
    """Words in file order, joined to lines and those to paragraphs."""
    lines: list[Box] = []
    for word in page:
        x0, y0, x1, y1 = word.box
        if lines:
            left, top, right, bottom = lines[-1]
            tall = bottom - top
            level = top < (y0 + y1) / 2 < bottom
            if level and -tall < x0 - right < WIDEST_GAP * tall:
                lines[-1] = (min(left, x0), min(top, y0), max(right, x1), max(bottom, y1))
                continue
        lines.append(word.box)
    joined: list[Box] = []
    for x0, y0, x1, y1 in lines:
        if joined:
            left, top, right, bottom = joined[-1]
            room = y0 - bottom
            if -0.5 * (y1 - y0) < room < GAP * (y1 - y0) and min(right, x1) > max(left, x0):
                joined[-1] = (min(left, x0), top, max(right, x1), max(bottom, y1))
                continue
        joined.append((x0, y0, x1, y1))
    return [*(Block("text", box) for box in joined), *(Block("line", b) for b in _level(lines))]


def _level(lines: Sequence[Box]) -> list[Box]:
    """Short pieces on one level, three or more: what stands in a row of a table."""
    rows: list[list[Box]] = []
    for box in lines:
        if rows and _on_level(rows[-1][-1], box):
            rows[-1].append(box)
        else:
            rows.append([box])
    return [
        (
            min(b[0] for b in row),
            min(b[1] for b in row),
            max(b[2] for b in row),
            max(b[3] for b in row),
        )
        for row in rows
        if len(row) >= FEWEST_IN_ROW
    ]


def _on_level(left: Box, right: Box) -> bool:
    return left[1] < (right[1] + right[3]) / 2 < left[3] and right[0] > left[0]


def _left_over(
    seen: Bool[np.ndarray, "h w"], blocks: Sequence[Block], page: Sequence[PageWord]
) -> list[Box]:
    """Patches of some size with ink that is in no block and is no word of the text layer: drawings
    and charts that nobody named."""
    h, w = seen.shape
    bare = seen.copy()
    for x0, y0, x1, y1 in [*(block.box for block in blocks), *(word.box for word in page)]:
        bare[int(y0 * h) : int(np.ceil(y1 * h)), int(x0 * w) : int(np.ceil(x1 * w))] = False
    found = [
        (left / w, top / h, right / w, bottom / h) for top, left, bottom, right in _patches(bare)
    ]
    return [box for box in found if area(box) * h * w >= FEWEST_CELLS]


def _areas(seen: Bool[np.ndarray, "h w"]) -> list[Box]:
    """Patches of inked cells that touch, tall ones cut into overlapping strips."""
    h, w = seen.shape
    boxes = []
    for top, left, bottom, right in _patches(seen):
        tops = range(top, max(bottom - TALLEST_AREA, top) + 1, TALLEST_AREA // 2)
        for start in tops:
            end = bottom if start == tops[-1] else start + TALLEST_AREA
            boxes.append((left / w, start / h, right / w, end / h))
    return boxes


def _patches(seen: Bool[np.ndarray, "h w"]) -> list[tuple[int, int, int, int]]:
    """Top, left, bottom, right (ends not included) of each patch of True that touches itself."""
    h, w = seen.shape
    left_over = seen.copy()
    found = []
    for start in zip(*np.nonzero(seen), strict=True):
        if not left_over[start]:
            continue
        left_over[start] = False
        open_cells, cells = [start], []
        while open_cells:
            row, column = open_cells.pop()
            cells.append((row, column))
            for near in (
                (row - 1, column),
                (row + 1, column),
                (row, column - 1),
                (row, column + 1),
            ):
                if 0 <= near[0] < h and 0 <= near[1] < w and left_over[near]:
                    left_over[near] = False
                    open_cells.append(near)
        rows, columns = zip(*cells, strict=True)
        found.append((min(rows), min(columns), max(rows) + 1, max(columns) + 1))
    return [(int(a), int(b), int(c), int(d)) for a, b, c, d in found]
