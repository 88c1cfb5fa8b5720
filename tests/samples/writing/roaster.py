"""A manual with labelled drawings, steps, a curve and tables. Eight pages, English, A5."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Ellipse, FancyBboxPatch, Polygon, Rectangle, Wedge

from .sheet import GREY, INK, Sheets, canvas, figure, parts

A5 = (420.0, 595.0)
PROSE = parts("roaster.html")
CSS = PROSE["css"]
BROWN, RUST, STEEL, CREAM = "#5a3418", "#b5541c", "#9aa3ab", "#f4ead9"
ARROW = {"arrowstyle": "-|>", "lw": 2}
STEPS = [
    "A  Base on stone",
    "B  Drum in, turn left",
    "C  Tray in until it clicks",
    "D  Hopper on top",
]
LAMPS = [(20, "#3fae5a", "ready"), (24.5, "#d83a2e", "hot"), (29, "#f0b429", "chaff")]
CRACKS = [(9.2, 10.6, "#f0b429", "first crack"), (12.2, 13.2, RUST, "second crack")]
PARTS = ["wooden handle", "hopper", "drum", "hatch", "window", "panel", "chaff tray", "base"]
CARE = [
    ("What", "How", "When"),
    ("Chaff tray (7)", "empty, brush out", "every roast"),
    ("Window (5)", "damp cloth, no soap", "every roast"),
    ("Drum (3)", "brush, then wipe dry", "every 10 roasts"),
    ("Fan grille", "vacuum cleaner, from outside", "every 20 roasts"),
    ("Axle bearing", "two drops of oil H1", "every 50 roasts"),
    ("Drive belt", "replace, set no. 4417", "every 3 years"),
]
DATA = [
    ("Property", "CT-2"),
    ("Mains", "230 V, 50 Hz"),
    ("Power, heater on", "1,250 W"),
    ("Power, cooling", "35 W"),
    ("Beans in one roast", "100 to 300 g"),
    ("Drum speed", "52 turns a minute"),
    ("Noise at one metre", "58 dB(A)"),
    ("Size (w, d, h)", "34 x 28 x 41 cm"),
    ("Weight", "7.9 kg"),
]
TROUBLE = [
    ("Sign", "Cause", "Mend"),
    ("Heater stays cold", "chaff tray not clicked in", "push until it clicks"),
    ("Beans uneven", "more than 300 g", "roast less at a time"),
    ("Drum squeaks", "bearing dry", "oil H1, page 6"),
    ("Smell of rubber", "belt slips", "belt set 4417"),
    ("Three lamps blink", "drum sensor", "send it in"),
    ("Fuse blows", "short circuit in heater", "send it in"),
    ("Bitter coffee", "second crack missed", "listen harder"),
]


def machine(axes: Axes, x: float, y: float, scale: float) -> None:
    """The roaster from the front, standing at (x, y), 10 x 12 units times `scale`."""

    def at(left: float, bottom: float) -> tuple[float, float]:
        return x + left * scale, y + bottom * scale

    line: dict[str, Any] = {"ec": INK, "lw": 1.2}
    axes.add_patch(Rectangle(at(1, 0), 8 * scale, 1.6 * scale, fc=BROWN, **line))
    axes.add_patch(Rectangle(at(2, 1.6), 6 * scale, 0.9 * scale, fc=STEEL, **line))
    axes.add_patch(Circle(at(5, 5.6), 3.2 * scale, fc="#cfd5da", **line))
    axes.add_patch(Circle(at(5, 5.6), 1.7 * scale, fc="#3d2a1c", **line))
    for bean in range(9):
        reach, angle = 0.13 * bean + 0.1, bean * 2.4
        middle = at(5 + reach * np.cos(angle), 5.2 + 0.6 * reach * np.sin(angle))
        axes.add_patch(Ellipse(middle, 0.55 * scale, 0.36 * scale, angle=40 * bean, fc="#8a5a33"))
    hopper = [at(3.4, 8.7), at(6.6, 8.7), at(7.6, 10.9), at(2.4, 10.9)]
    axes.add_patch(Polygon(hopper, fc=STEEL, **line))
    axes.add_patch(Rectangle(at(8.1, 5.2), 1.5 * scale, 0.8 * scale, fc=RUST, **line))
    axes.add_patch(Rectangle(at(9.6, 5.0), 1.5 * scale, 1.2 * scale, fc="#c89058", **line))
    axes.add_patch(Rectangle(at(3.2, 0.35), 1.9 * scale, 0.9 * scale, fc=CREAM, **line))
    axes.add_patch(Wedge(at(1.9, 5.6), 0.9 * scale, 90, 270, fc="#b8c0c7", **line))


def foot(sheets: Sheets, number: int) -> None:
    page = sheets.pdf[number - 1]
    sheets.text(page, 210, 578, f"CT-2  |  {number}", size=8, colour=GREY, align="middle")


def cover(sheets: Sheets) -> None:
    page = sheets.page("Cover")
    drawing, axes = canvas(A5, (14, 19.83))
    axes.add_patch(Rectangle((0, 0), 14, 19.83, color=CREAM))
    machine(axes, 1.2, 4.2, 1.05)
    sheets.drawn(page, 0, 0, drawing)
    sheets.text(page, 40, 80, "CT-2", size=44, face="DejaVuSerif-Bold", colour=BROWN)
    sheets.text(page, 40, 110, "Drum roaster for coffee at home", size=14, face="DejaVuSerif")
    sheets.text(page, 40, 520, "Manual", size=16, face="DejaVuSerif", colour=RUST)
    sheets.text(page, 40, 540, "Read it before you burn something.", face="DejaVuSerif", size=9)


def box(sheets: Sheets) -> None:
    page = sheets.page("1 What is in the box")
    sheets.html(page, (40, 40, 380, 130), PROSE["box"], CSS)
    drawing, axes = canvas((340, 270), (20, 15.88))
    machine(axes, 4.4, 1.6, 1.1)
    spots = {1: (15.8, 7.8), 2: (9.9, 12.6), 3: (7.2, 9.4), 4: (6.4, 7.8), 5: (9.4, 8.2)}
    spots |= {6: (8.9, 2.4), 7: (11.5, 3.9), 8: (13.4, 2.2)}
    marks = {1: (18.6, 10.4), 2: (14.6, 14.0), 3: (2.6, 12.2), 4: (1.6, 7.8), 5: (17.6, 13.0)}
    marks |= {6: (2.0, 3.6), 7: (18.4, 4.6), 8: (18.4, 1.6)}
    for number, spot in spots.items():
        axes.plot(*zip(spot, marks[number], strict=True), color=INK, lw=0.8)
        axes.plot(*spot, "o", color=INK, ms=3)
        axes.add_patch(Circle(marks[number], 0.62, fc="white", ec=INK, zorder=3))
        axes.text(*marks[number], str(number), ha="center", va="center", fontsize=9, zorder=4)
    sheets.drawn(page, 40, 125, drawing)
    for index, name in enumerate(PARTS):
        x, y = 50 + 170 * (index // 4), 412 + 14 * (index % 4)
        sheets.text(page, x, y, f"{index + 1}   {name}", size=9.5)
    sheets.html(page, (40, 466, 380, 570), PROSE["box 2"], CSS)
    foot(sheets, 2)


def build_up(sheets: Sheets) -> None:
    page = sheets.page("2 Putting it together")
    sheets.html(page, (40, 40, 380, 130), PROSE["build"], CSS)
    drawing, axes = canvas((340, 330), (20, 19.4))
    for index, step in enumerate(STEPS):
        x, y = 0.2 + 10 * (index % 2), 10 - 9.8 * (index // 2)
        axes.add_patch(FancyBboxPatch((x + 0.3, y + 0.3), 8.8, 8.6, "round", fc="white", ec=GREY))
        axes.text(x + 0.6, y + 8.2, step, fontsize=9, fontweight="bold")
        base = Rectangle((x + 2.5, y + 1), 4.5, 1.2, fc=BROWN, ec=INK)
        axes.add_patch(base)
        if index == 0:
            axes.add_patch(Rectangle((x + 1, y + 0.4), 7.5, 0.5, fc=STEEL, ec=INK))
            axes.annotate(
                "",
                (x + 4.7, y + 2.4),
                (x + 4.7, y + 5.5),
                arrowprops={"arrowstyle": "-|>", "lw": 2},
            )
            continue
        axes.add_patch(Circle((x + 4.75, y + 4.4), 1.9, fc="#cfd5da", ec=INK))
        if index == 1:
            turn = {**ARROW, "connectionstyle": "arc3,rad=0.45"}
            axes.annotate("", (x + 2.4, y + 5.2), (x + 5.6, y + 7.0), arrowprops=turn)
        if index >= 2:
            axes.add_patch(Rectangle((x + 3, y + 1.25), 1.5, 0.7, fc=CREAM, ec=INK))
        if index == 2:
            axes.annotate(
                "",
                (x + 2.9, y + 1.6),
                (x + 0.7, y + 1.6),
                arrowprops={"arrowstyle": "-|>", "lw": 2},
            )
        if index == 3:
            top = [(x + 3.9, y + 6.3), (x + 5.6, y + 6.3), (x + 6.2, y + 7.6), (x + 3.3, y + 7.6)]
            axes.add_patch(Polygon(top, fc=STEEL, ec=INK))
    sheets.pictured(page, 40, 125, drawing)
    sheets.html(page, (40, 470, 380, 570), PROSE["build 2"], CSS)
    foot(sheets, 3)


def panel(sheets: Sheets) -> None:
    page = sheets.page("3 The control panel")
    sheets.html(page, (40, 40, 380, 120), PROSE["panel"], CSS)
    drawing, axes = canvas((340, 210), (34, 21))
    axes.add_patch(FancyBboxPatch((2, 2), 30, 17, "round", fc="#2c2f33", ec=INK))
    axes.add_patch(Circle((11, 10), 4.2, fc=STEEL, ec="white"))
    for index, label in enumerate(["off", "160", "190", "210", "225", "240", "cup"]):
        angle = np.radians(225 - 45 * index)
        axes.text(
            11 + 6.1 * np.cos(angle), 10 + 6.1 * np.sin(angle), label,
            color="white", ha="center", va="center", fontsize=9,
        )  # fmt: skip
    axes.plot([11, 11 + 3.6 * np.cos(np.radians(135))], [10, 10 + 3.6 * np.sin(np.radians(135))],
              color=RUST, lw=4)  # fmt: skip
    for x, colour, name in [
        (20, "#3fae5a", "ready"),
        (24.5, "#d83a2e", "hot"),
        (29, "#f0b429", "chaff"),
    ]:
        axes.add_patch(Circle((x, 15), 1.0, fc=colour, ec="white"))
        axes.text(x, 12.5, name, color="white", ha="center", fontsize=8)
    for x, name in [(19, "START"), (25.6, "COOL")]:
        axes.add_patch(FancyBboxPatch((x, 5), 4.2, 2.6, "round", fc=CREAM, ec=INK))
        axes.text(x + 2.1, 6.3, name, ha="center", va="center", fontsize=8, fontweight="bold")
    axes.text(25.3, 3.0, "MARK = both buttons", color="white", ha="center", fontsize=7)
    sheets.pictured(page, 40, 115, drawing)
    sheets.html(page, (40, 335, 380, 570), PROSE["panel 2"], CSS)
    foot(sheets, 4)


def roast(sheets: Sheets) -> None:
    page = sheets.page("4 Roasting")
    sheets.html(page, (40, 40, 380, 200), PROSE["roast"], CSS)
    drawing = figure(340, 210)
    axes = drawing.subplots()
    minutes = np.linspace(0, 14, 200)
    beans = 236 - 150 * np.exp(-minutes / 5.2) + 104 * np.exp(-minutes / 0.5)
    axes.plot(minutes, beans, color=BROWN, lw=2)
    for start, end, colour, name in CRACKS:
        axes.axvspan(start, end, color=colour, alpha=0.45)
        axes.text((start + end) / 2, 92, name, rotation=90, ha="center", va="bottom", fontsize=8)
    low = int(beans.argmin())
    axes.annotate(
        "turning point",
        (minutes[low], beans[low]),
        (2.6, 92),
        fontsize=8,
        arrowprops={"arrowstyle": "->"},
    )
    axes.set(xlabel="minutes", ylabel="bean temperature, degrees", ylim=(85, 245), xlim=(0, 14))
    axes.grid(alpha=0.3)
    sheets.drawn(page, 40, 190, drawing)
    sheets.html(page, (40, 410, 380, 570), PROSE["roast 2"], CSS)
    foot(sheets, 5)


def tables(sheets: Sheets) -> None:
    page = sheets.page("5 Cleaning and care")
    sheets.html(page, (40, 40, 380, 110), PROSE["clean"], CSS)
    end = sheets.table(page, 40, 112, (105, 150, 85), CARE, size=8.5, height=20, colour=BROWN)
    sheets.html(page, (40, end + 8, 380, 570), PROSE["clean 2"], CSS)
    foot(sheets, 6)
    page = sheets.page("6 Technical data")
    sheets.html(page, (40, 40, 380, 75), PROSE["data"], CSS)
    end = sheets.table(page, 40, 75, (150, 190), DATA, size=9, height=20, colour=BROWN)
    sheets.html(page, (40, end + 10, 380, 400), PROSE["data 2"], CSS)
    drawing, axes = canvas((340, 150), (34, 15))
    axes.add_patch(Rectangle((2, 2), 20, 11, fc=BROWN, ec=INK))
    axes.add_patch(Circle((17, 7.5), 2.6, fc=STEEL, ec=INK))
    axes.plot([15.2, 18.8], [7.5, 7.5], color=INK, lw=4)
    axes.text(8.5, 7.5, "underside of the base", color="white", ha="center", fontsize=8)
    axes.add_patch(FancyBboxPatch((26, 6.2), 5, 2.4, "round,pad=0.1", fc=CREAM, ec=INK))
    axes.add_patch(Rectangle((25.6, 6), 1.4, 2.8, fc=STEEL, ec=INK))
    axes.add_patch(Rectangle((30.2, 6), 1.4, 2.8, fc=STEEL, ec=INK))
    axes.text(28.6, 3.6, "T 6.3 A", ha="center", fontsize=9)
    axes.plot([19.6, 25.4], [7.5, 7.4], color=INK, lw=0.8, ls="--")
    sheets.drawn(page, 40, 400, drawing)
    foot(sheets, 7)
    page = sheets.page("7 When something is wrong")
    sheets.html(page, (40, 40, 380, 75), PROSE["trouble"], CSS)
    end = sheets.table(page, 40, 75, (100, 130, 110), TROUBLE, size=8.5, height=20, colour=RUST)
    sheets.html(page, (40, end + 10, 380, 570), PROSE["trouble 2"], CSS)
    foot(sheets, 8)


def build(path: Path) -> None:
    sheets = Sheets("CT-2 drum roaster: manual", "Brimstone Works", A5)
    for part in (cover, box, build_up, panel, roast, tables):
        part(sheets)
    sheets.save(path)
