"""Files of other formats than PDF that are wrong on purpose, and things that are no files.

    python tests/fuzz_formats.py FOLDER [--seed 1] [--each 12]

Where fuzz.py turns bits anywhere, this one knows the formats: SVG, HTML and Markdown put together
from odd pieces, TIFF, GIF and WebP with lying sizes and counts, source code in odd encodings, names
that are hard to write, links, pipes and sockets. `make fuzz` reads them, too.
"""

import argparse
import os
import random
import socket
import struct
from io import BytesIO
from pathlib import Path

from PIL import Image

_NUMBERS = (
    "0",
    "-1",
    "1e9",
    "1e308",
    "nan",
    "NaN",
    "inf",
    "0.0000001",
    "2147483648",
    "100%",
    "9" * 400,
)
_SVG = (
    "<rect width='{a}' height='{b}' fill='url(#g)'/>",
    "<g transform='scale({a}) rotate({b})'>",
    "<path d='M {a} {b} C {a} {a} {b} {b} {a} {b} z'/>",
    "<use href='#x' x='{a}'/><g id='x'><use href='#x'/></g>",
    "<image width='{a}' height='{b}' href='data:image/png;base64,AAAA'/>",
    "<image href='file:///etc/passwd' width='9' height='9'/>",
    "<text font-size='{a}' x='{b}'>hello &amp; \u202e\ufdd0 world</text>",
    "<filter id='f'><feGaussianBlur stdDeviation='{a}'/></filter>",
    "<linearGradient id='g' x1='{a}'><stop offset='{b}'/></linearGradient>",
    "<svg viewBox='{a} {b} {a} {b}'>",
    "<style>* {{ font-size: {a}px }} @import url(http://127.0.0.1/)</style>",
    "<script>while (1) {{}}</script>",
    "&lol;&#x110000;&#0;",
)
_HTML = (
    "<div style='width:{a}px;height:{b}px;position:absolute'>",
    "<table border={a}><tr><td colspan={b} rowspan={a}>",
    "<p style='font-size:{a}pt;line-height:{b}'>words",
    "<img src='file:///dev/zero'><img src='data:image/gif;base64,R0lGODdh'>",
    "<iframe src='file:///etc/passwd'></iframe><object data='/dev/zero'>",
    "<ol start={a}><li><ul><li>",
    "<pre>" + "x" * 3000,
    "<b><i></b></i>",
    "</body></html><html>",
    "<style>p {{ margin: {a}em; page-break-before: always }} ::before {{ content: '{b}' }}</style>",
    "<meta charset='{a}'>",
    "<!--",
    "<![CDATA[",
    "&#{a};",
)
_MARKDOWN = (
    "{a}. one\n", "> " * 60, "#" * 9 + " deep\n", "|" * 400 + "\n|-|-|\n", "```{a}\n", "[x]: {a}\n",
    "![y](file:///dev/zero)", "<b>{b}", "*" * 999, "`" * 333, "[" * 500, "\\" * 500,
    "  " * 300 + "- x\n",
)  # fmt: skip
_CODE = 'def naïve():\n    return "Größe, 長さ, длина"\n\n'
_ENCODINGS = (
    "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1251", "shift_jis", "gb18030",
    "utf-7",
)  # fmt: skip


def pieces(chance: random.Random, kinds: tuple[str, ...], most: int = 60) -> str:
    """Some of the pieces, with odd numbers in them."""
    return "".join(
        chance.choice(kinds).format(a=chance.choice(_NUMBERS), b=chance.choice(_NUMBERS))
        for _ in range(chance.randint(1, most))
    )


def markup(folder: Path, number: int, chance: random.Random) -> None:
    size = f"width='{chance.choice(_NUMBERS)}' height='{chance.choice(_NUMBERS)}'"
    head = f"<!DOCTYPE svg [<!ENTITY lol '{'lol' * 999}'><!ENTITY lol2 '&lol;&lol;'>]>"
    begin = f"{head}<svg xmlns='http://www.w3.org/2000/svg' {chance.choice((size, ''))}>"
    end = chance.choice(("", "</svg>"))
    (folder / f"{number}.svg").write_text(begin + pieces(chance, _SVG) + end, "utf-8")
    (folder / f"{number}.html").write_text("<html>" + pieces(chance, _HTML), "utf-8")
    (folder / f"{number}.md").write_text(pieces(chance, _MARKDOWN), "utf-8")


