"""PDF pages through PDFium: the second library, with the same interface as the first.

It repairs other files than MuPDF does. Imported in the reading process only.
"""

import ctypes
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2
from pypdfium2 import raw

from .budget import PixelBudget, fill
from .drawing import MAX_TEXT, MAX_WORDS, Drawing, clean
from .failure import Failure, Kind, ReadFailed
from .outline import sections
from .saying import LONGEST, iso_date, locked, short
from .wire import BoxedWord

_UNITS = 100_000  # fractions of a page are asked for in these
_SPELT_OUT = range(0xFB00, 0xFB07)  # ligatures, as the other library spells them


class PdfiumReader:
    """An open PDF."""

    def __init__(self, path: str, passwords: Sequence[str]) -> None:
        """Raises ReadFailed for a file that stays locked and for one without pages."""
        self._path = path
        self._bytes = open(path, "rb")  # noqa: SIM115 (closed with the reader)
        self._file = self._unlocked(passwords)
        self.pages = len(self._file)
        if self.pages < 1:
            raise self._failed(
                Kind.NO_PAGES, "opens but holds no page: it may be cut off, fetch it again"
            )
        self._file.init_forms()
        self._told = {key: short(value) for key, value in self._file.get_metadata_dict().items()}
        self.title = self._told.get("Title", "")
        self._outline: list[tuple[int, str, int]] | None = None
        self._sections: list[str] | None = None

    def info(self) -> dict[str, Any]:
        """Author, dates and the like, and the outline."""
        strings = {key.lower(): self._told.get(key, "") for key in ("Author", "Subject")}
        strings["keywords"] = self._told.get("Keywords", "")
        strings["created"] = iso_date(self._told.get("CreationDate", ""))
        strings["modified"] = iso_date(self._told.get("ModDate", ""))
        return {**{k: v for k, v in strings.items() if v}, "outline": self._entries()[:LONGEST]}

    def draw(self, number: int, budget: PixelBudget) -> Drawing:
        """Page `number`, as large as the budget allows."""
        page = self._file[number - 1]
        try:
            width, height = page.get_size()
            across, down = fill(width, height, budget)
            words, text = _words(page)
            return Drawing(
                pixels=_paint(page, across, down),
                across=across,
                down=down,
                width=width,
                height=height,
                rotation=page.get_rotation() % 360,
                words=words,
                text=text,
                section=self._section(number),
            )
        finally:
            page.close()

    def close(self) -> None:
        self._file.close()
        self._bytes.close()

    def _unlocked(self, passwords: Sequence[str]) -> Any:
        name = f"/dev/fd/{self._bytes.fileno()}"
        for password in (None, *passwords):
            try:
                return pypdfium2.PdfDocument(name, password=password)
            except pypdfium2.PdfiumError:
                code = raw.FPDF_GetLastError()
                if code != raw.FPDF_ERR_PASSWORD:
                    self._bytes.close()
                    raise
        self._bytes.close()
        raise ReadFailed(Failure(self._path, Kind.PASSWORD, locked(passwords)))

    def _section(self, number: int) -> str:
        if self._sections is None:
            self._sections = sections(self._entries(), self.pages)
        return self._sections[number - 1]

    def _entries(self) -> list[tuple[int, str, int]]:
        if self._outline is None:
            try:
                self._outline = [
                    (mark.level + 1, clean(mark.get_title())[:200], _target(mark))
                    for mark in self._file.get_toc()
                ]
            except Exception:
                self._outline = []  # a broken outline costs the sections, not the page
        return self._outline

    def _failed(self, kind: Kind, reason: str) -> ReadFailed:
        self.close()
        return ReadFailed(Failure(self._path, kind, reason))


def _target(mark: Any) -> int:
    """The page, from 1, that an outline entry leads to; 0 for none."""
    place = mark.get_dest()
    index = place.get_index() if place is not None else None
    return 0 if index is None else int(index) + 1


def _paint(page: Any, across: int, down: int) -> bytes:
    """Exactly across x down pixels on white, forms and notes included."""
    bitmap = pypdfium2.PdfBitmap.new_native(across, down, raw.FPDFBitmap_BGR)
    try:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, across, down)
        flags = raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER
        place = (bitmap, page, 0, 0, across, down, 0, flags)
        raw.FPDF_RenderPageBitmap(*place)
        if page.formenv is not None:
            raw.FPDF_FFLDraw(page.formenv, *place)
        content = bytes(bitmap.buffer)
        row = 3 * across
        if bitmap.stride == row:
            return content
        return b"".join(content[y * bitmap.stride :][:row] for y in range(down))
    finally:
        bitmap.close()


def _words(page: Any) -> tuple[list[BoxedWord], str]:
    textpage = page.get_textpage()
    try:
        letters = list(_letters(page, textpage))
    finally:
        textpage.close()
    words: list[BoxedWord] = []
    open_word: list[tuple[str, tuple[float, float, float, float]]] = []
    for letter, box in [*letters, (" ", None)]:
        if box is not None and not letter.isspace():
            open_word.append((letter, box))
        elif open_word:
            word = clean("".join(letter for letter, _ in open_word)).strip()
            place = _inside([box for _, box in open_word])
            open_word = []
            if place and word.strip("\ufffd") and len(words) < MAX_WORDS:
                words.append((*place, word))
    return words, clean("".join(letter for letter, _ in letters)).replace("\r\n", "\n")


def _letters(
    page: Any, textpage: Any
) -> Iterator[tuple[str, tuple[float, float, float, float] | None]]:
    """Each character with its box as fractions of the upright page; None where it has none."""
    box = raw.FS_RECTF()
    x, y = ctypes.c_int(), ctypes.c_int()

    def turned(right: float, up: float) -> tuple[float, float]:
        place = (0, 0, _UNITS, _UNITS, 0, right, up, ctypes.byref(x), ctypes.byref(y))
        raw.FPDF_PageToDevice(page, *place)
        return x.value / _UNITS, y.value / _UNITS

    for index in range(min(textpage.count_chars(), MAX_TEXT)):
        code = raw.FPDFText_GetUnicode(textpage, index)
        letter = chr(code) if code < 0x110000 else "\ufffd"
        if code in _SPELT_OUT:
            letter = unicodedata.normalize("NFKC", letter)
        if letter.isspace() or not raw.FPDFText_GetLooseCharBox(textpage, index, box):
            yield letter, None
            continue
        (x0, y0), (x1, y1) = turned(box.left, box.top), turned(box.right, box.bottom)
        yield letter, (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _inside(
    boxes: Sequence[tuple[float, float, float, float]],
) -> tuple[float, float, float, float] | None:
    """The box around all, cut to the page; None when its middle lies outside the page."""
    left, top = (min(box[side] for box in boxes) for side in (0, 1))
    right, bottom = (max(box[side] for box in boxes) for side in (2, 3))
    if not (0 <= (left + right) / 2 <= 1 and 0 <= (top + bottom) / 2 <= 1):
        return None
    a, b, c, d = (min(max(v, 0.0), 1.0) for v in (left, top, right, bottom))
    return a, b, c, d
