"""An annual report: prose, tables, charts as lines and charts as pixels. Eight pages, English."""

from pathlib import Path

import numpy as np
import pymupdf
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon, Rectangle

from .sheet import A4, GREY, Sheets, canvas, figure, parts

NAVY, TEAL, CORAL, SAND = "#17375e", "#2a8c82", "#d9603b", "#e3c98f"
PROSE = parts("ferries.html")
CSS = PROSE["css"]
ROUTES = ["St Brannock", "Fell Island", "Harbour Hopper", "Skerry Isles", "Night mail boat"]
RIDERS_2024 = [598, 431, 244, 121, 52]
RIDERS_2025 = [655, 412, 291, 138, 47]
ON_TIME = [91, 88, 84, 93, 96, 97, 96, 95, 94, 87, 79, 90]

INCOME = [
    ("thousand crowns", "2025", "2024", "change"),
    ("Passenger fares", "38,410", "35,902", "+7.0 %"),
    ("Vehicles and freight", "17,265", "18,040", "-4.3 %"),
    ("Mail contract", "4,150", "4,150", "0.0 %"),
    ("Galley and shop", "3,388", "2,917", "+16.1 %"),
    ("Income", "63,213", "61,009", "+3.6 %"),
    ("Crew", "24,870", "23,615", "+5.3 %"),
    ("Fuel and electricity", "11,046", "13,987", "-21.0 %"),
    ("Upkeep and docking", "9,733", "9,120", "+6.7 %"),
    ("Harbour dues", "5,204", "5,011", "+3.9 %"),
    ("Depreciation", "6,890", "5,544", "+24.3 %"),
    ("Costs", "57,743", "57,277", "+0.8 %"),
    ("Result before tax", "5,470", "3,732", "+46.6 %"),
]
FLEET = [
    ("Ship", "Built", "Seats", "Cars", "Drive", "Route"),
    ("Kittiwake", "2024", "390", "62", "battery, 4.3 MWh", "St Brannock"),
    ("Guillemot", "2011", "350", "58", "diesel", "Fell Island"),
    ("Razorbill", "1998", "280", "40", "diesel", "Skerry Isles"),
    ("Turnstone", "2019", "120", "0", "hybrid", "Harbour Hopper"),
    ("Little Auk", "1974", "36", "0", "diesel", "Night mail boat"),
]
INCIDENTS = [
    ("Date", "Ship", "What happened", "Hurt"),
    ("14 Feb", "Razorbill", "Mooring line parted in a squall at Skerry", "1"),
    ("3 May", "Guillemot", "Smoke from a galley fryer, put out by crew", "0"),
    ("28 Jul", "Turnstone", "Touched the pontoon at Hollin Point", "0"),
    ("9 Nov", "Guillemot", "Bow door sensor failed, sailing given up", "0"),
]
FARES = [
    ("Ticket from 1 April 2026", "Adult", "Child", "Bicycle", "Car"),
    ("St Brannock, single", "8.40", "4.20", "2.00", "31.00"),
    ("Fell Island, single", "7.10", "3.55", "2.00", "27.50"),
    ("Skerry Isles, single", "14.80", "7.40", "3.50", "52.00"),
    ("Harbour Hopper, day ticket", "5.50", "free", "free", "-"),
    ("Islander's year card", "290.00", "95.00", "free", "640.00"),
]


def ferry(axes: Axes, x: float, y: float, size: float, funnel: bool) -> None:
    """A ferry whose waterline starts at (x, y); one that runs on batteries has no funnel."""
    hull = np.array([(0, 0), (0.06, -0.1), (0.94, -0.1), (1.06, 0.08), (-0.03, 0.08)]) * size
    axes.add_patch(Polygon(hull + np.array((x, y)), color=CORAL))
    for left, bottom, width, height in [(0.08, 0.08, 0.8, 0.1), (0.2, 0.18, 0.55, 0.09)]:
        box = (x + left * size, y + bottom * size)
        axes.add_patch(Rectangle(box, width * size, height * size, color="#f7f3e8"))
    if funnel:
        foot = (x + 0.5 * size, y + 0.27 * size)
        axes.add_patch(Rectangle(foot, 0.1 * size, 0.12 * size, color=SAND))
    for window in np.linspace(0.13, 0.8, 9):
        axes.add_patch(Circle((x + window * size, y + 0.13 * size), 0.018 * size, color=NAVY))


