"""The reply of an OpenAI-compatible server as pieces of text. No network here: bytes in."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import AnswerError

LONGEST_LINE = 1 << 20


def read_stream(lines: Iterable[bytes], who: str) -> Iterator[str]:
    """The text of server-sent events, in pieces.

    Ends with `[DONE]` or a finish reason; a stream that stops without either, or talks something
    else than events, raises AnswerError.
    """
    finished = False
    for line in lines:
        if len(line) >= LONGEST_LINE:
            raise AnswerError(f"{who} sent a line without end: it is no OpenAI-compatible server")
        text = line.decode("utf-8", "replace").strip()
        if not text or text.startswith(":") or not text.startswith("data:"):
            if text.startswith(("{", "<")):
                raise AnswerError(f"{who} sent no events but {text[:80]!r}: check its address")
            continue  # a comment, or a field of events that is not used here
        data = text.removeprefix("data:").strip()
        if data == "[DONE]":
            return
        piece, finished = _piece(data, who, finished)
        if piece:
            yield piece
    if not finished:
        raise AnswerError(f"{who} broke off in the middle of its answer: ask again")


def read_whole(body: bytes, who: str) -> str:
    """The text of a reply that is not a stream."""
    try:
        value = json.loads(body)
        content = value["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        raise AnswerError(f"{who} replied {body[:80]!r}, which is no answer") from error
    return content if isinstance(content, str) else ""


def _piece(data: str, who: str, finished: bool) -> tuple[str, bool]:
    try:
        value: Any = json.loads(data)
    except ValueError as error:
        raise AnswerError(f"{who} sent {data[:80]!r}, which is no JSON") from error
    if not isinstance(value, dict):
        raise AnswerError(f"{who} sent {data[:80]!r}, which is no piece of an answer")
    if value.get("error"):
        raise AnswerError(f"{who} reports {str(value['error'])[:200]}")
    choices = value.get("choices") or []
    if not choices or not isinstance(choices[0], dict):
        return "", finished  # a last event that only counts tokens
    content = (choices[0].get("delta") or {}).get("content")
    done = finished or bool(choices[0].get("finish_reason"))
    return (content if isinstance(content, str) else ""), done


class WithoutThinking:
    """Drops what stands between <think> and </think>, also when the marks come in pieces."""

    def __init__(self) -> None:
        self._held, self._thinking, self._begun = "", False, False

    def feed(self, piece: str) -> str:
        self._held += piece
        out = ""
        while True:
            mark = "</think>" if self._thinking else "<think>"
            place = self._held.find(mark)
            if place < 0:
                break
            out += "" if self._thinking else self._held[:place]
            self._held = self._held[place + len(mark) :]
            self._thinking = not self._thinking
        keep = next((n for n in range(len(mark) - 1, 0, -1) if self._held.endswith(mark[:n])), 0)
        ready, self._held = self._held[: len(self._held) - keep], self._held[-keep:] if keep else ""
        out += "" if self._thinking else ready
        if not self._begun:  # the blank lines that stood after the thoughts
            out = out.lstrip()
            self._begun = bool(out)
        return out

    def close(self) -> str:
        return "" if self._thinking else self._held
