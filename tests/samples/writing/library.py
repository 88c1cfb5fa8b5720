"""An annual report in German: charts, tables with many numbers, a floor plan. Five pages."""

from pathlib import Path

import numpy as np
import pymupdf
from matplotlib.patches import Circle, Rectangle

from .sheet import GREY, INK, Sheets, canvas, figure, parts

PROSE = parts("library.html")
CSS = PROSE["css"]
WINE, MOSS, STRAW = "#7a1f3d", "#2f5d50", "#e2c583"
GROUPS = ["Kinder", "Romane", "Sachbücher", "Dinge", "Musik und Noten", "Filme", "Zeitschriften"]
LOANS_2024 = [88.4, 71.9, 52.0, 14.6, 19.2, 31.8, 18.1]
LOANS_2025 = [93.7, 74.2, 54.8, 26.3, 20.1, 24.9, 14.7]
HOURS = [
    ("Tag", "Haus", "Fachauskunft", "Lesecafé"),
    ("Montag", "geschlossen", "keine", "zu"),
    ("Dienstag", "10 - 19 Uhr", "11 - 18 Uhr", "8 - 18 Uhr"),
    ("Mittwoch", "10 - 19 Uhr", "14 - 18 Uhr", "8 - 18 Uhr"),
    ("Donnerstag", "10 - 21 Uhr", "11 - 20 Uhr", "8 - 18 Uhr"),
    ("Freitag", "10 - 19 Uhr", "11 - 18 Uhr", "8 - 18 Uhr"),
    ("Samstag", "9 - 16 Uhr", "10 - 14 Uhr", "8 - 16 Uhr"),
    ("Sonntag", "13 - 17 Uhr", "keine", "13 - 17 Uhr"),
]
FEES = [
    ("Leistung", "Erwachsene", "Kinder"),
    ("Jahresausweis", "24,00", "0,00"),
    ("Monatsausweis", "4,00", "0,00"),
    ("Säumnis je Woche und Medium", "1,50", "0,20"),
    ("Vormerkung", "0,80", "0,00"),
    ("Bohrmaschine, drei Tage", "3,00", "nicht"),
    ("Teppichreiniger, ein Tag", "6,00", "nicht"),
    ("Ersatzausweis", "5,00", "2,50"),
]
BUDGET = [
    ("Tausend Euro", "2024", "2025", "Plan 2026"),
    ("Zuschuss der Stadt", "1.512", "1.548", "1.590"),
    ("Gebühren und Verkäufe", "148", "161", "165"),
    ("Förderverein und Spenden", "29", "38", "30"),
    ("Versicherung", "0", "64", "0"),
    ("Einnahmen", "1.689", "1.811", "1.785"),
    ("Personal", "1.084", "1.121", "1.150"),
    ("Medien", "271", "289", "295"),
    ("Haus und Energie", "262", "255", "250"),
    ("Wasserschaden", "0", "97", "0"),
    ("Technik und Sonstiges", "71", "80", "85"),
    ("Ausgaben", "1.688", "1.842", "1.780"),
    ("Ergebnis", "+1", "-31", "+5"),
]
ROOMS = {
    "A": (12.5, 0, 3, 2.2, STRAW),
    "B": (12.5, 2.2, 4.5, 3, "#dfe8e4"),
    "C": (0, 0, 6, 5.2, "#f1d9c9"),
    "D": (17, 0, 7, 8, "#f7e9a9"),
    "E": (0, 5.2, 6, 6.8, "#cfdff0"),
    "F": (17, 8, 7, 4, "#cbe3c0"),
    "G": (6, 9, 4, 3, "#dddddd"),
    "H": (10, 9, 3, 3, "#e9dcea"),
}


def footer(sheets: Sheets, page: pymupdf.Page) -> None:
    words = "Stadtbibliothek Lindenau · Jahresbericht 2025"
    sheets.text(page, 60, 812, words, size=8.5, face="tiit", colour=GREY)
    sheets.text(page, 535, 812, str(page.number + 1), size=8.5, colour=GREY, align="right")


