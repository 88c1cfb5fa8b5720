"""One input as token ids, with which of its rows count."""

from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int

from .family import Family
from .positions import positions
from .prompt import Prompt, fill_template, special


@dataclass(frozen=True)
class Seen:
    """A picture as a tower takes it: `grid` (rows, columns) of cells, and their patches."""

    grid: tuple[int, int]
    patches: Float32[np.ndarray, "patches values"]
    blank: Bool[np.ndarray, " cells"]


@dataclass(frozen=True)
class Sequence:
    """`keep` marks the rows of the multi-vector, `pool` the states that the dense vector is the
    mean of; `cells` says which cell of the grid each looks at, where there is one picture. A text
    with a `whole` has one row more at the end, see `Family.whole`."""

    ids: Int[np.ndarray, " length"]
    positions: Int[np.ndarray, "3 length"]
    keep: Bool[np.ndarray, " length"]
    pool: Bool[np.ndarray, " length"]
    cells: Int[np.ndarray, " length"]  # -1 for text
    grid: tuple[int, int]  # (0, 0) unless there is one picture
    pictures: tuple[Seen, ...] = ()
    whole: float = 0.0


def text_sequence(
    tokenizer: Any,
    family: Family,
    template: str,
    text: str,
    instruction: str | None = None,
    whole: float = 0.0,
) -> Sequence:
    """A text in its template. Special tokens that a user writes are ordinary text.

    Empty text gives the template's own tokens, so there is always a row.
    """
    prompt = fill_template(tokenizer, family, template, text, instruction)
    ids = np.array(prompt.ids, np.int64)
    keep = _text_rows(family, prompt)
    none = np.full(len(ids), -1, np.int64)
    pool = _pooled(tokenizer, family, ids, keep, pictures=False)
    return Sequence(ids, positions(ids, -1, []), keep, pool, none, (0, 0), whole=whole)


def page_sequence(
    tokenizer: Any,
    family: Family,
    pictures: Many[Seen],
    text: str = "",
    instruction: str | None = None,
) -> Sequence:
    """A picture in the page template, or several with a text in the template of several.

    Blank cells give no row if the family says so, except that a blank page keeps its first.
    """
    alone = len(pictures) == 1 and not text
    counts = [seen.grid[0] * seen.grid[1] for seen in pictures]
    template = family.page if alone else family.several
    prompt = fill_template(tokenizer, family, template, text, instruction, counts)
    ids = np.array(prompt.ids, np.int64)
    token = special(tokenizer, family.image_token)
    image = ids == token
    keep = image.copy() if family.page_rows == "image" else np.ones(len(ids), bool)
    if family.drop_blank:
        blank = np.concatenate([seen.blank for seen in pictures])
        drop = blank.copy()
        drop[0] &= not blank.all()
        keep[np.flatnonzero(image)[drop]] = False
    number = np.full(len(ids), -1, np.int64)
    if alone:
        number[image] = np.arange(counts[0])
    pool = _pooled(tokenizer, family, ids, keep, pictures=True)
    return Sequence(
        ids,
        positions(ids, token, [seen.grid for seen in pictures]),
        keep,
        pool,
        number,
        pictures[0].grid if alone else (0, 0),
        tuple(pictures),
    )


def _text_rows(family: Family, prompt: Prompt) -> Bool[np.ndarray, " length"]:
    keep = np.ones(len(prompt.ids), bool)
    start, end = prompt.own
    if family.text_rows == "text" and end > start:
        keep[:start] = False
        keep[end:] = False
    elif family.text_rows == "after-first":
        keep[0] = False
    return keep


def _pooled(
    tokenizer: Any,
    family: Family,
    ids: Int[np.ndarray, " length"],
    keep: Bool[np.ndarray, " length"],
    *,
    pictures: bool,
) -> Bool[np.ndarray, " length"]:
    if family.pooling in ("", "rows"):
        return keep
    pool = np.zeros(len(ids), bool)
    if family.pooling == "first":
        pool[0] = True
    elif family.pooling == "last":
        pool[-1] = True
    elif not pictures:
        pool[:] = True
    else:
        start = np.flatnonzero(ids == special(tokenizer, "<|vision_start|>"))[0]
        end = np.flatnonzero(ids == special(tokenizer, "<|vision_end|>"))[-1]
        pool[start : end + 1] = True
    return pool
