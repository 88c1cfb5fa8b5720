"""PDF pages through PyMuPDF. Imported in the reading process only."""

import sys
from collections.abc import Sequence
from typing import Any

from .budget import PixelBudget, fill
from .drawing import MAX_TEXT, MAX_WORDS, Drawing, clean
from .failure import Failure, Kind, ReadFailed
from .outline import sections
from .saying import LONGEST, MOST_PER_PAGE, iso_date, locked, short
from .wire import BoxedWord

# PyMuPDF imports these two when they are there, and with them onnxruntime and numpy: half a
# second and 400 MB of address space for layout models that are never used here.
for _unused in ("pymupdf.layout", "pymupdf4llm"):
    sys.modules.setdefault(_unused, None)  # type: ignore[arg-type]

import pymupdf  # noqa: E402
from pymupdf import mupdf  # noqa: E402

# Ligatures are spelt out, so that "fi" finds "ﬁ"; text outside the page is left out.
_TEXT = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP

Place = tuple[float, float, float, float]

_SECRET = 1 << 13  # the flag of a password field (ISO 32000-2, table 231)

pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)


class PdfReader:
    """An open PDF, or what MuPDF made pages of."""

    def __init__(self, path: str, opened: Any) -> None:
        """opened: a document of PyMuPDF's, unlocked. Raises ReadFailed for one without pages."""
        self._path, self._file = path, opened
        self.pages: int = self._file.page_count
        if self.pages < 1:
            raise self._failed(
                Kind.NO_PAGES, "opens but holds no page: it may be cut off, fetch it again"
            )
        told: dict[str, Any] = self._file.metadata or {}
        self._told = {key: short(value) for key, value in told.items() if isinstance(value, str)}
        self.title = self._told.get("title", "")
        self._outline: list[tuple[int, str, int]] | None = None
        self._sections: list[str] | None = None

    def info(self) -> dict[str, Any]:
        """Author, dates and the like, and the outline."""
        dates = {"created": "creationDate", "modified": "modDate"}
        strings = {key: self._told.get(key, "") for key in ("author", "subject", "keywords")}
        strings |= {key: iso_date(self._told.get(name, "")) for key, name in dates.items()}
        return {**{k: v for k, v in strings.items() if v}, "outline": self._entries()[:LONGEST]}

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
            links=_links(page),
            fields=_fields(page),
            notes=_notes(page),
        )

    def close(self) -> None:
        """Close the file and give MuPDF's cache of fonts and pictures back."""
        self._file.close()
        pymupdf.TOOLS.store_shrink(100)
        pymupdf.TOOLS.reset_mupdf_warnings()

    def _words(self, commands: Any, box: Any) -> tuple[list[BoxedWord], str]:
        textpage = pymupdf.TextPage(commands.get_textpage(flags=_TEXT))
        frame = box.x0, box.y0, box.width, box.height
        words = [
            (*place, word)
            for x0, y0, x1, y1, said, *_ in textpage.extractWORDS()[:MAX_WORDS]
            if (place := _within((x0, y0, x1, y1), frame)) is not None
            # Glyphs that the file gives no letter for make no word.
            and (word := clean(said).strip()).strip("\ufffd")
        ]
        return words, clean(textpage.extractTEXT()[:MAX_TEXT])

    def _section(self, number: int) -> str:
        if self._sections is None:
            self._sections = sections(self._entries(), self.pages)
        return self._sections[number - 1]

    def _entries(self) -> list[tuple[int, str, int]]:
        if self._outline is None:
            try:
                self._outline = [
                    (level, clean(title)[:200], page)
                    for level, title, page in self._file.get_toc(simple=True)
                ]
            except Exception:
                self._outline = []  # a broken outline costs the sections, not the page
        return self._outline

    def _failed(self, kind: Kind, reason: str) -> ReadFailed:
        self.close()
        return ReadFailed(Failure(self._path, kind, reason))


