"""One line of training data: an example, or what is wrong with it."""

import json
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any

from quire.adapters.train.examples import Example, Pair, Scored

from .pupil import Picture

KEYS = (
    "query",
    "positive",
    "picture",
    "negatives",
    "negative_pictures",
    "a",
    "b",
    "score",
    "group",
)


class BadLine(Exception):
    """What is wrong with a line, and the mend."""


def read_line(line: str, folder: Path) -> Example:
    """The example of one line; paths of pictures are meant from `folder`. Raises `BadLine`."""
    try:
        told = json.loads(line)
    except ValueError as error:
        raise BadLine(f"no JSON ({error})") from None
    if not isinstance(told, dict):
        raise BadLine('no JSON object: write {"query": "...", "positive": "..."}')
    for key in told.keys() - set(KEYS):
        # Other keys are nobody's business, but a slip would silently be without effect.
        if near := get_close_matches(key, KEYS, n=1, cutoff=0.8):
            raise BadLine(f"no key {key!r}: write {near[0]!r}")
    group = _text(told, "group") if "group" in told else ""
    if "a" in told or "b" in told:
        first, second = _text(told, "a"), _text(told, "b")
        if "score" not in told:
            return Pair(first, second, kind=f"alike {group}")
        score = told["score"]
        if isinstance(score, bool) or not isinstance(score, int | float) or not isfinite(score):
            raise BadLine(f"score {score!r} is no number")
        return Scored(first, second, float(score), f"scored {group}")
    if "query" not in told:
        raise BadLine(f"neither 'query' nor 'a' and 'b', but {_named(told)}")
    query = _text(told, "query")
    if ("positive" in told) == ("picture" in told):
        raise BadLine("give exactly one of 'positive' (a text) and 'picture' (a path)")
    wrong: list[Any] = _list(told, "negatives")
    wrong += [_picture(path, folder) for path in _list(told, "negative_pictures")]
    if "picture" in told:
        return Pair(query, _picture(told["picture"], folder), tuple(wrong), f"page {group}")
    return Pair(query, _text(told, "positive"), tuple(wrong), f"text {group}")


def _named(told: dict[str, Any]) -> str:
    return ", ".join(repr(key) for key in list(told)[:5]) or "nothing"


def _text(told: dict[str, Any], key: str) -> str:
    text = told.get(key)
    if not isinstance(text, str) or not text.strip():
        raise BadLine(f"{key!r} is {'missing' if text is None else 'no text' if text else 'empty'}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadLine(f"{key!r} is not UTF-8") from None
    return text


def _list(told: dict[str, Any], key: str) -> list[str]:
    found = told.get(key, [])
    if not isinstance(found, list) or not all(isinstance(t, str) and t.strip() for t in found):
        raise BadLine(f"{key!r} is no list of texts")
    return list(found)


def _picture(path: Any, folder: Path) -> Picture:
    """Opened already here, header alone: a missing page should not stop a run after an hour."""
    from PIL import Image

    if not isinstance(path, str):
        raise BadLine(f"picture {path!r} is no path")
    file = folder / path
    try:
        with Image.open(file):
            return Picture(file)
    except FileNotFoundError:
        raise BadLine(f"there is no picture {str(file)!r}") from None
    except OSError as error:
        raise BadLine(f"{str(file)!r} is no picture ({error})") from None
