"""A letter as a scanner sees it: grey paper, specks, shadow, one page askew. Three pages."""

import io
from pathlib import Path

import numpy as np
import pymupdf
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from .sheet import A4, FONTS, Sheets, parts

PROSE = parts("lighthouse.txt")
SIZE = (1040, 1472)  # A4 at about 126 dots per inch
PAPER, RIBBON, PENCIL = 236, 46, 96


def face(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / f"{name}.ttf"), size)


def typed(text: str) -> Image.Image:
    """Typewriting: each letter a little off its line and unevenly black."""
    shake = np.random.default_rng(len(text))
    paper = Image.new("L", SIZE, PAPER)
    pen, letters = ImageDraw.Draw(paper), face("DejaVuSansMono", 21)
    for row, line in enumerate(text.strip("\n").split("\n")):
        for column, letter in enumerate(line):
            x, y = 128 + column * 13.2, 150 + row * 35 + shake.normal(0, 0.9)
            pen.text((x, y), letter, font=letters, fill=int(RIBBON + shake.integers(0, 50)))
    return paper


def signed(paper: Image.Image, y: int) -> None:
    """A signature in ink: one line that rises and falls."""
    t = np.linspace(0, 1, 160)
    x = 420 + 240 * t
    line = y - 26 * np.sin(26 * t) * (1 - t) ** 0.7 - 12 * t
    points = [(float(a), float(b)) for a, b in zip(x, line, strict=True)]
    ImageDraw.Draw(paper).line(points, fill=40, width=4, joint="curve")


def ledger() -> Image.Image:
    """A form, printed, and filled in by hand."""
    paper = Image.new("L", SIZE, PAPER)
    pen = ImageDraw.Draw(paper)
    pen.text((130, 120), "RETURN OF STORES", font=face("DejaVuSerif-Bold", 40), fill=30)
    pen.text((130, 180), "Station:", font=face("DejaVuSerif", 22), fill=30)
    pen.text((130, 220), "Quarter ending:", font=face("DejaVuSerif", 22), fill=30)
    hand = face("DejaVuSerif-Italic", 27)
    pen.text((330, 174), "Skerry Light", font=hand, fill=PENCIL)
    pen.text((330, 214), "31 December 1934", font=hand, fill=PENCIL)
    columns = (130, 560, 720, 910)
    heads = ("Article", "Wanted", "In store")
    for x, head in zip(columns, heads, strict=False):
        pen.text((x + 10, 290), head, font=face("DejaVuSerif-Bold", 22), fill=30)
    rows = [line.split("|") for line in PROSE["ledger"].strip().split("\n")]
    for index, row in enumerate(rows):
        y = 345 + 58 * index
        for x, cell in zip(columns, row, strict=False):
            pen.text((x + 14, y + 10), cell, font=hand, fill=PENCIL)
    bottom = 345 + 58 * len(rows)
    for y in [280, *range(345, bottom + 1, 58)]:
        pen.line([(130, y), (910, y)], fill=60, width=2)
    for x in columns:
        pen.line([(x, 280), (x, bottom)], fill=60, width=2)
    pen.text((130, bottom + 40), "One hen is kept. She is not stores.", font=hand, fill=PENCIL)
    return stamped(paper, (760, bottom + 160))


def stamped(paper: Image.Image, middle: tuple[int, int]) -> Image.Image:
    """The same paper with the round stamp of the office that received it."""
    stamp = Image.new("L", (300, 300), 0)
    pen = ImageDraw.Draw(stamp)
    for inset in (6, 20):
        pen.ellipse((inset, inset, 300 - inset, 300 - inset), outline=150, width=5)
    for y, words in ((95, "RECEIVED"), (135, "11 DEC 1934"), (175, "MARROW QUAY")):
        pen.text((150, y), words, font=face("DejaVuSans-Bold", 26), fill=150, anchor="ma")
    stamp = stamp.rotate(17, resample=Image.Resampling.BICUBIC)
    corner = (middle[0] - 150, middle[1] - 150)
    paper.paste(70, (*corner, corner[0] + 300, corner[1] + 300), mask=stamp)
    return paper


def scanned(paper: Image.Image, seed: int, angle: float = 0.0) -> bytes:
    """The sheet on the glass: turned by `angle` degrees, unevenly lit, with grain and specks."""
    grain = np.random.default_rng(seed)
    turned = paper.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=198)
    pixels = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.6)), dtype=np.float64)
    height, width = pixels.shape
    across, down = np.linspace(1, 0, width)[None, :], np.linspace(0, 1, height)[:, None]
    pixels = pixels * (1 - 0.10 * across**3 - 0.05 * down) + grain.normal(0, 5, pixels.shape)
    for _ in range(90):
        y, x = grain.integers(0, height - 3), grain.integers(0, width - 3)
        pixels[y : y + grain.integers(1, 4), x : x + grain.integers(1, 4)] = grain.integers(40, 150)
    stream = io.BytesIO()
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    picture.save(stream, "JPEG", quality=42)
    return stream.getvalue()


def build(path: Path) -> None:
    sheets = Sheets("Scan 0417", "")
    second = typed(PROSE["second"])
    signed(second, 952)
    scans = [
        scanned(typed(PROSE["first"]), 1),
        scanned(second, 2, angle=2.4),
        scanned(ledger(), 3),
    ]
    for scan in scans:
        sheets.page().insert_image(pymupdf.Rect(0, 0, *A4), stream=scan)
    sheets.save(path)
