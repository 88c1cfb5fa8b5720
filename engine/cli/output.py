"""Where words go: results to standard output, everything else to standard error."""

import json
import sys
from typing import Any, TextIO


def result(text: str) -> None:
    """What was asked for."""
    _print(text, sys.stdout)


def result_json(value: Any) -> None:
    """What was asked for, as one JSON object; not-a-number is refused, for JSON has none."""
    result(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def note(text: str) -> None:
    """Whatever else should be known."""
    _print(text, sys.stderr)


def error(text: str, *, as_json: bool) -> None:
    """What went wrong, in one line; with `as_json` also as an object on standard output."""
    line = " ".join(text.split())
    note(f"quire: {line}")
    if as_json:
        result_json({"error": line})


def count(number: int, noun: str) -> str:
    """The number with its noun, which gets an s unless it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _print(text: str, stream: TextIO) -> None:
    """Print; what the stream cannot say is written as an escape.

    A file name may be no valid text on its system. In JSON the escape is even the right form.
    """
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)
