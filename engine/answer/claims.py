"""An answer as sentences with their [n], also while it is still being written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MARK = re.compile(r"\s*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
_QUOTE = re.compile(r"[\"“„«]([^\"“”„«»]{3,}?)[\"”“»]")
# A sentence ends at its stop, with the quotation mark and the numbers that belong to it; the next
# must have begun, or what comes may still belong to this one.
_END = re.compile(
    r"\n(?!\s*\[)(?=\s*\S)|"
    r"(?:[.!?](?=[\"”»\s\[])[\"”»]?|[。！？][”」]?)(?:\s*\[[\d,\s]+\])*\.?"
    r"(?=\s+[^\s\[]|[^\s\[\"”」.])"
)
_SHORT = re.compile(r"(?:\b(?:e\.g|i\.e|no|nr|fig|p|pp|dr|mr|mrs|vs|approx|z\.b)|\b\w)\.$", re.I)


@dataclass(frozen=True)
class Sentence:
    """`text` without its numbers; `numbers` in the order they stand in; `quotes` in its text."""

    text: str
    numbers: tuple[int, ...]
    quotes: tuple[str, ...]


class Splitter:
    """Takes pieces of text and gives whole sentences as soon as they are."""

    def __init__(self) -> None:
        self._open = ""

    def feed(self, piece: str) -> Iterator[Sentence]:
        self._open += piece
        while cut := self._cut():
            whole, self._open = self._open[:cut], self._open[cut:]
            if sentence := read_sentence(whole):
                yield sentence

    def close(self) -> Iterator[Sentence]:
        """What is left, whole or not."""
        left, self._open = self._open, ""
        if sentence := read_sentence(left):
            yield sentence

    def _cut(self) -> int:
        for found in _END.finditer(self._open):
            before = self._open[: found.end()]
            inside = before.count('"') % 2 or before.count("“") > before.count("”")
            stop = self._open[: found.start() + 1]
            if not inside and not _SHORT.search(stop):
                return found.end()
        return 0


def sentences(text: str) -> list[Sentence]:
    """All sentences of a text."""
    splitter = Splitter()
    return [*splitter.feed(text), *splitter.close()]


def read_sentence(text: str) -> Sentence | None:
    """A sentence without its marks; None where there is nothing but marks and blanks."""
    numbers = [int(n) for found in MARK.finditer(text) for n in found[1].split(",")]
    plain = " ".join(MARK.sub("", text).split()).lstrip("-*• ")
    plain = re.sub(r"(?<=[.!?][\"”»])\.$", "", plain)  # a stop after a stop and its mark
    if not any(letter.isalnum() for letter in plain) and not numbers:
        return None
    quotes = tuple(found[1].strip() for found in _QUOTE.finditer(plain))
    return Sentence(plain, tuple(dict.fromkeys(numbers)), quotes)
