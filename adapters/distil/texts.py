"""Pairs of texts that belong together, out of a folder of training text."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AdapterError
from ..read.prose import json_lines

LONGEST = 500  # characters of a passage or function that are read
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True)
class Kind:
    """Where pairs of one kind come from and how many are drawn.

    `asks`: the first text of a pair is a question, and so encoded as one.
    """

    files: str
    pair: Callable[[dict[str, Any]], tuple[str, str] | None]
    at_most: int
    asks: bool


def _similar(row: dict[str, Any]) -> tuple[str, str] | None:
    return (row["a"], row["b"]) if row["lang_a"] == row["lang_b"] == "en" else None


def _passage(row: dict[str, Any]) -> tuple[str, str] | None:
    english = row["lang_query"] == row["lang_passage"] == "en"
    return (row["query"], row["passage"][:LONGEST]) if english else None


def _code(row: dict[str, Any]) -> tuple[str, str] | None:
    return row["query"], row["code"][:LONGEST]


KINDS = {
    "similar": Kind("similar.jsonl*", _similar, 25_000, asks=False),
    "passage": Kind("pairs-0.jsonl*", _passage, 30_000, asks=True),
    "code": Kind("code.jsonl*", _code, 30_000, asks=True),
}
SENTENCES = 60_000  # of prose, two and two without a bond, so that most texts are strangers
# How often each kind is drawn, by the task that is learnt.
MIXTURES = {
    "meaning": {"sentence": 0.2, "similar": 0.25, "passage": 0.3, "code": 0.25},
    "similarity": {"sentence": 0.15, "similar": 0.7, "passage": 0.1, "code": 0.05},
    "code": {"similar": 0.05, "passage": 0.1, "code": 0.85},
    "retrieval": {"sentence": 0.1, "similar": 0.1, "passage": 0.8},
}


@dataclass(frozen=True)
class Pairs:
    """Texts 2 i and 2 i + 1 belong together. `kinds`: name -> pairs of that kind, `asks` likewise
    says of each text whether it is a question."""

    texts: list[str]
    asks: list[bool]
    kinds: dict[str, range]


def load_pairs(folder: Path, seed: int = 0) -> Pairs:
    """English pairs of every kind there is a file for, and sentences of prose.

    Raises AdapterError for a folder without any of the files.
    """
    chance = random.Random(seed)
    sentences = list(_sentences(folder))
    chance.shuffle(sentences)
    sentences = sentences[: min(SENTENCES, len(sentences)) // 2 * 2]
    texts, asks = list(sentences), [False] * len(sentences)
    kinds = {"sentence": range(len(texts) // 2)}
    for name, kind in KINDS.items():
        rows = (row for f in sorted(folder.glob(kind.files)) for row in json_lines(f))
        drawn = [pair for row in rows if (pair := kind.pair(row)) is not None]
        chance.shuffle(drawn)
        first = len(texts) // 2
        for one, other in drawn[: kind.at_most]:
            texts += [one, other]
            asks += [kind.asks, False]
        kinds[name] = range(first, len(texts) // 2)
    if not texts:
        wanted = ", ".join(["prose-*.jsonl", *(kind.files for kind in KINDS.values())])
        raise AdapterError(f"{folder} holds no training text: one of {wanted} is needed")
    return Pairs(texts, asks, {name: found for name, found in kinds.items() if len(found)})


def _sentences(folder: Path) -> Iterator[str]:
    for file in sorted(folder.glob("prose-[01].jsonl*")):
        for row in json_lines(file):
            if row.get("lang", "en") == "en":
                yield from (s for s in _SENTENCE.split(row["text"]) if 30 <= len(s) <= 220)