def open_pdf(path: str, passwords: Sequence[str]) -> PdfReader:
    """passwords: tried in turn if the file is locked. Pictures inside are held by the memory limit.

    Raises ReadFailed for a file that stays locked and for one without pages.
    """
    # By number, since MuPDF takes no name that is not valid UTF-8. And told to be a PDF: of other
    # formats that it recognises (SVG, HTML) it would follow links to other files.
    with open(path, "rb") as file:
        opened = pymupdf.open(f"/dev/fd/{file.fileno()}", filetype="pdf")
    if opened.needs_pass and not any(map(opened.authenticate, passwords)):
        opened.close()
        raise ReadFailed(Failure(path, Kind.PASSWORD, locked(passwords)))
    return PdfReader(path, opened)


def _paint(commands: Any, box: Any, across: int, down: int) -> bytes:
    """Exactly across x down pixels on white; MuPDF's own get_pixmap may be one off."""
    area = mupdf.FzIrect(0, 0, across, down)
    # No separations, as in get_pixmap: with an empty set of them MuPDF draws every page into a
    # second pixmap first, as if for a press, which takes twice the time.
    pixmap = mupdf.fz_new_pixmap_with_bbox(mupdf.fz_device_rgb(), area, mupdf.FzSeparations(), 0)
    mupdf.fz_clear_pixmap_with_value(pixmap, 255)
    wide, high = across / box.width, down / box.height
    place = mupdf.fz_make_matrix(wide, 0, 0, high, -box.x0 * wide, -box.y0 * high)
    device = mupdf.fz_new_draw_device(mupdf.FzMatrix(), pixmap)
    everything = mupdf.FzRect(mupdf.FzRect.Fixed_INFINITE)
    mupdf.fz_run_display_list(commands.this, device, place, everything, mupdf.FzCookie())
    mupdf.fz_close_device(device)
    samples: bytes = pymupdf.Pixmap("raw", pixmap).samples
    return samples


def _within(place: Place, frame: Place) -> Place | None:
    """A box in points as fractions of the page; None when its middle lies outside the page.

    `frame`: where the page begins, and its width and height. Plain, for a page asks it some
    hundred times.
    """
    (x0, y0, x1, y1), (left, top, width, height) = place, frame
    x0, x1, y0, y1 = (
        (x0 - left) / width,
        (x1 - left) / width,
        (y0 - top) / height,
        (y1 - top) / height,
    )
    if not (0 <= x0 + x1 <= 2 and 0 <= y0 + y1 <= 2):  # nor for numbers that are not finite
        return None
    if 0 <= x0 <= x1 <= 1 and 0 <= y0 <= y1 <= 1:
        return x0, y0, x1, y1
    a, b, c, d = (min(max(value, 0.0), 1.0) for value in (x0, y0, x1, y1))
    return a, b, c, d


def _links(page: Any) -> list[str]:
    found: list[str] = []
    link = page.first_link
    while link is not None and len(found) < MOST_PER_PAGE:
        if link.is_external and link.uri:
            found.append(short(link.uri))
        link = link.next
    return list(dict.fromkeys(found))


def _fields(page: Any) -> list[tuple[str, str]]:
    """What was filled in; a password field keeps its secret."""
    found: list[tuple[str, str]] = []
    field = page.first_widget
    while field is not None and len(found) < MOST_PER_PAGE:
        if field.field_value not in (None, "", "Off") and not (field.field_flags or 0) & _SECRET:
            found.append((short(str(field.field_name)), short(str(field.field_value))))
        field = field.next
    return found


def _notes(page: Any) -> list[str]:
    found: list[str] = []
    note = page.first_annot
    while note is not None and len(found) < MOST_PER_PAGE:
        said = short(str((note.info or {}).get("content") or ""))
        if said:
            found.append(said)
        note = note.next
    return found


def out_of_memory(error: Exception) -> bool:
    """Whether MuPDF's error says that an allocation failed."""
    return isinstance(error, mupdf.FzErrorSystem) and "alloc" in str(error)
