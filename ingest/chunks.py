"""Text cut into pieces of a page's length, at places where a reader would cut."""

import unicodedata
from dataclasses import dataclass

ROWS = 60  # of a chunk, at most
COLUMNS = 100  # of a row; longer lines are broken, as in an editor
_FEWEST = 20  # rows before a cut at a blank line: no tiny chunks
_TAB = 4


@dataclass(frozen=True)
class Chunk:
    """Lines `first` to `last` of a text, from 1. rows: the same, broken at COLUMNS."""

    first: int
    last: int
    text: str
    rows: tuple[str, ...]


def chunks(text: str) -> list[Chunk]:
    """The text in chunks of at most ROWS rows; at least one, which may be empty.

    A cut falls on a blank line before something that is not indented (a function, a heading), else
    on any blank line, else where the sheet is full. Line breaks lie inside a chunk, not in two:
    only a single line of more than ROWS rows is itself cut.
    """
    lines = text.expandtabs(_TAB).split("\n")
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    found: list[Chunk] = []
    start = 0
    while start < len(lines):
        broken = broken_rows(lines[start])
        if len(broken) > ROWS:
            found += [
                Chunk(start + 1, start + 1, "".join(part), tuple(part))
                for part in (broken[i : i + ROWS] for i in range(0, len(broken), ROWS))
            ]
            start += 1
            continue
        end = _end(lines, start)
        rows = [row for line in lines[start:end] for row in broken_rows(line)]
        if any(row.strip() for row in rows) or not (found or end < len(lines)):
            found.append(Chunk(start + 1, end, "\n".join(lines[start:end]), tuple(rows)))
        start = end
    return found or [Chunk(1, 1, "", ("",))]


def _end(lines: list[str], start: int) -> int:
    """The line (from 0) after the chunk that begins with line `start`."""
    rows, blank, best = 0, 0, 0
    for place in range(start, len(lines)):
        rows += len(broken_rows(lines[place]))
        if rows > ROWS:
            return best or blank or place
        following = lines[place + 1] if place + 1 < len(lines) else ""
        if rows >= _FEWEST and not lines[place].strip() and following.strip():
            blank = place + 1
            best = place + 1 if not following.startswith(" ") else best
    return len(lines)


def broken_rows(line: str) -> list[str]:
    """The line in rows of at most COLUMNS columns; wide letters (CJK) take two."""
    if len(line) <= COLUMNS // 2 or (len(line) <= COLUMNS and line.isascii()):
        return [line]
    rows, row, width = [], "", 0
    for letter in line:
        takes = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if width + takes > COLUMNS:
            rows.append(row)
            row, width = "", 0
        row += letter
        width += takes
    return [*rows, row]
