"""A sheet: one made-up page whose every character's place is known.

Set as a PDF by MuPDF's layout and rasterised by MuPDF, the renderer that ingests: a reader taught
on pictures of another rasteriser read real pages a third worse.
"""

import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

# Faces that most real documents are set in (or metric twins of these) are drawn more often.
COMMON = (
    "liberation", "nimbus", "carlito", "caladea", "dejavu", "roboto", "opensans", "lato", "noto",
    "texgyre", "lmroman", "lmsans", "arimo", "freesans", "freeserif", "p052", "c059",
)  # fmt: skip
PAGE = (612.0, 792.0)  # points; the raster is cut to size afterwards


@dataclass(frozen=True)
class Sheet:
    """`ink` is 255 where the page is white; characters in reading order with their middles."""

    ink: UInt8[np.ndarray, "height width"]
    text: str  # the characters; lines end in a line feed, which has no place
    x: Float[np.ndarray, " characters"]  # pixels; nan for line feeds
    y: Float[np.ndarray, " characters"]


def body_size(rng: np.random.Generator, difficulty: float) -> float:
    """Pixels an em: 13 to 20 at first; later around 15 as in print, a tenth as large as slides."""
    if rng.random() > difficulty:
        return float(rng.uniform(13, 20))
    if rng.random() < 0.15:
        return float(rng.uniform(22, 46))
    return float(np.clip(np.exp(rng.normal(np.log(14.5), 0.26)), 8.5, 30))


def pick_face(rng: np.random.Generator, faces: Sequence[Path]) -> Path:
    common = [f for f in faces if f.stem.lower().replace("-", "").startswith(COMMON)]
    pool = common if common and rng.random() < 0.6 else faces
    for _ in range(3):  # most print is upright
        face = pool[int(rng.integers(len(pool)))]
        if not any(word in face.stem.lower() for word in ("italic", "oblique", "slanted")):
            break
    return face


def _words(rng: np.random.Generator, texts: Sequence[str], count: int) -> list[str]:
    text = texts[int(rng.integers(len(texts)))]
    words = text.replace(" | ", " ").split()
    start = int(rng.integers(max(1, len(words) - count + 1)))
    return words[start : start + count]


def _number(rng: np.random.Generator) -> str:
    kind = rng.integers(6)
    if kind == 0:
        return str(rng.integers(1950, 2031))
    if kind == 1:
        return f"{rng.uniform(0, 100):.1f}%"
    if kind == 2:
        return f"({rng.integers(1, 99999):,})"
    if kind == 3:
        return f"${rng.uniform(0, 9999):,.2f}"
    return f"{int(10 ** rng.uniform(0, 6)):,}"


