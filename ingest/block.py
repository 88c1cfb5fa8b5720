"""The blocks of a page: paragraphs, headings, tables and their rows, pictures."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .limits import Limits
from .page import Box

# What PyMuPDF's layout model calls its classes, and what they are called here.
KINDS = {
    "text": "text",
    "title": "heading",
    "section-header": "heading",
    "list-item": "list",
    "caption": "caption",
    "footnote": "footnote",
    "formula": "formula",
    "table": "table",
    "table row": "table row",
    "table cell": "table cell",
    "picture": "picture",
    "page-header": "header",
    "page-footer": "footer",
}
_MOST = 5_000  # blocks of a page; more is nonsense
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Block:
    """A box on the upright page, in fractions of it, and what stands there: a value of `KINDS`."""

    kind: str
    box: Box


def find_blocks(
    path: str | Path, number: int, limits: Limits | None = None
) -> tuple[Block, ...] | None:
    """The blocks of page `number` (from 1) of a PDF, in no particular order; None for a failure.

    PyMuPDF's layout model finds them (about half a second a page), and its table finder the rows
    and cells, in a process of its own that is killed when it takes more time or memory than
    `limits` allows for a page. A scan has no blocks: the model looks at letters and lines, not at
    pixels. Whatever goes wrong raises nothing: blocks are a help, and a page can do without.
    """
    bounds = limits or Limits()
    # A model is loaded first, so a page may take twice as long as one that is only drawn.
    seconds = 2 * bounds.seconds_per_page
    module = "quire.ingest.block_worker"
    command = [sys.executable, "-P", "-W", "ignore", "-m", module, os.fspath(path), str(number)]
    try:
        done = subprocess.run(
            [*command, str(seconds), str(bounds.memory)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
            timeout=seconds + 5,
        )
    except (subprocess.TimeoutExpired, OSError, ValueError):
        return None
    if done.returncode or len(done.stdout) > _MOST_BYTES:
        return None
    return read_blocks(done.stdout.decode("utf-8", "replace"))


def read_blocks(text: str) -> tuple[Block, ...]:
    """Blocks of JSON rows [kind, x0, y0, x1, y1]; what is none of ours is left out.

    The text may come from a process that a hostile file has taken over.
    """
    try:
        rows = json.loads(text)
    except ValueError:
        return ()
    found = [_block(row) for row in rows[:_MOST]] if isinstance(rows, list) else []
    return tuple(block for block in found if block)


def write_blocks(blocks: tuple[Block, ...]) -> str:
    """What `read_blocks` reads."""
    return json.dumps([[block.kind, *block.box] for block in blocks])


def _block(row: object) -> Block | None:
    match row:
        case [str(kind), float() | int() as x0, float() | int() as y0, float() | int() as x1,
              float() | int() as y1] if kind in KINDS.values():  # fmt: skip
            if 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1:
                return Block(kind, (float(x0), float(y0), float(x1), float(y1)))
    return None
