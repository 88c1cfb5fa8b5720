"""PDF pages through PyMuPDF. Imported in the reading process only."""

import math
import sys
from typing import Any

from .budget import PixelBudget, fill
from .drawing import MAX_WORDS, Drawing, clean
from .failure import Failure, Kind, ReadFailed
from .outline import sections
from .wire import BoxedWord

# PyMuPDF imports these two when they are there, and with them onnxruntime and numpy: half a
# second and 400 MB of address space for layout models that are never used here.
for _unused in ("pymupdf.layout", "pymupdf4llm"):
    sys.modules.setdefault(_unused, None)  # type: ignore[arg-type]

import pymupdf  # noqa: E402
from pymupdf import mupdf  # noqa: E402

# Ligatures are spelt out, so that "fi" finds "ﬁ"; text outside the page is left out.
_TEXT = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP

pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)


class PdfReader:
    """An open PDF."""

    def __init__(self, path: str, max_picture_pixels: int) -> None:
        """max_picture_pixels: unused; pictures inside a PDF are held by the memory limit."""
        self._path = path
        # By number, since MuPDF takes no name that is not valid UTF-8. And told to be a PDF:
        # of other formats that it recognises (SVG, HTML) it would follow links to other files.
        self._bytes = open(path, "rb")  # noqa: SIM115 (closed with the reader)
        self._file = pymupdf.open(f"/dev/fd/{self._bytes.fileno()}", filetype="pdf")
        if self._file.needs_pass:
            raise self._failed(
                Kind.PASSWORD, "needs a password: save a copy without one and add that"
            )
        self.pages: int = self._file.page_count
        if self.pages < 1:
            raise self._failed(
                Kind.NO_PAGES, "opens but holds no page: it may be cut off, fetch it again"
            )
        self.title = clean(str((self._file.metadata or {}).get("title") or "")).strip()
        self._sections: list[str] | None = None

    def draw(self, number: int, budget: PixelBudget) -> Drawing:
        """Page `number`, as large as the budget allows: vectors lose nothing by scaling."""
        page = self._file.load_page(number - 1)
        # Read the page's commands once, for the picture and for the words. In this list a
        # rotated page is upright already, unlike in Page.get_text.
        commands = page.get_displaylist()
        box = page.rect
        across, down = fill(box.width, box.height, budget)
        words, text = self._words(commands, box)
        return Drawing(
            pixels=_paint(commands, box, across, down),
            across=across,
            down=down,
            width=box.width,
            height=box.height,
            rotation=int(page.rotation) % 360,
            words=words,
            text=text,
            section=self._section(number),
        )

    def close(self) -> None:
        """Close the file and give MuPDF's cache of fonts and pictures back."""
        self._file.close()
        self._bytes.close()
        pymupdf.TOOLS.store_shrink(100)
        pymupdf.TOOLS.reset_mupdf_warnings()

    def _words(self, commands: Any, box: Any) -> tuple[list[BoxedWord], str]:
        textpage = pymupdf.TextPage(commands.get_textpage(flags=_TEXT))
        words: list[BoxedWord] = []
        for x0, y0, x1, y1, word, *_ in textpage.extractWORDS()[:MAX_WORDS]:
            place = _fractions(x0, y0, x1, y1, box)
            word = clean(word).strip()
            if place and word.strip("\ufffd"):  # glyphs that the file gives no letter for
                words.append((*place, word))
        return words, clean(textpage.extractTEXT())

    def _section(self, number: int) -> str:
        if self._sections is None:
            try:
                outline = [
                    (level, clean(title)[:200], page)
                    for level, title, page in self._file.get_toc(simple=True)
                ]
            except Exception:
                outline = []  # a broken outline costs the sections, not the page
            self._sections = sections(outline, self.pages)
        return self._sections[number - 1]

    def _failed(self, kind: Kind, reason: str) -> ReadFailed:
        self.close()
        return ReadFailed(Failure(self._path, kind, reason))


def _paint(commands: Any, box: Any, across: int, down: int) -> bytes:
    """Exactly across x down pixels on white; MuPDF's own get_pixmap may be one off."""
    area = mupdf.FzIrect(0, 0, across, down)
    pixmap = mupdf.fz_new_pixmap_with_bbox(mupdf.fz_device_rgb(), area, mupdf.FzSeparations(0), 0)
    mupdf.fz_clear_pixmap_with_value(pixmap, 255)
    wide, high = across / box.width, down / box.height
    place = mupdf.fz_make_matrix(wide, 0, 0, high, -box.x0 * wide, -box.y0 * high)
    device = mupdf.fz_new_draw_device(mupdf.FzMatrix(), pixmap)
    everything = mupdf.FzRect(mupdf.FzRect.Fixed_INFINITE)
    mupdf.fz_run_display_list(commands.this, device, place, everything, mupdf.FzCookie())
    mupdf.fz_close_device(device)
    samples: bytes = pymupdf.Pixmap("raw", pixmap).samples
    return samples


def _fractions(
    x0: float, y0: float, x1: float, y1: float, box: Any
) -> tuple[float, float, float, float] | None:
    """A box in points as fractions of the page; None when its middle lies outside the page."""
    left, right = ((x - box.x0) / box.width for x in (x0, x1))
    top, bottom = ((y - box.y0) / box.height for y in (y0, y1))
    if not all(map(math.isfinite, (left, top, right, bottom))):
        return None
    if not (0 <= (left + right) / 2 <= 1 and 0 <= (top + bottom) / 2 <= 1):
        return None
    inside = (min(max(value, 0.0), 1.0) for value in (left, top, right, bottom))
    a, b, c, d = (round(value, 5) for value in inside)  # a twentieth of a pixel
    return a, b, c, d


def out_of_memory(error: Exception) -> bool:
    """Whether MuPDF's error says that an allocation failed."""
    return isinstance(error, mupdf.FzErrorSystem) and "alloc" in str(error)
