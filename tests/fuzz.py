"""Damaged variants of good documents, the same for the same seed.

    python tests/fuzz.py FOLDER [--seed 1] [--variants 300]

Writes files of every kind into FOLDER: cut off, with bits turned, with streams swapped, with nested
and huge page boxes, ZIP bombs, and some that are bombs by design. `make fuzz` then reads them all,
twice (see hostile.py).
"""

import argparse
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from ingest_files import make_pdf
from office_files import make_docx, make_odf, make_xlsx, make_zip_bomb
from PIL import Image

SAMPLES = Path(__file__).parent / "samples" / "corpus"
LARGEST = 2**20  # bytes of a good document that is worth damaging
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_BOX = re.compile(rb"/MediaBox\s*\[[^\]]*\]")
_BOXES = (
    b"[0 0 612 2147483648]",
    b"[0 0 2147483648 2147483648]",
    b"[-1e38 -1e38 1e38 1e38]",
    b"[0 0 0 0]",
    b"[612 792 0 0]",
    b"[0 0 nan inf]",
    b"[0 0 1e-30 1e-30]",
    b"[" + b"[" * 3000 + b"0 0 9 9" + b"]" * 3000 + b"]",
    b"[0 0 14400 14400]",
    b"[0 0 99999 600]",
)
Damage = Callable[[bytes, random.Random], bytes]


def cut_off(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(1, len(content))]


def turned_bits(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 8, 64, 512))):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def shuffled(content: bytes, chance: random.Random) -> bytes:
    """Pieces of the file at each other's places, or the streams of a PDF in each other's."""
    streams = [match.span(1) for match in _STREAM.finditer(content)]
    if len(streams) < 2:
        size = max(1, len(content) // 16)
        pieces = [content[i : i + size] for i in range(0, len(content), size)]
        chance.shuffle(pieces)
        return b"".join(pieces)
    bodies = [content[start:end] for start, end in streams]
    chance.shuffle(bodies)
    out, last = [], 0
    for (start, end), body in zip(streams, bodies, strict=True):
        out += [content[last:start], body]
        last = end
    return b"".join([*out, content[last:]])


def spliced(content: bytes, chance: random.Random) -> bytes:
    """A stretch of the file once more, or of nothing but one byte."""
    start = chance.randrange(len(content))
    stretch = content[start : start + chance.randrange(1, 4096)]
    if chance.random() < 0.5:
        stretch = bytes([chance.randrange(256)]) * len(stretch)
    place = chance.randrange(len(content))
    return content[:place] + stretch * chance.choice((1, 50)) + content[place:]


def boxed(content: bytes, chance: random.Random) -> bytes:
    """A page box that no page has; what is no PDF is cut off."""
    if not _BOX.search(content):
        return cut_off(content, chance)
    box = chance.choice(_BOXES)
    return _BOX.sub(lambda _: b"/MediaBox " + box, content)


DAMAGES: tuple[Damage, ...] = (cut_off, turned_bits, shuffled, spliced, boxed)


def seeds(folder: Path) -> list[Path]:
    """Good documents of every kind, small ones."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [
        make_pdf(folder / "plain.pdf", texts=("one", "two", "three"), outline=[[1, "One", 1]]),
        make_pdf(folder / "locked.pdf", encryption=5, user_pw="u", owner_pw="o"),
        make_docx(folder / "words.docx", "hello", "words"),
        make_xlsx(folder / "cells.xlsx", "hello", "cells"),
        make_odf(folder / "text.odt", "hello"),
        make_odf(folder / "deck.odp", "one", "two"),
    ]
    (folder / "page.html").write_text("<h1>Cats</h1><table><tr><td>sat<td>mat</table>" * 20)
    (folder / "notes.md").write_text("# Cats\n\n| a | b |\n|---|---|\n| 1 | 2 |\n" * 20)
    (folder / "code.py").write_text("def f():\n    return 1\n\n" * 40)
    shapes = "<rect width='9' height='9'/><text y='50'>hello</text>"
    (folder / "drawing.svg").write_text(
        f"<svg xmlns='http://www.w3.org/2000/svg' width='200' height='100'>{shapes}</svg>"
    )
    picture = Image.effect_noise((300, 200), 60).convert("RGB")
    for suffix in ("png", "jpg", "webp", "tif", "gif", "bmp"):
        picture.save(folder / f"picture.{suffix}")
    made += [path for path in folder.iterdir() if path not in made]
    made += [path for path in SAMPLES.iterdir() if path.stat().st_size < LARGEST]
    return sorted(made)


def bombs(folder: Path) -> None:
    """Small files that want to become large ones."""
    page = make_pdf(folder / "bomb-page.pdf").read_bytes()
    (folder / "bomb-page.pdf").write_bytes(boxed(page, random.Random(0)))
    (folder / "bomb-tall.pdf").write_bytes(_BOX.sub(b"/MediaBox[0 0 612 2147483648]", page))
    make_zip_bomb(folder / "bomb.docx", megabytes=1100)
    lies = folder / "bomb-lies.docx"
    with zipfile.ZipFile(lies, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "x")
        file.writestr("word/document.xml", b" " * 2**28)
    lies.write_bytes(lies.read_bytes().replace(struct.pack("<L", 2**28), struct.pack("<L", 9)))
    header = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(bytes(2**20))
    (folder / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
            for part in (header, body, b"IEND")
        )
    )
    (folder / "bomb.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg' width='1e9' height='1e9'>" + "<g>" * 50_000
    )
    (folder / "bomb.html").write_text("<div>" * 100_000 + "deep")
    (folder / "bomb.md").write_text("> " * 20_000 + "deep\n" + "[" * 20_000)
    (folder / "bomb.txt").write_bytes(b"a" * 9_000_000)
    kids = b" ".join(b"4 0 R" for _ in range(50_000))
    (folder / "bomb-kids.pdf").write_bytes(
        b"%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Count 50000"
        b"/Kids["
        + kids
        + b"]>> endobj\n4 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>> endobj"
        b"\ntrailer <</Root 1 0 R>>\n%%EOF\n"
    )


def make(folder: Path, seed: int, variants: int, with_bombs: bool = True) -> None:
    """Fill the folder, which should be empty."""
    good = seeds(folder / "good")
    chance = random.Random(seed)
    (folder / "damaged").mkdir(exist_ok=True)
    for number in range(variants):
        path, damage = chance.choice(good), DAMAGES[number % len(DAMAGES)]
        name = f"{number:03}-{damage.__name__}-{path.stem}{path.suffix}"
        (folder / "damaged" / name).write_bytes(damage(path.read_bytes(), chance))
    if with_bombs:
        (folder / "bombs").mkdir(exist_ok=True)
        bombs(folder / "bombs")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variants", type=int, default=300)
    given = parser.parse_args()
    make(given.folder, given.seed, given.variants)
