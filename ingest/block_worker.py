"""The process that finds the blocks of one page: started and read by block.py, killed at will."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from importlib import import_module
from typing import Any

from .block import KINDS
from .confine import die_after, limit_memory, no_core_dumps

Row = tuple[str, float, float, float, float]


def main(path: str, number: int) -> list[Row]:
    """Rows of `read_blocks` for page `number`, from 1."""
    import pymupdf
    import pymupdf.layout  # registers the model

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    # By number and told to be a PDF, for the reasons given in pdf.py.
    with open(path, "rb") as file, pymupdf.open(f"/dev/fd/{file.fileno()}", filetype="pdf") as pdf:
        page = pdf.load_page(number - 1)
        upright, box = page.rotation_matrix, page.rect
        page.get_layout()
        rows = []
        for name, x0, y0, x1, y1 in _boxes(page):
            place = pymupdf.Rect(x0, y0, x1, y1) * upright
            left, right = ((x - box.x0) / box.width for x in (place.x0, place.x1))
            top, bottom = ((y - box.y0) / box.height for y in (place.y0, place.y1))
            corners = (min(max(value, 0.0), 1.0) for value in (left, top, right, bottom))
            a, b, c, d = (round(value, 5) for value in corners)
            rows.append((name, a, b, c, d))
        return rows


def _boxes(page: Any) -> Iterator[Row]:
    """Name and box, in points of the page as it lies in the file."""
    blocks = [(KINDS.get(name, "text"), box) for *box, name in page.layout_information or []]
    for name, (x0, y0, x1, y1) in blocks:
        yield name, x0, y0, x1, y1
    if not any(name == "table" for name, _ in blocks):
        return
    # The finder fails on some tables that the model sees; the table itself is still known.
    with suppress(Exception):
        for table in page.find_tables().tables:
            for row in table.rows:
                yield "table row", *row.bbox
                for cell in row.cells:
                    if cell:
                        yield "table cell", *cell


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    no_core_dumps()
    asked, page_number, seconds, memory = sys.argv[1:]
    die_after(float(seconds))
    with redirect_stdout(sys.stderr):  # some versions of the model talk
        import_module("onnxruntime")  # its own size is not the page's
        limit_memory(int(memory))
        found = main(asked, int(page_number))
    print(json.dumps(found))
