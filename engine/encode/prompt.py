"""Templates to token ids: byte for byte what a model was trained with.

A template is cut at its special tokens, which become ids by name. What stands between is encoded
together with the user's text, as one run, for pieces reach across the border ("Query: " + "What"
is "Query", ":", " What").
"""

import logging
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..errors import EncodeError
from .family import Family

log = logging.getLogger(__name__)
_SPECIAL = re.compile(r"(<\|\w+\|>|</?s>|\{image\}|\{pictures\})")
_VALUE = re.compile(r"\{(text|instruction)\}")


@dataclass(frozen=True)
class Prompt:
    """`own`: first and one past the last token of the run that holds the user's text."""

    ids: list[int]
    own: tuple[int, int]


def fill_template(
    tokenizer: Any,
    family: Family,
    template: str,
    text: str = "",
    instruction: str | None = None,
    cells: Sequence[int] = (),
) -> Prompt:
    """The token ids of a template. `cells`: how many image tokens each picture becomes.

    Text beyond `family.max_text` tokens is cut, with a note in the log, as `family.cut` says.
    """
    stands_in = "" if cells else family.empty
    said = instruct(family, instruction)
    values = {"text": readable(text) or stands_in, "instruction": readable(said)}
    runs: list[list[int]] = []
    own = -1
    left = list(cells)
    for piece in _pieces(template):
        if piece == "{pictures}":
            for number in left:
                runs += fill_picture(tokenizer, family, number)
        elif piece == "{image}":
            runs.append([special(tokenizer, family.image_token)] * left[0])
        elif _SPECIAL.fullmatch(piece):
            runs.append([special(tokenizer, piece)])
        else:
            if "{text}" in piece:
                own = len(runs)
            filled = _VALUE.sub(lambda m: values[m[1]], piece)
            runs.append(list(tokenizer.encode(filled, add_special_tokens=False).ids))
    prompt = _cut(family, runs, own)
    if cells and prompt.ids.count(special(tokenizer, family.image_token)) != sum(cells):
        raise EncodeError(
            f"pictures of {sum(cells)} tokens do not fit into the {family.max_text} that "
            f"{family.name} reads: pass fewer, or load it with a smaller max_pixels"
        )
    return prompt


def readable(text: str) -> str:
    """The text with U+FFFD for halves of characters, which no tokenizer takes.

    They come out of damaged PDFs and file names; the length stays.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


def fill_picture(tokenizer: Any, family: Family, cells: int) -> list[list[int]]:
    """One picture among several."""
    return [
        [special(tokenizer, family.image_token)] * cells
        if piece == "{image}"
        else [special(tokenizer, piece)]
        for piece in _pieces(family.picture)
    ]


def instruct(family: Family, instruction: str | None) -> str:
    """The instruction as the family words it: the default where none is given."""
    if instruction is None:
        return family.instruction
    if not family.instruction_stop:
        return instruction
    instruction = instruction.strip()
    if instruction and not unicodedata.category(instruction[-1]).startswith("P"):
        instruction += "."
    return instruction


def special(tokenizer: Any, name: str) -> int:
    """The id of a special token; `EncodeError` if the tokenizer has none of that name."""
    found: int | None = tokenizer.token_to_id(name)
    if found is None:
        raise EncodeError(f"the tokenizer has no token {name!r}: it is that of another model")
    return found


@lru_cache(maxsize=64)
def _pieces(template: str) -> tuple[str, ...]:
    return tuple(piece for piece in _SPECIAL.split(template) if piece)


def _cut(family: Family, runs: list[list[int]], own: int) -> Prompt:
    total = sum(map(len, runs))
    if own >= 0:
        held = len(runs[own])
        room = family.max_text - (0 if family.cut == "text" else total - held)
        if family.cut != "end" and held > room:
            _note(held, max(room, 0), family)
            runs[own] = runs[own][: max(room, 0)]
    before = sum(map(len, runs[: max(own, 0)]))
    ids = [number for run in runs for number in run]
    end = before + len(runs[own]) if own >= 0 else 0
    if family.cut == "end" and len(ids) > family.max_text:
        _note(len(ids), family.max_text, family)
        ids = ids[: family.max_text]
    return Prompt(ids, (min(before, len(ids)), min(end, len(ids))))


def _note(tokens: int, kept: int, family: Family) -> None:
    log.warning(
        "text of %d tokens cut to %d: %s reads at most %d", tokens, kept, family.name,
        family.max_text,
    )  # fmt: skip
