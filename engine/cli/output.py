"""Where words go: results to standard output, everything else to standard error."""

import json
import sys
from typing import Any


def result(text: str) -> None:
    """What was asked for."""
    print(text)


def result_json(value: Any) -> None:
    """What was asked for, as one JSON object; not-a-number is refused, for JSON has none."""
    print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def note(text: str) -> None:
    """Whatever else should be known."""
    print(text, file=sys.stderr)


def error(text: str, *, as_json: bool) -> None:
    """What went wrong, in one line; with `as_json` also as an object on standard output."""
    line = " ".join(text.split())
    print(f"quire: {line}", file=sys.stderr)
    if as_json:
        result_json({"error": line})


def count(number: int, noun: str) -> str:
    """The number with its noun, which gets an s unless it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