def foreword(sheets: Sheets) -> None:
    page = sheets.page("Vorwort")
    page.draw_rect((0, 0, 595, 110), color=None, fill=(0.478, 0.122, 0.239))
    sheets.text(page, 60, 62, "Stadtbibliothek Lindenau", size=26, face="tibo", colour="#ffffff")
    sheets.text(page, 60, 88, "Jahresbericht 2025", size=15, face="tiro", colour=STRAW)
    for index in range(14):
        height = 34 + (index * 37) % 41
        colour = [STRAW, "#c96f4a", "#5f8f82", "#e9e2d0"][index % 4]
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        spine = (380 + index * 12, 104 - height, 390 + index * 12, 104)
        page.draw_rect(spine, color=None, fill=(red, green, blue))
    sheets.html(page, (60, 135, 535, 790), PROSE["foreword"], CSS)
    footer(sheets, page)


def loans(sheets: Sheets) -> None:
    page = sheets.page("Ausleihen")
    sheets.html(page, (60, 60, 535, 160), PROSE["loans"], CSS)
    drawing = figure(475, 300)
    axes = drawing.subplots()
    place = np.arange(len(GROUPS))
    axes.bar(place - 0.2, LOANS_2024, 0.38, color=STRAW, label="2024")
    bars = axes.bar(place + 0.2, LOANS_2025, 0.38, color=WINE, label="2025")
    axes.bar_label(bars, [f"{n:.1f}".replace(".", ",") for n in LOANS_2025], fontsize=8)
    axes.set_xticks(place, [name.replace(" und ", "\nund ") for name in GROUPS], fontsize=9)
    axes.set_ylabel("Ausleihen in Tausend")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    sheets.pictured(page, 60, 155, drawing)
    sheets.html(page, (60, 470, 535, 790), PROSE["loans 2"], CSS)
    footer(sheets, page)


def hours(sheets: Sheets) -> None:
    page = sheets.page("Öffnungszeiten und Gebühren")
    sheets.html(page, (60, 60, 535, 180), PROSE["hours"], CSS)
    end = sheets.table(page, 60, 165, (115, 120, 120, 120), HOURS, height=23, colour=MOSS)
    end = sheets.html(page, (60, end + 14, 535, end + 120), PROSE["hours 2"], CSS)
    sheets.table(page, 60, end + 8, (255, 110, 110), FEES, height=23, colour=WINE)
    footer(sheets, page)


def plan(sheets: Sheets) -> None:
    page = sheets.page("Das Haus")
    sheets.html(page, (60, 60, 535, 160), PROSE["plan"], CSS)
    drawing, axes = canvas((475, 300), (26, 16.42))
    for letter, (x, y, width, height, colour) in ROOMS.items():
        axes.add_patch(Rectangle((x + 1, y + 2), width, height, fc=colour, ec=INK, lw=1.6))
        middle = (x + 1 + width / 2, y + 2 + height / 2)
        axes.add_patch(Circle(middle, 0.75, fc="white", ec=INK))
        axes.text(*middle, letter, ha="center", va="center", fontsize=12, fontweight="bold")
    axes.add_patch(Rectangle((1, 2), 24, 12, fill=False, ec=INK, lw=3))
    axes.annotate("", (15, 2.1), (15, 0.2), arrowprops={"arrowstyle": "-|>", "lw": 2})
    axes.text(15.6, 0.5, "Eingang", fontsize=10)
    for row in range(3):
        axes.add_patch(Rectangle((7.6, 6.4 + 1.3 * row), 5.2, 0.5, fc="#b08d57", ec=INK))
    axes.text(7.6, 5.2, "Romane A - Z", fontsize=9)
    axes.text(1, 14.6, "Erdgeschoss, 1 : 300", fontsize=10)
    sheets.pictured(page, 60, 150, drawing)
    sheets.html(page, (60, 470, 535, 790), PROSE["plan 2"], CSS)
    footer(sheets, page)


def money(sheets: Sheets) -> None:
    page = sheets.page("Haushalt und Ausblick")
    sheets.html(page, (60, 60, 535, 110), PROSE["money"], CSS)
    widths = (220, 85, 85, 85)
    end = sheets.table(page, 60, 105, widths, BUDGET, height=21, colour=MOSS, strong=(5, 11, 12))
    sheets.html(page, (60, end + 14, 535, 790), PROSE["money 2"], CSS)
    footer(sheets, page)


def build(path: Path) -> None:
    sheets = Sheets("Stadtbibliothek Lindenau: Jahresbericht 2025", "Stadtbibliothek Lindenau")
    for part in (foreword, loans, hours, plan, money):
        part(sheets)
    sheets.save(path)
