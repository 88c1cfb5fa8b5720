"""A paper in two columns with formulas, figures, a table and an outline. Four pages, English."""

from pathlib import Path

import numpy as np
import pymupdf
from matplotlib.patches import Rectangle

from .sheet import GREY, INK, Sheets, canvas, figure, parts

PROSE = parts("swifts.html")
CSS = PROSE["css"]
LEFT, RIGHT, WIDE, TOP, BOTTOM = 50.0, 305.0, 240.0, 60.0, 790.0
FORMULAS = [
    r"$\tau_{ij} = \frac{\|\mathbf{x}-\mathbf{m}_i\| - \|\mathbf{x}-\mathbf{m}_j\|}{c}$",
    r"$c = 331.3\,\sqrt{1 + \frac{T}{273.15}} \ \ \mathrm{m/s}$",
    r"$R_{ij}(\tau) = \int \frac{X_i(f)\,X_j^{*}(f)}{|X_i(f)\,X_j^{*}(f)|}\,e^{2\pi i f\tau}\,df$",
    r"$\hat{\mathbf{x}} = \arg\min_{\mathbf{x}} \sum_{i<j} w_{ij}"
    r"\left(\hat{\tau}_{ij} - \tau_{ij}(\mathbf{x})\right)^2$",
    r"$\sigma_r \approx 10\,\frac{c\,\sigma_\tau\,r^2}{b^2}$",
]
COUNTS = [
    ("Way of counting", "Pairs", "Error", "Hours"),
    ("Climber, every hole", "219", "0.0 %", "61"),
    ("Three microphones", "212", "3.2 %", "3"),
    ("Two observers", "187", "14.6 %", "82"),
    ("One observer", "171", "21.9 %", "41"),
]


class Column:
    """A cursor that runs down one column of a page."""

    def __init__(self, sheets: Sheets, page: pymupdf.Page, x: float, y: float = TOP) -> None:
        self.sheets, self.page, self.x, self.y = sheets, page, x, y

    def prose(self, piece: str) -> None:
        box = (self.x, self.y, self.x + WIDE, BOTTOM)
        self.y = self.sheets.html(self.page, box, PROSE[piece], CSS) + 3

    def formula(self, number: int) -> None:
        drawing, axes = canvas((WIDE, 46), (WIDE, 46))
        axes.text(
            WIDE / 2 - 8,
            23,
            FORMULAS[number - 1],
            ha="center",
            va="center",
            fontsize=14,
            math_fontfamily="cm",
        )
        axes.text(WIDE - 4, 23, f"({number})", ha="right", va="center", fontsize=9, family="serif")
        self.sheets.drawn(self.page, self.x, self.y, drawing)
        self.y += 48


def running(sheets: Sheets) -> None:
    for page in sheets.pdf:
        sheets.text(
            page, 50, 40, "Journal of Small Echoes 11 (2025)", size=8, face="tiit", colour=GREY
        )
        sheets.text(page, 545, 40, str(113 + page.number), size=8, face="tiro", align="right")


def first(sheets: Sheets) -> None:
    page = sheets.page("Abstract", "1 Introduction", "2 Related work")
    y = sheets.html(page, (LEFT, TOP, 545, 160), PROSE["head"], CSS) + 6
    page.draw_line((LEFT, y), (545, y), color=(0.6, 0.6, 0.6), width=0.6)
    column = Column(sheets, page, LEFT, y + 8)
    column.prose("abstract")
    drawing, axes = canvas((WIDE, 190), (24, 19))
    time = np.linspace(0, 1, 400)
    for row, delay in enumerate((0.18, 0.26, 0.35)):
        wave = np.exp(-(((time - delay - 0.15) / 0.09) ** 2)) * np.sin(
            240 * np.abs(time - delay) ** 1.2
        )
        axes.plot(1.5 + 21 * time, 15.5 - 5.5 * row + 1.9 * wave, color=INK, lw=0.7)
        axes.text(1.5, 17 - 5.5 * row, f"M{row + 1}", fontsize=8, fontweight="bold")
        peak = 1.5 + 21 * (delay + 0.15)
        axes.plot(
            [peak, peak], [13.2 - 5.5 * row, 17.8 - 5.5 * row], color="#c0392b", ls="--", lw=0.8
        )
    axes.annotate("", (22.5, 0.8), (1.5, 0.8), arrowprops={"arrowstyle": "->"})
    axes.text(12, 1.1, "40 milliseconds", fontsize=8, ha="center")
    sheets.pictured(page, LEFT, column.y + 4, drawing, dpi=200)
    Column(sheets, page, RIGHT, y + 8).prose("one")


