"""One input as token ids, with which of its rows count."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from .family import Family
from .positions import positions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sequence:
    """`keep` marks the rows of the multi-vector; `cells` which cell of the grid each looks at."""

    ids: Int[np.ndarray, " length"]
    positions: Int[np.ndarray, "3 length"]
    keep: Bool[np.ndarray, " length"]
    cells: Int[np.ndarray, " length"]  # -1 for text
    grid: tuple[int, int]
    patches: Any = None  # Float32 [patches, 588] of a picture


def _template(tokenizer: Any, text: str) -> list[int]:
    tokenizer.encode_special_tokens = False  # here "<|...|>" is the token of that name
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def text_sequence(tokenizer: Any, family: Family, template: str, text: str) -> Sequence:
    """A text in its template. Special tokens that a user writes are ordinary text.

    Text beyond `family.max_text` tokens is cut, with a note in the log; empty text gives the
    template's own tokens, so there is always a row.
    """
    before, after = template.split("{text}")
    first, last = _template(tokenizer, before), _template(tokenizer, after)
    tokenizer.encode_special_tokens = True
    own = list(tokenizer.encode(text, add_special_tokens=False).ids)
    if len(own) > family.max_text:
        log.warning("text of %d tokens cut to %d", len(own), family.max_text)
        own = own[: family.max_text]
    ids = np.array([*first, *own, *last], np.int64)
    keep = np.ones(len(ids), bool)
    if family.text_rows == "text" and own:
        keep[: len(first)] = False
        keep[len(first) + len(own) :] = False
    none = np.full(len(ids), -1, np.int64)
    return Sequence(ids, positions(ids, -1, []), keep, none, (0, 0))


def page_sequence(
    tokenizer: Any,
    family: Family,
    image_token: int,
    grid: tuple[int, int],
    blank: Bool[np.ndarray, " cells"],
    patches: Any,
) -> Sequence:
    """A picture of `grid` (rows, columns) cells in the page template.

    Blank cells give no row if the family says so, except that a blank page keeps its first.
    """
    before, after = family.page.split("{image}")
    first, last = _template(tokenizer, before), _template(tokenizer, after)
    cells = grid[0] * grid[1]
    ids = np.array([*first, *[image_token] * cells, *last], np.int64)
    image = ids == image_token
    keep = image.copy() if family.page_rows == "image" else np.ones(len(ids), bool)
    if family.drop_blank:
        drop = blank.copy()
        drop[0] &= not blank.all()
        keep[np.flatnonzero(image)[drop]] = False
    number = np.full(len(ids), -1, np.int64)
    number[image] = np.arange(cells)
    return Sequence(ids, positions(ids, image_token, [grid]), keep, number, grid, patches)
