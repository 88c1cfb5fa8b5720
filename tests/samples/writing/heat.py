"""A slide deck that is pictures only: no word of it is in a text layer. Eight slides, English."""

from pathlib import Path

import numpy as np
import pymupdf
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from .sheet import Sheets, canvas, packed, raster

SIZE, UNITS = (720.0, 405.0), (16.0, 9.0)
NIGHT, EMBER, FLAME, ICE, MIST = "#1d2433", "#d1495b", "#edae49", "#4f9dbf", "#e9edf2"
WHITE = "#ffffff"
PLAIN = {"color": WHITE, "pad": 1}
LOSSES = {"walls": 34, "windows": 22, "roof": 19, "airing": 15, "cellar": 10}
STEPS = [("grant", -14.0), ("pipes", 22.5), ("heat pump", 11.8), ("store", 6.4), ("houses", 9.1)]
BILLS = {"oil boiler": 2740, "gas boiler": 2310, "wood pellets": 1980, "district heat": 1460}
TASKS = [
    ("survey and permits", 0, 7, ICE),
    ("harbour heat pump", 5, 12, FLAME),
    ("pipes, old town", 8, 10, EMBER),
    ("pipes, hillside", 17, 9, EMBER),
    ("connect 640 houses", 12, 20, ICE),
]
RISKS = [("pipe price", 4, 4), ("permit delay", 3, 4), ("cold winter", 2, 2), ("few sign up", 3, 3),
         ("rock under Mill St", 4, 2), ("seaweed in intake", 5, 1)]  # fmt: skip


def slide(sheets: Sheets, title: str, dark: bool = False) -> tuple[Axes, Axes]:
    """The frame of a slide (16 x 9 units) and an empty plotting area on it."""
    drawing, frame = canvas(SIZE, UNITS)
    ink, ground = (WHITE, NIGHT) if dark else (NIGHT, WHITE)
    frame.add_patch(Rectangle((0, 0), 16, 9, color=ground))
    frame.add_patch(Rectangle((0, 0), 0.25, 9, color=EMBER))
    frame.text(0.8, 7.9, title, fontsize=22, fontweight="bold", color=ink)
    frame.text(15.6, 0.3, f"{sheets.pdf.page_count + 1}", fontsize=9, color="#8a93a0", ha="right")
    plot = drawing.add_axes((0.12, 0.16, 0.8, 0.62))
    plot.spines[["top", "right"]].set_visible(False)
    return frame, plot


def shoot(sheets: Sheets, frame: Axes) -> None:
    """Put the slide into the deck as one picture."""
    page = sheets.page()
    figure = frame.get_figure(root=True)
    assert figure is not None
    page.insert_image(pymupdf.Rect(0, 0, *SIZE), stream=packed(raster(figure, 140), 48))


def title(sheets: Sheets) -> None:
    frame, plot = slide(sheets, "", dark=True)
    plot.set_axis_off()
    frame.text(1, 5.6, "Warm streets", fontsize=44, fontweight="bold", color=WHITE)
    frame.text(1, 4.7, "District heat for Ostervik from the sea", fontsize=20, color=FLAME)
    frame.text(1, 1.2, "Town council, 14 October 2025", fontsize=13, color=WHITE)
    frame.text(1, 0.7, "Lena Brodersen, municipal energy works", fontsize=13, color=WHITE)
    x = np.linspace(8.5, 16, 200)
    for index, colour in enumerate((ICE, FLAME, EMBER)):
        frame.plot(x, 2 + index + 0.35 * np.sin(2 * x + index), color=colour, lw=5)
    shoot(sheets, frame)


def losses(sheets: Sheets) -> None:
    frame, plot = slide(sheets, "Where a house in the old town loses its heat")
    plot.set_axis_off()
    plot.pie(
        list(LOSSES.values()),
        labels=[f"{name} {share} %" for name, share in LOSSES.items()],
        colors=[EMBER, FLAME, ICE, "#8fb996", "#9a8c98"],
        startangle=90,
        wedgeprops={"width": 0.42, "edgecolor": WHITE},
        textprops={"fontsize": 13},
    )
    frame.text(8.3, 4.2, "18,400 kWh\na year", ha="center", fontsize=13, fontweight="bold")
    frame.text(0.8, 0.5, "Average of 112 houses built before 1919, measured 2023/24", fontsize=10)
    shoot(sheets, frame)


def network(sheets: Sheets) -> None:
    frame, plot = slide(sheets, "The network: three phases, 14.2 km of pipe")
    plot.set_axis_off()
    frame.add_patch(Rectangle((0.25, 0), 15.75, 1.9, color="#cfe6f0"))
    frame.text(13.6, 0.7, "HARBOUR", color=ICE, fontsize=13)
    lines = [
        ("phase 1  old town", EMBER, [(3, 2.3), (3, 4.2), (6.5, 4.2), (6.5, 6.4)]),
        ("phase 2  hillside", FLAME, [(6.5, 4.2), (10.5, 4.2), (10.5, 6.8), (12.5, 6.8)]),
        ("phase 3  hospital", ICE, [(10.5, 4.2), (14.2, 4.2)]),
    ]
    for index, (name, colour, points) in enumerate(lines):
        frame.plot(*zip(*points, strict=True), color=colour, lw=6, solid_capstyle="round")
        frame.plot([0.9, 1.6], [7.0 - 0.45 * index] * 2, color=colour, lw=6)
        frame.text(1.8, 6.9 - 0.45 * index, name, fontsize=11)
    spots = [(3, 2.3, "heat pump 8 MW"), (6.5, 6.4, "school"), (12.5, 6.8, "water tower"),
             (14.2, 4.2, "hospital"), (6.5, 4.2, "market")]  # fmt: skip
    for x, y, name in spots:
        frame.add_patch(Circle((x, y), 0.24, color=NIGHT, zorder=4))
        frame.text(x + 0.3, y + 0.3, name, fontsize=11, ha="left")
    shoot(sheets, frame)