def tower(sheets: Sheets, page: pymupdf.Page, x: float, y: float) -> None:
    """Figure 1: lines of equal delay over the plan of the tower."""
    drawing = figure(WIDE, 230)
    axes = drawing.subplots()
    grid = np.linspace(-16, 16, 160)
    across, up = np.meshgrid(grid, grid)
    spots = np.array([(-4.5, -4.5), (4.5, -4.5), (4.5, 4.5)])
    bird = np.array((-9.0, 8.0))
    away = [np.hypot(across - a, up - b) for a, b in spots]
    real = np.hypot(*(bird - spots).T)
    for i, j, colour in [(0, 1, "#2a6f97"), (1, 2, "#c0392b")]:
        axes.contour(grid, grid, away[i] - away[j], levels=[real[i] - real[j]], colors=colour)
    axes.add_patch(Rectangle((-4.5, -4.5), 9, 9, fc="#ddd5c4", ec=INK))
    for index, (a, b) in enumerate(spots):
        axes.plot(a, b, "o", color=INK)
        axes.text(a + 0.8, b - 1.8, f"M{index + 1}", fontsize=9)
    axes.plot(*bird, marker="*", ms=13, color="#e0a100")
    axes.text(bird[0] + 1, bird[1] + 1, "bird", fontsize=9)
    axes.set(aspect="equal", xlabel="metres east", ylabel="metres north")
    sheets.drawn(page, x, y, drawing)


def second(sheets: Sheets) -> None:
    page = sheets.page("3 Method", (2, "3.1 From screams to birds"))
    column = Column(sheets, page, LEFT)
    for piece, number in (("two", 1), ("two b", 2), ("two c", 3), ("two d", 4)):
        column.prose(piece)
        column.formula(number)
    column = Column(sheets, page, RIGHT)
    tower(sheets, page, RIGHT, TOP)
    column.y += 236
    column.prose("figure 1")
    column.prose("two e")


def third(sheets: Sheets) -> None:
    page = sheets.page("4 Results", (2, "4.1 What goes wrong"))
    column = Column(sheets, page, LEFT)
    column.prose("three")
    end = sheets.table(
        page, LEFT, column.y + 34, (108, 44, 44, 44), COUNTS, size=8, height=17, colour="#333333",
        faces=("tiro", "tibo"),
    )  # fmt: skip
    column.y += 12
    column.prose("table")
    column.y = end + 16
    column.prose("four")
    column = Column(sheets, page, RIGHT)
    drawing = figure(WIDE, 220)
    axes = drawing.subplots()
    evening = np.arange(1, 42)
    axes.step(evening, np.round(214 * (1 - np.exp(-evening / 9.2))), where="mid", color="#2a6f97")
    axes.axhline(219, color=INK, ls="--", lw=0.9)
    axes.set(xlabel="evenings", ylabel="nests found", ylim=(0, 240), xlim=(0, 42))
    axes.grid(alpha=0.3)
    sheets.pictured(page, RIGHT, TOP, drawing, dpi=200)
    column.y += 226
    column.prose("figure 2")


def fourth(sheets: Sheets) -> None:
    page = sheets.page("5 Discussion", "6 Conclusion", "References", "Appendix: checklist")
    column = Column(sheets, page, LEFT)
    column.prose("five")
    column.formula(5)
    column.prose("five b")
    Column(sheets, page, RIGHT).prose("six")


def build(path: Path) -> None:
    sheets = Sheets("Counting swifts with three microphones", "Lindqvist, Feld and Wren")
    for part in (first, second, third, fourth):
        part(sheets)
    running(sheets)
    sheets.save(path)