def cover(sheets: Sheets) -> None:
    page = sheets.page("Cover")
    drawing, axes = canvas(A4, (10, 14.15))
    axes.add_patch(Rectangle((0, 0), 10, 14.15, color="#cfe3ea"))
    axes.add_patch(Circle((7.6, 9.2), 1.0, color="#f6d98b"))
    x = np.linspace(0, 10, 200)
    for level, colour in zip(
        (6.6, 5.8, 5.0, 4.0), ("#7fb3bf", "#4c94a6", "#2a6f88", NAVY), strict=True
    ):
        axes.fill_between(x, 0, level + 0.18 * np.sin(2.2 * x + level), color=colour)
        if colour == "#7fb3bf":
            ferry(axes, 2.4, 6.5, 3.6, funnel=False)
    sheets.pictured(page, 0, 0, drawing, dpi=90)
    sheets.text(page, 48, 120, "Marrow Sound Ferries", size=34, face="hebo", colour=NAVY)
    sheets.text(page, 48, 156, "Annual report 2025", size=20, colour=NAVY)
    sheets.text(page, 48, 740, "The year the Kittiwake came home", size=15, colour="#ffffff")
    sheets.text(page, 48, 764, "Five routes, five ships, 1.54 million crossings", colour="#ffffff")


def footer(sheets: Sheets, page: pymupdf.Page) -> None:
    page.draw_line((60, 795), (535, 795), color=(0.6, 0.65, 0.7), width=0.5)
    sheets.text(page, 60, 810, "Marrow Sound Ferries  |  Annual report 2025", size=8, colour=GREY)
    sheets.text(page, 535, 810, str(page.number + 1), size=8, colour=GREY, align="right")


def letter(sheets: Sheets) -> None:
    page = sheets.page("Letter from the chair")
    sheets.html(page, (60, 60, 535, 780), PROSE["letter"], CSS)
    footer(sheets, page)


def passengers(sheets: Sheets) -> None:
    page = sheets.page("Passengers")
    sheets.html(page, (60, 60, 535, 180), PROSE["passengers"], CSS)
    drawing = figure(475, 330)
    axes = drawing.subplots()
    rows = np.arange(len(ROUTES))
    axes.barh(rows - 0.2, RIDERS_2025, 0.38, color=TEAL, label="2025")
    axes.barh(rows + 0.2, RIDERS_2024, 0.38, color=SAND, label="2024")
    for row, value in zip(rows, RIDERS_2025, strict=True):
        axes.text(value + 6, row - 0.2, str(value), va="center", fontsize=9)
    axes.set_yticks(rows, ROUTES)
    axes.invert_yaxis()
    axes.set_xlabel("thousand passengers")
    axes.set_title("Passengers by route", loc="left", fontweight="bold")
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    sheets.pictured(page, 60, 185, drawing)
    sheets.html(page, (60, 530, 535, 780), PROSE["passengers 2"], CSS)
    footer(sheets, page)


def accounts(sheets: Sheets) -> None:
    page = sheets.page("Accounts")
    sheets.html(page, (60, 60, 535, 100), "<h1>Accounts</h1>", CSS)
    end = sheets.table(page, 60, 100, (235, 80, 80, 80), INCOME, height=21, strong=(5, 11, 12))
    sheets.html(page, (60, end + 18, 535, 780), PROSE["accounts"], CSS)
    footer(sheets, page)


