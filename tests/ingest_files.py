"""Files that the tests of ingest read: made by PyMuPDF and Pillow, small and exact."""

from pathlib import Path
from typing import Any

from PIL import Image

from quire.ingest import Page, PixelBudget

SMALL = PixelBudget(max_pixels=200 * 28 * 28, min_pixels=3136, factor=28)


def make_pdf(
    path: Path,
    *,
    texts: tuple[str, ...] = ("hello",),
    size: tuple[float, float] = (400, 300),
    outline: list[list[Any]] | None = None,
    **save: Any,
) -> Path:
    """One page for each text, which stands at the top left."""
    import pymupdf

    with pymupdf.open() as file:
        for text in texts:
            page = file.new_page(width=size[0], height=size[1])
            page.insert_text((30, 60), text, fontsize=24)
        if outline:
            file.set_toc(outline)
        file.save(path, **save)
    return path


def make_slow_pdf(path: Path, quick_pages: int = 0, repeats: int = 4000) -> Path:
    """Pages as usual, then one that draws a large area again and again for many seconds."""
    import pymupdf

    with pymupdf.open() as file:
        for number in range(quick_pages):
            file.new_page(width=400, height=300).insert_text((30, 60), f"quick {number + 1}")
        page = file.new_page(width=400, height=300)
        page.insert_text((30, 60), "slow")
        [stream] = page.get_contents()
        curve = b"".join(b"0 %d m 400 %d 0 %d 400 0 c " % (y, y, -y) for y in range(300))
        file.update_stream(stream, b"q 20 w " + (curve + b"S ") * repeats + b"Q")
        file.save(path, deflate=True)
    return path


def ink(picture: Image.Image, boxes: list[tuple[float, float, float, float]]) -> list[int]:
    """How many dark pixels lie in each box (fractions), and last how many in none of them."""
    left = picture.convert("L").point([255] * 128 + [0] * 128)  # ink as 255
    counts = []
    for x0, y0, x1, y1 in boxes:
        area = (
            int(x0 * picture.width) - 1,
            int(y0 * picture.height) - 1,
            int(x1 * picture.width) + 2,
            int(y1 * picture.height) + 2,
        )
        counts.append(left.crop(area).histogram()[255])
        left.paste(0, area)
    return [*counts, left.histogram()[255]]


def ink_of(page: Page) -> list[int]:
    return ink(page.image, [word.box for word in page.words])