def plan(sheets: Sheets) -> None:
    frame, plot = slide(sheets, "Timetable: first warm house in autumn 2027")
    for row, (_, start, months, colour) in enumerate(TASKS):
        plot.barh(row, months, left=start, color=colour, height=0.55)
        plot.text(
            start + months + 0.3, row, f"{months} months", va="center", fontsize=10, bbox=PLAIN
        )
    plot.set_yticks(range(len(TASKS)), [task[0] for task in TASKS], fontsize=11)
    plot.invert_yaxis()
    plot.set_xticks(range(0, 37, 6), ["Jan 26", "Jul", "Jan 27", "Jul", "Jan 28", "Jul", "Jan 29"])
    plot.axvline(21, color=NIGHT, ls=":")
    plot.text(21.2, 4.45, "first heat", fontsize=10)
    plot.set_position((0.2, 0.16, 0.74, 0.62))
    shoot(sheets, frame)


def cost(sheets: Sheets) -> None:
    frame, plot = slide(sheets, "What it costs: 35.8 million crowns after the grant")
    names, level = ["total"], 0.0
    costs = [step for step in STEPS if step[1] > 0] + [step for step in STEPS if step[1] < 0]
    for index, (_, change) in enumerate(costs):
        colour = EMBER if change > 0 else "#5a9367"
        plot.bar(index, change, bottom=level, color=colour, width=0.6)
        level += change
        plot.text(index, level + (0.8 if change > 0 else -2.6), f"{change:+.1f}", ha="center")
    plot.bar(len(costs), level, color=NIGHT, width=0.6)
    plot.text(len(costs), level + 0.8, f"{level:.1f}", ha="center", fontweight="bold")
    plot.set_xticks(range(len(costs) + 1), [name for name, _ in costs] + names, fontsize=12)
    plot.set(ylim=(0, 56), ylabel="million crowns")
    shoot(sheets, frame)


def bills(sheets: Sheets) -> None:
    frame, plot = slide(sheets, "The yearly bill of a household with 14,000 kWh")
    colours = ["#9aa3ab", "#9aa3ab", "#9aa3ab", EMBER]
    plot.barh(list(BILLS), list(BILLS.values()), color=colours, height=0.6)
    for row, value in enumerate(BILLS.values()):
        plot.text(value + 30, row, f"{value:,} crowns", va="center", fontsize=12)
    plot.set(xlim=(0, 3300), xlabel="crowns a year, with upkeep, at prices of 2025")
    plot.tick_params(axis="y", labelsize=13)
    plot.invert_yaxis()
    plot.set_position((0.2, 0.2, 0.74, 0.58))
    shoot(sheets, frame)


def risks(sheets: Sheets) -> None:
    frame, plot = slide(sheets, "Risks: how likely, how bad")
    x = np.arange(1, 6)
    grade = np.add.outer(x, x)
    plot.imshow(grade, origin="lower", extent=(0.5, 5.5, 0.5, 5.5), cmap="RdYlGn_r", alpha=0.55)
    for name, likely, bad in RISKS:
        plot.plot(likely, bad, "o", color=NIGHT, ms=9)
        plot.text(likely, bad + 0.17, name, ha="center", va="bottom", fontsize=9)
    plot.set(xticks=x, yticks=x, xlabel="how likely", ylabel="how bad", aspect="auto")
    shoot(sheets, frame)


def ask(sheets: Sheets) -> None:
    frame, plot = slide(sheets, "What we ask the council to decide today", dark=True)
    plot.set_axis_off()
    wishes = [
        ("1", "Buy the fish hall at pier 4 for the heat pump"),
        ("2", "A loan of 24 million crowns"),
        ("3", "No connection fee before 1 July 2028"),
        ("4", "One road, one trench: fibre goes in too"),
    ]
    for index, (number, wish) in enumerate(wishes):
        y = 6.2 - 1.45 * index
        box = FancyBboxPatch((0.9, y - 0.35), 14, 0.95, "round,pad=0.1", fc="#2c3650", ec="none")
        frame.add_patch(box)
        frame.text(1.3, y, number, fontsize=20, color=FLAME, fontweight="bold", va="center")
        frame.text(2.4, y, wish, fontsize=17, color=WHITE, va="center")
    shoot(sheets, frame)


def build(path: Path) -> None:
    sheets = Sheets("Warm streets: district heat for Ostervik", "Ostervik energy works", SIZE)
    for part in (title, losses, network, plan, cost, bills, risks, ask):
        part(sheets)
    sheets.save(path)
