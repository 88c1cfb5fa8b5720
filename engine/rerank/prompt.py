"""A query and a candidate as the token ids of one prompt."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int
from PIL import Image

from ..encode.images import size_of
from ..encode.prompt import readable
from ..encode.protocol import Parts
from .family import Family

TAIL = 5  # tokens that cutting by words never touches
VISION_START, IMAGE, VISION_END = "<|vision_start|>", "<|image_pad|>", "<|vision_end|>"

Ids = Int[np.ndarray, " length"]


@dataclass(frozen=True)
class Prompt:
    """`pictures`: in the order of their tokens."""

    ids: Ids
    pictures: tuple[Image.Image, ...] = ()


class Prompter:
    """Writes the prompts of one family with one tokenizer (`tokenizers.Tokenizer`)."""

    def __init__(self, tokenizer: Any, family: Family) -> None:
        self._tokenizer, self._family = tokenizer, family
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = False  # here "<|...|>" is the token of that name
        self._opening = self._encode(family.opening)
        self._closing = self._encode(family.closing)
        tokenizer.encode_special_tokens = True  # and from here on it is six signs and a word
        added = tokenizer.get_added_tokens_decoder()
        self._special = {id_ for id_, token in added.items() if token.special}
        self.image = tokenizer.token_to_id(IMAGE)

    def write(self, instruction: str, query: Parts, candidate: Parts) -> Prompt:
        """One prompt, cut to what the model reads; pictures of the query come first."""
        family = self._family
        pieces: list[str | int] = [family.instruct + instruction, family.query]
        pieces += [*self._pieces(query), family.document, *self._pieces(candidate)]
        pictures = (*query.pictures, *candidate.pictures)
        body = self._body(pieces)
        if family.cut == "body":
            room = family.max_tokens - len(self._opening) - len(self._closing)
            ids = [*self._opening, *body[: max(0, room)], *self._closing]
        else:
            ids = [*self._opening, *body, *self._closing]
            ids = cut_words(ids[:-TAIL], family.max_tokens, self._special) + ids[-TAIL:]
        return Prompt(np.array(ids, np.int64), pictures)

    def _pieces(self, parts: Parts) -> list[str | int]:
        """Its pictures, each as how many cells it has, and its text."""
        cells = [self._cells(picture) for picture in parts.pictures]
        text = "".join(parts.texts)
        return [*cells, text or ("" if cells else self._family.empty)]

    def _cells(self, picture: Image.Image) -> int:
        budget = self._family.budget
        assert budget is not None  # a family without one was given no picture
        width, height = size_of(*picture.size, budget, "raised")
        return width * height // budget.factor**2

    def _body(self, pieces: Sequence[str | int]) -> list[int]:
        """Ids of text and pictures. Text between two pictures is encoded in one go.

        So a piece of a word never ends where a field begins: `>:` and `$5` meet in one token.
        """
        ids: list[int] = []
        text = ""
        for piece in pieces:
            if isinstance(piece, str):
                text += piece
                continue
            start, end = map(self._tokenizer.token_to_id, (VISION_START, VISION_END))
            ids += [*self._encode(text), start, *[self.image] * piece, end]
            text = ""
        return ids + self._encode(text)

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(readable(text), add_special_tokens=False).ids)


def cut_words(ids: list[int], limit: int, special: Collection[int]) -> list[int]:
    """At most `limit` ids: all special ones, and the first of the others that there is room for."""
    if len(ids) <= limit:
        return ids
    room = limit - sum(id_ in special for id_ in ids)
    kept = []
    for id_ in ids:
        if id_ not in special:
            room -= 1
            if room < 0:
                continue
        kept.append(id_)
    return kept
