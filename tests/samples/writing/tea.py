"""An annual report in Chinese, with charts, a table and a flow drawing. Four pages."""

from pathlib import Path

import numpy as np
import pymupdf

from .sheet import GREY, Sheets, canvas, packed, parts, rgb

# A line break between two Chinese characters would show as a gap.
PROSE = {piece: text.replace("\n", "") for piece, text in parts("tea.html").items()}
CSS = PROSE["css"]
LEAF, CLAY, RAIN = "#1f5c44", "#a8552b", "#7ba7bc"
VILLAGES = [("石桥村", 13.4), ("梅坞村", 11.2), ("上溪村", 9.6), ("竹林村", 7.3), ("高岭村", 4.5)]
PRICES = [
    ("品名", "等级", "产量（公斤）", "每公斤价（元）"),
    ("云溪晚霞红茶", "特级", "420", "1,680"),
    ("云溪晚霞红茶", "一级", "2,150", "860"),
    ("蜜香红茶", "特级", "160", "2,400"),
    ("明前绿茶", "一级", "980", "1,120"),
    ("炒青绿茶", "二级", "3,340", "260"),
    ("老茶婆（秋茶）", "三级", "1,900", "120"),
]
STEPS = [
    ("采摘", "一芽二叶"),
    ("萎凋", "14 小时，26 度"),
    ("揉捻", "70 分钟"),
    ("发酵", "4 小时，28 度"),
    ("烘干", "25 分钟，110 度"),
    ("拣梗", "手工"),
]
RAINFALL = [42, 61, 98, 130, 165, 240, 410, 12, 95, 70, 55, 38]
WARMTH = [5, 7, 11, 16, 21, 25, 27, 30, 24, 18, 12, 7]
CJK = "china-s"


def footer(sheets: Sheets, page: pymupdf.Page) -> None:
    words = f"云溪茶叶合作社 · 2025 年度报告 · 第 {page.number + 1} 页"
    sheets.text(page, 297, 812, words, size=8.5, face=CJK, colour=GREY, align="middle")


def first(sheets: Sheets) -> None:
    page = sheets.page("致社员")
    drawing, axes = canvas((595, 230), (20, 7.73))
    x = np.linspace(0, 20, 300)
    for level, colour in ((4.4, "#cfe0d6"), (3.2, "#97bfa8"), (2.0, "#5c9678"), (0.9, LEAF)):
        hills = level + 0.9 * np.sin(0.55 * x + 2 * level) + 0.3 * np.sin(1.7 * x + level)
        axes.fill_between(x, 0, hills, color=colour)
    for row in range(5):
        axes.plot(x, 0.2 + 0.25 * row + 0.12 * np.sin(0.8 * x + row), color="#8fc2a4", lw=1)
    axes.plot(15.5, 6.6, "o", ms=34, color="#e8a15c")
    sheets.pictured(page, 0, 0, drawing, dpi=110)
    sheets.html(page, (60, 250, 535, 790), PROSE["one"], CSS)
    footer(sheets, page)


def second(sheets: Sheets) -> None:
    """The bars are drawn by hand and shot as a picture: their labels are in no text layer."""
    page = sheets.page("各村产量")
    sheets.html(page, (60, 60, 535, 200), PROSE["two"], CSS)
    with pymupdf.open() as scratch:
        board = scratch.new_page(width=475, height=330)
        sheets.text(board, 10, 24, "鲜叶产量（千公斤）", size=13, face=CJK, colour=LEAF)
        for index, (name, tons) in enumerate(VILLAGES):
            top = 50 + 52 * index
            bar = (95, top, 95 + 25 * tons, top + 32)
            board.draw_rect(bar, color=None, fill=rgb(LEAF if index else CLAY))
            sheets.text(board, 85, top + 21, name, size=13, face=CJK, align="right")
            sheets.text(board, bar[2] + 8, top + 21, f"{tons}", size=12)
        board.draw_line((95, 40), (95, 310), color=rgb(GREY), width=1)
        pixels = board.get_pixmap(dpi=150)
        picture = pymupdf.Pixmap(pixels).pil_image()
    page.insert_image(pymupdf.Rect(60, 190, 535, 520), stream=packed(picture))
    sheets.html(page, (60, 535, 535, 780), PROSE["two b"], CSS)
    footer(sheets, page)


def third(sheets: Sheets) -> None:
    page = sheets.page("制茶工序与价格")
    sheets.html(page, (60, 60, 535, 150), PROSE["three"], CSS)
    for index, (step, detail) in enumerate(STEPS):
        x, y = 60 + 165 * (index % 3), 165 + 95 * (index // 3)
        page.draw_rect((x, y, x + 130, y + 62), color=rgb(LEAF), fill=rgb("#e8f1ec"), radius=0.15)
        sheets.text(page, x + 65, y + 27, step, size=15, face=CJK, colour=LEAF, align="middle")
        sheets.text(page, x + 65, y + 48, detail, size=10, face=CJK, align="middle")
        if index % 3 < 2:
            page.draw_line((x + 132, y + 31), (x + 160, y + 31), color=rgb(CLAY), width=2)
            tip = [(x + 163, y + 31), (x + 154, y + 26), (x + 154, y + 36)]
            page.draw_polyline([*tip, tip[0]], color=rgb(CLAY), fill=rgb(CLAY))
    page.draw_polyline([(455, 227), (455, 243), (125, 243), (125, 258)], color=rgb(CLAY), width=2)
    end = sheets.table(
        page,
        60,
        365,
        (160, 70, 115, 130),
        PRICES,
        size=11,
        height=26,
        colour=LEAF,
        faces=(CJK, CJK),
    )
    sheets.html(page, (60, end + 15, 535, 780), PROSE["three b"], CSS)
    footer(sheets, page)


def fourth(sheets: Sheets) -> None:
    page = sheets.page("天气、虫害与明年计划")
    sheets.html(page, (60, 60, 535, 170), PROSE["four"], CSS)
    drawing, axes = canvas((475, 230), (475, 230))
    months = [55.0 + 33 * month for month in range(12)]
    axes.bar(months, np.array(RAINFALL) * 0.42, bottom=30, width=22, color=RAIN)
    axes.plot(months, 30 + np.array(WARMTH) * 5.5, color=CLAY, marker="o", lw=2)
    for x, month, rain in zip(months, range(1, 13), RAINFALL, strict=True):
        axes.text(x, 12, str(month), ha="center", fontsize=10)
        axes.text(x, 34 + rain * 0.42, str(rain), ha="center", fontsize=7.5, color="#37647a")
    axes.plot([35, 440], [30, 30], color=GREY, lw=1)
    sheets.drawn(page, 60, 165, drawing)
    sheets.text(page, 75, 185, "雨量（毫米）与气温（度），按月", size=11, face=CJK, colour=LEAF)
    sheets.html(page, (60, 410, 535, 790), PROSE["four b"], CSS)
    footer(sheets, page)


def build(path: Path) -> None:
    sheets = Sheets("云溪茶叶合作社 2025 年度报告", "云溪茶叶合作社")
    for part in (first, second, third, fourth):
        part(sheets)
    sheets.save(path)
