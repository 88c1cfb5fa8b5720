"""Web pages, Markdown and SVG as pages, through MuPDF. Imported in the reading process only.

Nothing is fetched: MuPDF knows no network, it is given bytes without a folder, so that links to
pictures and styles lead nowhere (data: addresses aside), and the kernel refuses this process any
socket (offline.py). Scripts do not run.
"""

import pymupdf

from .pdf import PdfReader
from .textual import read_text

# A4 in points; letters as large as in a book.
_WIDTH, _HEIGHT, _LETTER = 595, 842, 11
_STYLE = """
<style>
  pre, code { font-family: monospace; font-size: 85%; white-space: pre-wrap; }
  td, th { border: 1px solid #888; padding: 2pt 4pt; }
  blockquote { margin-left: 16pt; color: #444; }
</style>
"""


def open_markup(path: str, kind: str, max_bytes: int) -> PdfReader:
    """kind: "html", "markdown" or "svg". Raises ReadFailed for more than max_bytes."""
    text = read_text(path, max_bytes)
    if kind == "svg":
        return PdfReader(path, pymupdf.open(stream=text.encode(), filetype="svg"))
    if kind == "markdown":
        text = _rendered(text)
    opened = pymupdf.open(stream=text.encode(), filetype="html")
    opened.layout(width=_WIDTH, height=_HEIGHT, fontsize=_LETTER)
    return PdfReader(path, opened)


def _rendered(text: str) -> str:
    from markdown_it import MarkdownIt

    # HTML inside Markdown stays text: what people see in an editor.
    made = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return _STYLE + str(made.render(text))
