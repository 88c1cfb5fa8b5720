"""Office documents, web pages, Markdown, drawings, texts and code as pages."""

import contextlib
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_files import SMALL, ink_of
from office_files import make_docx, make_odf, make_xlsx, make_zip_bomb, put_zip
from PIL import Image

from quire.ingest import Kind, Limits, OpenDocument, Page, PixelBudget, ReadFailed, find, open_pages
from quire.ingest.chunks import COLUMNS, ROWS, broken_rows, chunks
from quire.ingest.office import libreoffice
from quire.ingest.textual import decoded

needs_libreoffice = pytest.mark.skipif(
    libreoffice() is None, reason="LibreOffice is not installed: Office documents are not tested"
)


def read_all(path: Path, **limits: float) -> tuple[OpenDocument, list[Page]]:
    with open_pages(path, SMALL, Limits(**limits)) as opened:  # type: ignore[arg-type]
        return opened, list(opened)


def failure_of(path: Path, **limits: float) -> tuple[Kind, str]:
    with pytest.raises(ReadFailed) as caught:
        read_all(path, **limits)
    return caught.value.failure.kind, caught.value.failure.reason


@needs_libreoffice
def test_office_documents_become_pages(tmp_path: Path) -> None:
    made = [
        make_docx(tmp_path / "a.docx", "hello words", "second line"),
        make_xlsx(tmp_path / "a.xlsx", "hello", "cells"),
        make_odf(tmp_path / "a.odp", "hello slide", "another"),
    ]
    for path, texts in zip(
        made,
        (["hello words second line"], ["hello cells"], ["hello slide", "another"]),
        strict=True,
    ):
        opened, pages = read_all(path)
        assert [" ".join(page.text.split()) for page in pages] == texts
        assert opened.document.kind == "office"
        assert opened.document.engine.startswith("libreoffice ") and "+ pymupdf" in pages[0].engine


def offices_since(before: set[str]) -> list[str]:
    """Names of LibreOffice's processes that are newer than `before`."""
    names = []
    for number in set(os.listdir("/proc")) - before:
        with contextlib.suppress(OSError):
            if number.isdigit():
                names.append(Path(f"/proc/{number}/comm").read_text().strip())
    return [name for name in names if "soffice" in name or "oosplash" in name]


@needs_libreoffice
def test_a_conversion_that_takes_too_long_ends_with_all_it_started(tmp_path: Path) -> None:
    path = make_docx(tmp_path / "a.docx", "hello")
    before = set(os.listdir("/proc"))
    kind, reason = failure_of(path, seconds_to_convert=1.0)
    assert kind is Kind.TIMED_OUT and "--limit seconds_to_convert" in reason
    left = offices_since(before)
    for _ in range(100):  # killed at once, but the system takes a moment to bury them
        if not left:
            break
        time.sleep(0.1)
        left = offices_since(before)
    assert left == []


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    if libreoffice() is None:
        pytest.skip("LibreOffice is not installed: nobody would unpack it")
    path = make_zip_bomb(tmp_path / "a.docx", megabytes=40)
    kind, reason = failure_of(path, max_unpacked_bytes=2**25)
    assert kind is Kind.TOO_BIG and "--limit max_unpacked_bytes" in reason
    assert path.stat().st_size < 2**20


@needs_libreoffice
@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        (b"<html><img src='file:///etc/passwd'></html>", Kind.UNSUPPORTED, "no Office document"),
        (b"PK\x03\x04 and then nothing", Kind.DAMAGED, "damaged ZIP archive"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            Kind.PASSWORD,
            "save a copy without",
        ),
    ],
)
def test_what_is_no_office_document_never_reaches_libreoffice(
    tmp_path: Path, content: bytes, kind: Kind, told: str
) -> None:
    from quire.ingest.fence import Refused, suffix_of

    path = tmp_path / "a.docx"
    path.write_bytes(content)
    with pytest.raises(Refused, match=told) as caught:
        suffix_of(path, path.name, 2**30)
    assert caught.value.kind is kind


def test_a_zip_that_is_no_office_document_says_so(tmp_path: Path) -> None:
    put_zip(tmp_path / "a.docx", {"notes.txt": "x"})
    kind, reason = failure_of(tmp_path / "a.docx")
    assert kind is (Kind.MISSING if libreoffice() is None else Kind.UNSUPPORTED), reason


def test_without_libreoffice_the_install_line_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quire.ingest.office.libreoffice", lambda: None)
    kind, reason = failure_of(make_docx(tmp_path / "a.docx", "hello"))
    assert kind is Kind.MISSING
    assert "apt-get install --no-install-recommends libreoffice-writer" in reason


def test_a_web_page_is_laid_out_and_fetches_nothing(tmp_path: Path) -> None:
    (tmp_path / "red.png").write_bytes(b"")
    Image.new("RGB", (300, 300), "red").save(tmp_path / "red.png")
    (tmp_path / "a.html").write_text(
        "<title>Of cats</title><h1>Cats</h1><p>The cat sat</p><script>document.write('x')</script>"
        "<img src='red.png'><img src='http://127.0.0.1:9/x.png'><iframe src='a.html'></iframe>"
    )
    opened, [page] = read_all(tmp_path / "a.html")
    assert opened.document.title == "Of cats" and page.section == "Cats"
    assert page.text.split()[:4] == ["Cats", "The", "cat", "sat"]
    colours = page.image.getcolors(2**24) or []
    assert all(max(colour) - min(colour) < 30 for _, colour in colours), "a picture was loaded"


