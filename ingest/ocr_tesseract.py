"""Tesseract, the program. It is started by the reading process and ends with it."""

import os
import subprocess

from .wire import BoxedWord

_WORD = "5"  # the level of a row of its table that is a word
_COLUMNS = 12
_DATA_ONLY = ("osd", "equ")  # no languages: turns and formulas


class TesseractRecogniser:
    """Reads all the languages that are installed."""

    def __init__(self) -> None:
        told = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True)
        names = [line.strip() for line in told.stdout.splitlines()[1:]]
        self._languages = "+".join(name for name in names if name and name not in _DATA_ONLY)

    def read(self, pixels: bytes, across: int, down: int) -> list[list[BoxedWord]]:
        command = ["tesseract", "stdin", "stdout", "--psm", "3"]
        command += ["-l", self._languages] if self._languages else []
        done = subprocess.run(
            [*command, "tsv"],
            input=b"P6 %d %d 255\n" % (across, down) + pixels,
            capture_output=True,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            check=True,
        )
        return table_lines(done.stdout.decode(errors="replace"), across, down)


def table_lines(table: str, across: int, down: int) -> list[list[BoxedWord]]:
    """The words of Tesseract's table: level, page, block, paragraph, line, word, left, top, width,
    height, confidence, text."""
    lines: dict[tuple[str, ...], list[BoxedWord]] = {}
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) != _COLUMNS or cells[0] != _WORD or not cells[-1].strip():
            continue
        left, top, width, height = (int(cell) for cell in cells[6:10])
        box = (left / across, top / down, (left + width) / across, (top + height) / down)
        a, b, c, d = (round(min(max(side, 0.0), 1.0), 5) for side in box)
        lines.setdefault(tuple(cells[1:5]), []).append((a, b, c, d, cells[-1].strip()))
    return list(lines.values())
