"""Plain text and source code as pages: chunks of lines, each with its line numbers.

Imported in the reading process only.
"""

import html
from typing import Any

import pymupdf

from .budget import PixelBudget
from .chunks import Chunk, chunks
from .drawing import Drawing, clean
from .pdf import PdfReader
from .textual import read_text

# A chunk is as wide as a page of 100 letters, and drawn as high as it is long.
_WIDTH, _MARGIN, _LETTER, _LINE = 612, 36, 9, 12.2  # points


class PlainReader:
    """An open text; a page is a chunk. Raises ReadFailed for more than max_bytes."""

    def __init__(self, path: str, max_bytes: int) -> None:
        self._path = path
        self._chunks: list[Chunk] = chunks(clean(read_text(path, max_bytes)))
        self.pages = len(self._chunks)
        self.title = ""

    def info(self) -> dict[str, Any]:
        return {"outline": []}

    def draw(self, number: int, budget: PixelBudget) -> Drawing:
        """Chunk `number` as a sheet; `section` names its lines."""
        chunk = self._chunks[number - 1]
        height = 2 * _MARGIN + _LINE * (len(chunk.rows) + 1)
        page = html.escape("\n".join(chunk.rows), quote=False)
        style = f"@page{{margin:{_MARGIN}pt}} pre{{margin:0;font-size:{_LETTER}pt;line-height:1.3}}"
        made = pymupdf.open(
            stream=f"<html><style>{style}</style><body><pre>{page}</pre></body></html>".encode(),
            filetype="html",
        )
        made.layout(width=_WIDTH, height=height, fontsize=_LETTER)
        sheet = PdfReader(self._path, made)
        try:
            drawn = sheet.draw(1, budget)
        finally:
            sheet.close()
        return Drawing(
            pixels=drawn.pixels,
            across=drawn.across,
            down=drawn.down,
            width=drawn.width,
            height=drawn.height,
            rotation=0,
            words=drawn.words,
            text=chunk.text,
            section=f"lines {chunk.first}-{chunk.last}",
        )

    def close(self) -> None:
        self._chunks = []