def pictures(folder: Path, number: int, chance: random.Random) -> None:
    """Good pictures whose fields lie: sizes, counts, offsets; each is some bytes in the head."""
    noise = Image.effect_noise((chance.randint(1, 90), chance.randint(1, 90)), 60).convert("RGB")
    modes = ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "LAB", "YCbCr")
    for kind, suffix in (
        ("TIFF", "tif"),
        ("GIF", "gif"),
        ("WEBP", "webp"),
        ("PNG", "png"),
        ("BMP", "bmp"),
    ):
        kept = BytesIO()
        image = noise
        if kind == "TIFF":
            mode = chance.choice(modes)
            image = Image.new("I;16", noise.size) if mode == "I;16" else _as(noise, mode)
        image.save(kept, kind, **({"save_all": True} if kind == "GIF" else {}))
        content = bytearray(kept.getvalue())
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(4, max(5, min(len(content) - 4, 200)))
            value = chance.choice((0, 1, 0xFF, 0x7FFF, 0x7FFFFFFF, 0xFFFFFFFF))
            content[place : place + 4] = struct.pack(chance.choice("<>") + "I", value)
        (folder / f"{number}.{suffix}").write_bytes(content)
    frames = [noise] * chance.choice((2, 300))
    frames[0].save(folder / f"{number}-frames.tif", save_all=True, append_images=frames[1:])
    cut = (folder / f"{number}-frames.tif").read_bytes()
    (folder / f"{number}-frames.tif").write_bytes(cut[: chance.randrange(8, len(cut))])


def _as(image: Image.Image, mode: str) -> Image.Image:
    if mode == "LAB":
        return Image.new("LAB", image.size)
    return image.convert(mode)


def code(folder: Path, number: int, chance: random.Random) -> None:
    encoding = chance.choice(_ENCODINGS)
    content = bytearray(
        (f"# -*- coding: {chance.choice(_ENCODINGS)} -*-\n" + _CODE * 30).encode(
            encoding, "replace"
        )
    )
    if chance.random() < 0.5:
        place = chance.randrange(len(content))
        content[place:place] = chance.choice(
            (b"\xff\xfe", b"\xed\xa0\x80", b"\x1b[2J", b"\r\r\n", b"\xe2\x80\xae", b"x" * 200_000)
        )
    (folder / f"{number}.{chance.choice(('py', 'rs', 'txt', 'csv', 'log'))}").write_bytes(content)


def things(folder: Path) -> None:
    """Names that are hard to write, and what is no file."""
    for name in (b"two\nlines.md", b"tab\t.txt", b"\xff\xfe.txt", b" .txt", b"-rf.txt", b"%s%n.txt",
                 b"'; DROP TABLE pages; --.txt", b"{x}.md", b"n" * 251 + b".txt",
                 "\u202etxt.fdp.txt".encode(),
                 b"\x1b[31mred.txt", b"a#1.txt", b"\xed\xa0\x80.txt"):  # fmt: skip
        (folder / os.fsdecode(name)).write_bytes(b"hello from " + name.replace(b"\xff", b"?"))
    for name, target in (("loop.pdf", "loop.pdf"), ("nowhere.pdf", "gone"),
                         ("zero.txt", "/dev/zero"), ("random.png", "/dev/urandom"),
                         ("memory.pdf", "/proc/self/mem"), ("folder.pdf", "..")):  # fmt: skip
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe.docx")
    with socket.socket(socket.AF_UNIX) as own:
        here = os.open(folder, os.O_RDONLY)
        own.bind(f"/proc/self/fd/{here}/socket.png")
        os.close(here)
    (folder / "empty.pdf").touch()
    (folder / "sparse.pdf").write_bytes(b"%PDF-1.7\n")
    os.truncate(folder / "sparse.pdf", 2**42)
    (folder / "secret.txt").write_text("may not be read")
    (folder / "secret.txt").chmod(0)


def make(folder: Path, seed: int, each: int) -> None:
    chance = random.Random(seed)
    for number, write in enumerate((markup, pictures, code)):
        own = folder / write.__name__
        own.mkdir(parents=True)
        for i in range(each):
            write(own, i, random.Random(chance.random() + number))
    (folder / "things").mkdir()
    things(folder / "things")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=12)
    given = parser.parse_args()
    make(given.folder, given.seed, given.each)