def test_markdown_has_tables_and_titles_and_shows_html_as_text(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "# Of cats\n\nThey *sit*.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<script>x</script>\n"
    )
    _, [page] = read_all(tmp_path / "a.md")
    words = page.text.split()
    assert page.section == "Of cats" and words[:4] == ["Of", "cats", "They", "sit."]
    assert "<script>x</script>" in words


def test_a_drawing_is_a_page(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100">'
        '<rect width="200" height="100" fill="red"/><image href="/etc/hostname"/></svg>'
    )
    opened, [page] = read_all(tmp_path / "a.svg")
    pixel = page.image.getpixel((50, 30))
    assert opened.document.kind == "svg"
    assert isinstance(pixel, tuple) and pixel[0] > 220 and pixel[1] < 50


def test_code_is_cut_between_functions_and_knows_its_lines(tmp_path: Path) -> None:
    body = "\n".join(f"    x = {i}" for i in range(25))
    (tmp_path / "a.py").write_text("\n\n".join(f"def f{n}():\n{body}\n" for n in range(4)))
    path = tmp_path / "a.py"
    with open_pages(path, PixelBudget(1_500_000, 3_136, 28)) as opened:
        pages = list(opened)
    assert opened.document.kind == "code"
    assert [page.section for page in pages] == ["lines 1-56", "lines 57-110"]
    assert pages[1].text.startswith("def f2():") and pages[1].words[0].text == "def"
    *inside, outside = ink_of(pages[0])
    assert all(inside) and outside == 0


def test_texts_are_found_by_name_and_empty_ones_are_nobodys_fault(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "b.txt").write_bytes(b"\x00\x01\x02 no text")
    (tmp_path / "c.conf").write_text("none of ours")
    found = find([tmp_path])
    assert [Path(source.paths[0]).name for source in found.documents] == ["a.txt"]
    assert [(Path(f.path).name, f.kind) for f in found.failures] == [("b.txt", Kind.UNSUPPORTED)]
    assert find([tmp_path / "__init__.py"]).failures[0].kind is Kind.EMPTY


def test_a_text_above_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("word " * 100)
    kind, reason = failure_of(tmp_path / "a.txt", max_text_bytes=99)
    assert kind is Kind.TOO_BIG and "more than 99 bytes: allow more with --limit" in reason


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\t"), max_size=260)))
def test_chunks_hold_every_line_that_says_something_once_in_order(lines: list[str]) -> None:
    found = chunks("\n".join(lines))
    assert all(len(chunk.rows) <= ROWS for chunk in found)
    said = [line for line in lines if line.strip()]
    kept = [line for chunk in found for line in chunk.text.split("\n") if line.strip()]
    assert kept == said
    for chunk in found:
        assert chunk.text == "\n".join(lines[chunk.first - 1 : chunk.last])


def test_a_line_longer_than_a_page_is_itself_cut() -> None:
    found = chunks("a" * (COLUMNS * ROWS + 5) + "\nnext")
    assert [(chunk.first, chunk.last, len(chunk.rows)) for chunk in found] == [
        (1, 1, ROWS),
        (1, 1, 1),
        (2, 2, 1),
    ]


def test_wide_letters_take_two_columns() -> None:
    assert [len(row) for row in broken_rows("日" * 120)] == [50, 50, 20]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Größe".encode(), "Größe"),
        ("Größe".encode("utf-16"), "Größe"),
        ("Größe".encode("cp1252"), "Größe"),
        (
            b"<meta charset='shift_jis'>" + "日本".encode("shift_jis"),
            "<meta charset='shift_jis'>日本",
        ),
        (b"<meta charset='zlib'>\xe9", "<meta charset='zlib'>é"),
        (b"\xef\xbb\xbfx", "x"),
    ],
)
def test_text_is_read_in_the_encoding_it_has(content: bytes, text: str) -> None:
    assert decoded(content) == text


def test_frames_of_a_gif_are_pages_and_a_bitmap_is_a_picture(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (112, 84), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    frames[1].save(tmp_path / "a.bmp")
    _, pages = read_all(tmp_path / "a.gif")
    assert [page.image.getpixel((9, 9)) for page in pages] == [
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
    ]
    assert read_all(tmp_path / "a.bmp")[1][0].image.getpixel((9, 9)) == (0, 255, 0)


HEIF = """
import sys
from PIL import Image
import pillow_heif
pillow_heif.register_heif_opener()
Image.new("RGB", (196, 140), "red").save(sys.argv[1])
"""


def test_a_heif_picture_is_read_where_the_extra_is_installed(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    if importlib.util.find_spec("pillow_heif") is None:
        path.write_bytes(b"\0\0\0\x1cftypheic\0\0\0\0mif1heic" + bytes(100))
        kind, reason = failure_of(path)
        assert kind is Kind.MISSING and "pip install 'quire[heif]'" in reason
        pytest.skip("pillow-heif is not installed: only its absence is tested")
    subprocess.run([sys.executable, "-c", HEIF, str(path)], check=True)
    _, [page] = read_all(path)
    pixel = page.image.getpixel((90, 60))
    assert isinstance(pixel, tuple) and pixel[0] > 240 and pixel[1] < 20