def fleet(sheets: Sheets) -> None:
    page = sheets.page("Ships", (2, "The fleet"))
    sheets.html(page, (60, 60, 535, 100), "<h1>The fleet</h1>", CSS)
    widths = (85, 50, 50, 45, 125, 120)
    end = sheets.table(page, 60, 100, widths, FLEET, height=22, colour=TEAL)
    drawing = figure(475, 210)
    axes = drawing.subplots()
    axes.set(xlim=(0, 100), ylim=(-3, 22), aspect="equal")
    axes.set_axis_off()
    for x, size, name in [
        (3, 34, "Kittiwake  62 m"),
        (44, 24, "Turnstone  31 m"),
        (75, 18, "Little Auk  19 m"),
    ]:
        ferry(axes, x, 3, size, funnel=size < 30)
        axes.text(x + size / 2, -2.5, name, ha="center", fontsize=9)
    axes.plot([0, 100], [2.2, 2.2], color="#4c94a6", lw=2)
    sheets.drawn(page, 60, end + 10, drawing)
    sheets.html(page, (60, end + 235, 535, 780), PROSE["fleet"], CSS)
    footer(sheets, page)


def energy(sheets: Sheets) -> None:
    page = sheets.page((2, "Energy and emissions"))
    sheets.html(page, (60, 60, 535, 160), PROSE["energy"], CSS)
    years = np.arange(2020, 2026)
    diesel = np.array([52.1, 50.8, 49.0, 46.9, 45.2, 29.4])
    shore = np.array([0.0, 1.2, 2.1, 2.4, 2.6, 2.7])
    battery = np.array([0.0, 0.0, 0.6, 1.9, 2.3, 13.8])
    drawing = figure(475, 300)
    axes = drawing.subplots()
    axes.bar(years, diesel, color="#7b7f86", label="diesel")
    axes.bar(years, shore, bottom=diesel, color=SAND, label="shore power at the quay")
    axes.bar(years, battery, bottom=diesel + shore, color=TEAL, label="batteries")
    axes.set(ylabel="gigawatt-hours", ylim=(0, 66))
    axes.legend(frameon=False, ncols=3, loc="upper center")
    axes.spines[["top", "right"]].set_visible(False)
    sheets.drawn(page, 60, 160, drawing)
    sheets.html(page, (60, 475, 535, 780), PROSE["energy 2"], CSS)
    footer(sheets, page)


def punctual(sheets: Sheets) -> None:
    page = sheets.page("Punctuality and safety")
    sheets.html(page, (60, 60, 535, 100), "<h1>Punctuality and safety</h1>", CSS)
    drawing = figure(475, 230)
    axes = drawing.subplots()
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    axes.plot(months, ON_TIME, color=NAVY, marker="o")
    axes.axhline(92, color=CORAL, ls="--", lw=1)
    axes.text(0, 92.6, "goal", color=CORAL, fontsize=9)
    axes.set(ylim=(75, 100), ylabel="per cent within five minutes")
    axes.set_title("Sailings on time, 2025", loc="left", fontweight="bold")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    sheets.pictured(page, 60, 100, drawing)
    sheets.html(page, (60, 340, 535, 375), "<h2>Incidents reported to the coastguard</h2>", CSS)
    end = sheets.table(page, 60, 378, (60, 90, 275, 50), INCIDENTS, height=22, colour=CORAL)
    sheets.html(page, (60, end + 14, 535, 780), PROSE["punctual"], CSS)
    footer(sheets, page)


def outlook(sheets: Sheets) -> None:
    page = sheets.page("Fares and outlook")
    sheets.html(page, (60, 60, 535, 100), "<h1>Fares and outlook</h1>", CSS)
    end = sheets.table(page, 60, 100, (195, 70, 70, 70, 70), FARES, height=22)
    sheets.html(page, (60, end + 12, 535, 780), PROSE["outlook"], CSS)
    footer(sheets, page)


def build(path: Path) -> None:
    sheets = Sheets("Marrow Sound Ferries: annual report 2025", "Marrow Sound Ferries")
    for part in (cover, letter, passengers, accounts, fleet, energy, punctual, outlook):
        part(sheets)
    sheets.save(path)
