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


def _code(row: dict[str, Any]) -> tuple[str, str] | None:
    """Half of the functions are described in their code too, as functions are."""
    query, code = row["query"], row["code"]
    if "lang_query" in row:
        return None
    if row.get("kind") == "function" and len(query) % 2:
        code = described(code, query, row.get("language", ""))
    return query, code[:LONGEST]


def described(code: str, words: str, language: str) -> str:
    """Code with a comment where its language has it: inside a Python function, else before."""
    if language != "python":
        return f"// {words}\n{code}"
    lines = code.split("\n")
    head = next((i for i, line in enumerate(lines) if line.rstrip().endswith(":")), 0)
    return "\n".join([*lines[: head + 1], f'    """{words}"""', *lines[head + 1 :]])


KINDS = {
    "similar": Kind("similar.jsonl*", _similar, 70_000, asks=False),
    "code": Kind("code.jsonl*", _code, 26_000, asks=True),
}
SENTENCES = 150_000  # of prose, two and two without a bond, so that most texts are strangers
# How often each kind is drawn, by the task that is learnt.
MIXTURES = {
    "similarity": {"sentence": 0.5, "similar": 0.5},
    "code": {"sentence": 0.15, "code": 0.85},
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
