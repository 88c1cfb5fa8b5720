"""Paper, pen and ruler: the few calls that every sample document is drawn with.

Lengths are points (1/72 inch) from the top left; colours are `#rrggbb`. Nothing here reads a clock
or a random source, and only fonts that come with matplotlib and PyMuPDF are used, so that the same
versions of both write the same bytes.
"""

import io
import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import pymupdf
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

A4 = (595.0, 842.0)
# All samples carry this date, so that making them again changes nothing.
DATE = "D:20260105090000Z"
INK, GREY, PALE = "#1b1f24", "#5c6670", "#eef1f4"
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def parts(name: str) -> dict[str, str]:
    """The prose of a document: the pieces of this file, each under a line `== piece ==`."""
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    pieces = re.split(r"^== (.+) ==$", text, flags=re.MULTILINE)[1:]
    return dict(zip(pieces[::2], pieces[1::2], strict=True))


def font(name: str) -> pymupdf.Font:
    """A font by its built-in name (`helv`, `tiro`, `china-s`, ...) or as a file of matplotlib."""
    file = FONTS / f"{name}.ttf"
    return pymupdf.Font(fontfile=str(file)) if file.exists() else pymupdf.Font(name)


def rgb(colour: str) -> tuple[float, float, float]:
    """`#rrggbb` as three fractions."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def figure(width: float, height: float) -> Figure:
    """An empty matplotlib figure of this size in points, ready to draw on."""
    made = Figure(figsize=(width / 72, height / 72), layout="constrained")
    FigureCanvasAgg(made)
    return made


def canvas(size: tuple[float, float], units: tuple[float, float]) -> tuple[Figure, Axes]:
    """A figure of `size` points that is one drawing area, from (0, 0) to `units`, without axes."""
    made = Figure(figsize=(size[0] / 72, size[1] / 72))
    FigureCanvasAgg(made)
    axes = made.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, units[0]), ylim=(0, units[1]))
    axes.set_axis_off()
    return made, axes


def raster(drawing: Figure, dpi: int) -> Image.Image:
    """The figure as RGB pixels, `dpi` of them to an inch."""
    drawing.set_dpi(dpi)
    agg = FigureCanvasAgg(drawing)
    agg.draw()
    return Image.fromarray(np.asarray(agg.buffer_rgba())).convert("RGB")


def packed(image: Image.Image, colours: int = 64) -> bytes:
    """The picture as a small PNG of at most `colours` colours."""
    stream = io.BytesIO()
    image.quantize(colours, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue()


class Sheets:
    """A PDF in the making."""

    def __init__(self, title: str, author: str, size: tuple[float, float] = A4) -> None:
        self.title, self.author, self.size = title, author, size
        self.pdf = pymupdf.open()
        self.fonts: dict[str, pymupdf.Font] = {}
        self.outline: list[tuple[int, str, int]] = []

    def page(self, *entries: str | tuple[int, str]) -> pymupdf.Page:
        """A new page; `entries` open sections of the outline on it (level 1 unless told)."""
        made = self.pdf.new_page(width=self.size[0], height=self.size[1])
        for entry in entries:
            level, name = (1, entry) if isinstance(entry, str) else entry
            self.outline.append((level, name, self.pdf.page_count))
        return made

    def html(
        self, page: pymupdf.Page, box: tuple[float, float, float, float], html: str, css: str = ""
    ) -> float:
        """Set `html` into the box and return where it ends.

        Text that does not fit is an error, never shrunk or cut.
        """
        spare, _ = page.insert_htmlbox(pymupdf.Rect(box), html, css=css, scale_low=1)
        if spare < 0:
            raise ValueError(f"{self.title}, page {page.number + 1}: text does not fit {box}")
        return box[3] - float(spare)

    def text(
        self,
        page: pymupdf.Page,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 10,
        colour: str = INK,
        face: str = "helv",
        align: str = "left",
    ) -> None:
        """One line with its baseline at `y`; `align` says which part of it is at `x`."""
        face_font = self.fonts.setdefault(face, font(face))
        shift = {"left": 0.0, "middle": 0.5, "right": 1.0}[align]
        writer = pymupdf.TextWriter(page.rect)
        start = x - shift * face_font.text_length(text, size)
        writer.append((start, y), text, font=face_font, fontsize=size)
        writer.write_text(page, color=rgb(colour))

    def table(
        self,
        page: pymupdf.Page,
        x: float,
        y: float,
        widths: Sequence[float],
        rows: Sequence[Sequence[str]],
        *,
        size: float = 9,
        height: float = 18,
        colour: str = "#24415f",
        faces: tuple[str, str] = ("helv", "hebo"),
        strong: Sequence[int] = (),
    ) -> float:
        """A ruled table, its first row the head; numbers stand right. Returns where it ends.

        `faces` are the plain and the strong font; `strong` names more rows to set like the head.
        """
        right = x + sum(widths)
        for index, row in enumerate(rows):
            top = y + index * height
            band = (x, top, right, top + height)
            if index == 0:
                page.draw_rect(band, color=None, fill=rgb(colour))
            elif index % 2 == 0:
                page.draw_rect(band, color=None, fill=rgb(PALE))
            left = x
            for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
                ink = "#ffffff" if index == 0 else INK
                face = faces[1] if index == 0 or index in strong else faces[0]
                number = column > 0 and rows[1][column][:1] in "0123456789-+("
                edge, align = (left + width - 6, "right") if number else (left + 6, "left")
                base = top + height / 2 + size * 0.35
                self.text(page, edge, base, cell, size=size, colour=ink, face=face, align=align)
                left += width
        end = y + len(rows) * height
        page.draw_line((x, end), (right, end), color=rgb(colour), width=1)
        return end

    def drawn(self, page: pymupdf.Page, x: float, y: float, drawing: Figure) -> None:
        """Place a figure as lines and letters: its words are in the text layer."""
        stream = io.BytesIO()
        nothing = {"CreationDate": None, "Creator": None, "Producer": None}
        drawing.savefig(stream, format="pdf", metadata=nothing)
        with pymupdf.open("pdf", stream.getvalue()) as source:
            width, height = source[0].rect.width, source[0].rect.height
            page.show_pdf_page(pymupdf.Rect(x, y, x + width, y + height), source, 0)

    def pictured(
        self, page: pymupdf.Page, x: float, y: float, drawing: Figure, dpi: int = 150
    ) -> None:
        """Place a figure as pixels: its words are in no text layer."""
        width, height = (72 * inches for inches in drawing.get_size_inches())
        box = (x, y, x + width, y + height)
        page.insert_image(pymupdf.Rect(box), stream=packed(raster(drawing, dpi)))

    def save(self, path: Path) -> None:
        """Write the PDF, small and without anything that differs from run to run."""
        self.pdf.subset_fonts()
        dates = {"creationDate": DATE, "modDate": DATE}
        self.pdf.set_metadata({"title": self.title, "author": self.author, **dates})
        if self.outline:
            self.pdf.set_toc([list(entry) for entry in self.outline])
        self.pdf.save(str(path), garbage=4, deflate=True, use_objstms=1, no_new_id=True)
        self.pdf.close()
