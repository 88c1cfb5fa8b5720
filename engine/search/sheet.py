"""A contact sheet: the best pages of each query as thumbnails, on white."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from ..explain.lettering import font_for, shorten

# All in pixels. A tile is as wide as a page is legible at: headings yes, body text no.
TILE = 300
TALLEST = 424  # a tile of A4 proportions; longer pages are shrunk to it
GAP = 28
MARGIN = 40
COLUMNS = 10

INK = (24, 28, 36)
FAINT = (112, 118, 128)
ACCENT = (18, 102, 180)
EDGE = (206, 210, 216)
PAPER = (255, 255, 255)

QUERY_SIZE = 30
FILE_SIZE = 19
PLACE_SIZE = 19


@dataclass(frozen=True)
class Tile:
    """One hit: its page as a picture, file name, page number from 1, and score."""

    image: Image.Image
    file: str
    page: int
    score: float


@dataclass(frozen=True)
class Strip:
    """One query and its hits, best first; those beyond `COLUMNS` are not drawn."""

    query: str
    tiles: Sequence[Tile]


def draw_sheet(strips: Sequence[Strip]) -> Image.Image:
    """One row of thumbnails for each query; a query without a hit says so.

    The width follows the longest row. Needs at least one strip, else ValueError.
    """
    if not strips:
        raise ValueError("no strips: a sheet needs at least one query")
    columns = min(max(1, *(len(strip.tiles) for strip in strips), 3), COLUMNS)
    width = 2 * MARGIN + columns * TILE + (columns - 1) * GAP
    rows = [_row(strip, width) for strip in strips]
    sheet = Image.new("RGB", (width, sum(row.height for row in rows) + MARGIN), PAPER)
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    return sheet


def _row(strip: Strip, width: int) -> Image.Image:
    small = [_thumbnail(tile.image) for tile in strip.tiles[:COLUMNS]]
    tallest = max((image.height for image in small), default=FILE_SIZE)
    top = MARGIN + QUERY_SIZE + GAP
    row = Image.new("RGB", (width, top + tallest + 2 * FILE_SIZE + GAP), PAPER)
    pen = ImageDraw.Draw(row)
    query = " ".join(strip.query.split())
    font = font_for(query, QUERY_SIZE)
    pen.text((MARGIN, MARGIN), shorten(query, width - 2 * MARGIN, font.getlength), INK, font)
    if not small:
        pen.text((MARGIN, top), "no page found", FAINT, font_for("", FILE_SIZE))
    for column, (image, tile) in enumerate(zip(small, strip.tiles, strict=False)):
        left = MARGIN + column * (TILE + GAP)
        row.paste(image, (left, top))
        # The frame stands around the page, not on it; the best one has the thicker.
        thick = 2 if column == 0 else 1
        box = (left - thick, top - thick, left + image.width + thick - 1)
        frame = (*box, top + image.height + thick - 1)
        pen.rectangle(frame, outline=ACCENT if column == 0 else EDGE, width=thick)
        under = top + image.height + FILE_SIZE // 2
        font = font_for(tile.file, FILE_SIZE)
        pen.text((left, under), shorten(tile.file, TILE, font.getlength, middle=True), INK, font)
        plain = font_for("", PLACE_SIZE)
        place = f"page {tile.page}"
        pen.text((left, under + FILE_SIZE + 6), place, ACCENT, plain)
        shift = plain.getlength(place + "   ")
        pen.text((left + shift, under + FILE_SIZE + 6), f"{tile.score:.2f}", FAINT, plain)
    return row


def _thumbnail(image: Image.Image) -> Image.Image:
    scale = min(TILE / image.width, TALLEST / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