def _table(rng: np.random.Generator, texts: Sequence[str]) -> str:
    columns = int(rng.integers(2, 6))
    border = ["", "border:0.5px solid black;", "border-bottom:0.5px solid black;"][rng.integers(3)]
    rows = []
    for i in range(int(rng.integers(3, 14))):
        label = html.escape(" ".join(_words(rng, texts, int(rng.integers(1, 5)))))
        cells = [
            " ".join(_words(rng, texts, 1)) if i == 0 and rng.random() < 0.5 else _number(rng)
            for _ in range(columns)
        ]
        tag = "th" if i == 0 else "td"
        body = "".join(f'<{tag} style="{border}">{html.escape(c)}</{tag}>' for c in [label, *cells])
        rows.append(f"<tr>{body}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _block(rng: np.random.Generator, texts: Sequence[str]) -> str:
    """One heading, paragraph, list or table as HTML."""
    kind = rng.random()
    if kind < 0.18:
        level = int(rng.integers(1, 4))
        title = " ".join(_words(rng, texts, int(rng.integers(1, 9))))
        return (
            f"<h{level}>{html.escape(title.upper() if rng.random() < 0.15 else title)}</h{level}>"
        )
    if kind < 0.36:
        return _table(rng, texts)
    if kind < 0.48:
        items = "".join(
            f"<li>{html.escape(' '.join(_words(rng, texts, int(rng.integers(3, 16)))))}</li>"
            for _ in range(int(rng.integers(2, 7)))
        )
        return f"<ul>{items}</ul>"
    words = _words(rng, texts, int(rng.integers(20, 110)))
    if rng.random() < 0.25:
        for _ in range(len(words) // 6 + 1):
            words[int(rng.integers(len(words)))] = _number(rng)
    marked = html.escape(" ".join(words))
    if rng.random() < 0.2 and len(words) > 8:
        cut = int(rng.integers(3, len(words) - 3))
        tag = ["b", "i", "u"][rng.integers(3)]
        marked = (
            f"<{tag}>{html.escape(' '.join(words[:cut]))}</{tag}> "
            f"{html.escape(' '.join(words[cut:]))}"
        )
    return f"<p>{marked}</p>"


def _style(rng: np.random.Generator, faces: Sequence[Path], size: float) -> tuple[str, Path, Path]:
    body, head = pick_face(rng, faces), pick_face(rng, faces)
    if rng.random() < 0.5:
        head = body
    leading = rng.uniform(1.0, 1.6)
    align = ["left", "left", "justify", "center"][rng.integers(4)]
    scales = sorted(rng.uniform(1.05, 2.4, size=3), reverse=True)
    headings = " ".join(
        f"h{i + 1}{{font-family:head; font-size:{size * s:.1f}px; margin:{size * 0.5:.0f}px 0;}}"
        for i, s in enumerate(scales)
    )
    css = (
        f'@font-face{{font-family:body; src:url("{body.name}");}}'
        f'@font-face{{font-family:head; src:url("{head.name}");}}'
        f"body{{font-family:body; font-size:{size:.2f}px; line-height:{leading:.2f}; margin:0;}}"
        f"p{{text-align:{align}; margin:{size * rng.uniform(0.2, 0.9):.1f}px 0;}} {headings}"
        f"td,th{{font-family:body; padding:{rng.uniform(0.5, 4):.1f}px;"
        f" font-size:{size * rng.uniform(0.8, 1):.1f}px;}} table{{width:100%;}}"
    )
    return css, body, head


def _frames(rng: np.random.Generator, size: float) -> list[tuple[float, float, float, float]]:
    """Where text goes: one to three columns, under an optional full-width head, in points."""
    width, height = PAGE
    left, top = rng.uniform(15, 60), rng.uniform(15, 60)
    right, bottom = width - rng.uniform(15, 60), height - rng.uniform(15, 50)
    frames = []
    if rng.random() < 0.5:
        deep = top + size * rng.uniform(2, 6)
        frames.append((left, top, right, deep))
        top = deep + size
    columns = 1 if size > 16 else int(rng.choice([1, 1, 2, 2, 3]))
    gap = rng.uniform(8, 24)
    each = (right - left - gap * (columns - 1)) / columns
    for i in range(columns):
        x = left + i * (each + gap)
        frames.append((x, top, x + each, bottom))
    return frames


def draw_sheet(
    seed: tuple[int, ...], texts: Sequence[str], faces: Sequence[Path], difficulty: float
) -> Sheet:
    """The sheet of a seed: the same seed, texts and faces give the same pixels.

    `difficulty` in [0, 1]: how often sizes leave the easy middle.
    """
    import pymupdf

    rng = np.random.default_rng(seed)
    pixels = body_size(rng, difficulty)  # an em in the raster
    size = float(rng.uniform(8, 12)) if pixels < 22 else float(rng.uniform(14, 26))  # points
    css, body, head = _style(rng, faces, size)
    archive = pymupdf.Archive()
    archive.add((body.read_bytes(), body.name))
    if head != body:
        archive.add((head.read_bytes(), head.name))
    buffer = io.BytesIO()
    writer = pymupdf.DocumentWriter(buffer)
    device = writer.begin_page(pymupdf.Rect(0, 0, *PAGE))
    for frame in _frames(rng, size):
        room = (frame[2] - frame[0]) * (frame[3] - frame[1]) / (size * size * 0.6)  # characters
        markup: list[str] = []
        letters = 0
        while letters < room * 1.1 + 20 and len(markup) < 40:
            markup.append(_block(rng, texts))
            letters += len(markup[-1])
        story = pymupdf.Story("".join(markup), user_css=css, archive=archive)
        story.place(pymupdf.Rect(*frame))
        story.draw(device)
    writer.end_page()
    writer.close()
    with pymupdf.open("pdf", buffer.getvalue()) as document:
        page = document[0]
        zoom = pixels / size
        picture = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), colorspace=pymupdf.csGRAY)
        ink = np.frombuffer(picture.samples, np.uint8).reshape(picture.h, picture.w).copy()
        letters_, xs, ys = [], [], []
        for block in page.get_text("rawdict", flags=pymupdf.TEXT_PRESERVE_WHITESPACE)["blocks"]:
            for line in block.get("lines", ()):
                for span in line["spans"]:
                    for char in span["chars"]:
                        x0, y0, x1, y1 = char["bbox"]
                        letters_.append(char["c"])
                        xs.append((x0 + x1) / 2)
                        ys.append((y0 + y1) / 2)
                letters_.append("\n")
                xs.append(np.nan)
                ys.append(np.nan)
    x, y = np.array(xs, np.float32) * zoom, np.array(ys, np.float32) * zoom
    return Sheet(ink, "".join(letters_), x, y)
