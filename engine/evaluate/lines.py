"""JSON lines with errors that name the file and the line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import EvaluationError

Line = dict[str, Any]


def json_lines(path: Path) -> Iterator[tuple[str, Line]]:
    """Every line of the file as (place for an error message, object); blank lines are skipped."""
    with path.open(encoding="utf-8") as lines:
        for number, text in enumerate(lines, start=1):
            if not text.strip():
                continue
            where = f"{path}, line {number}"
            try:
                line = json.loads(text)
            except ValueError as error:
                raise EvaluationError(
                    f"{where}: no JSON ({error}): write one object a line"
                ) from None
            if not isinstance(line, dict):
                raise EvaluationError(f"{where}: got {text.strip()[:40]!r}, expected one object")
            yield where, line


def word(line: Line, key: str, where: str, *, default: str | None = None) -> str:
    """The text under `key`; without `default` the key must be there. Null counts as missing."""
    value = line.get(key)
    if value is None:
        value = default
    if not isinstance(value, str):
        held = "is missing" if value is None else f"is {value!r}"
        raise EvaluationError(f"{where}: {key!r} {held}: it must be a text")
    return value


def flag(line: Line, key: str, where: str) -> bool:
    """The true or false under `key`; false when missing."""
    value = line.get(key, False)
    if not isinstance(value, bool):
        raise EvaluationError(f"{where}: {key!r} is {value!r}: it must be true or false")
    return value


def number(line: Line, key: str, where: str) -> float:
    """The number under `key`, which must be there."""
    value = line.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EvaluationError(f"{where}: {key!r} is {value!r}: it must be a number")
    return float(value)
