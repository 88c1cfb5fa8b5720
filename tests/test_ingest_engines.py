"""Two libraries that draw PDFs, behind one interface: what both promise, and who steps in."""

from pathlib import Path

import pymupdf
import pypdfium2
import pytest
from ingest_files import SMALL, ink_of, make_pdf, make_slow_pdf

from quire.ingest import IngestError, Kind, Limits, Page, ReadFailed, engine_version, open_pages
from quire.ingest.options import Engine, Reading

ENGINES: list[Engine] = ["pymupdf", "pypdfium2"]
WORDS = ["first", "words", "stand", "here"]


def pages_of(path: Path, engine: Engine = "auto", **how: object) -> list[Page]:
    with open_pages(path, SMALL, how=Reading(engine=engine, **how)) as pages:  # type: ignore[arg-type]
        return list(pages)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_words_stand_where_the_ink_is(tmp_path: Path, engine: Engine, rotation: int) -> None:
    path = make_pdf(tmp_path / "a.pdf", texts=(" ".join(WORDS),), outline=[[1, "One", 1]])
    with pymupdf.open(path) as file:
        file[0].set_rotation(rotation)
        file.saveIncr()
    [page] = pages_of(path, engine)
    assert page.text.split() == [word.text for word in page.words] == WORDS
    *inside, outside = ink_of(page)
    assert all(inside) and outside == 0
    assert (page.rotation, page.section) == (rotation, "One")
    assert page.engine == engine_version(engine)
    upright = (400, 300) if rotation % 180 == 0 else (300, 400)
    assert (page.width, page.height) == upright


@pytest.mark.parametrize("engine", ENGINES)
def test_both_draw_the_same_size_and_nearly_the_same_picture(
    tmp_path: Path, engine: Engine
) -> None:
    path = make_pdf(tmp_path / "a.pdf", texts=("one", "two"))
    sizes = [page.image.size for page in pages_of(path, engine)]
    assert sizes == [page.image.size for page in pages_of(path)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_locked_file_opens_with_one_of_the_passwords_given(
    tmp_path: Path, engine: Engine
) -> None:
    path = make_pdf(
        tmp_path / "a.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="sesame", owner_pw="o"
    )
    [page] = pages_of(path, engine, passwords=("wrong", "sesame"))
    assert page.text.strip() == "hello"
    for passwords, told in (((), "give it with --password"), (("x1y2z3",), "does not open it")):
        with pytest.raises(ReadFailed, match=told) as caught:
            pages_of(path, engine, passwords=passwords)
        assert caught.value.failure.kind is Kind.PASSWORD
        assert "x1y2z3" not in str(caught.value)


def test_passwords_are_never_shown() -> None:
    assert "sesame" not in repr(Reading(passwords=("sesame",)))


def test_an_unknown_engine_is_refused_with_the_choices() -> None:
    with pytest.raises(IngestError, match="engine='poppler': choose auto, pymupdf, pypdfium2"):
        Reading(engine="poppler")  # type: ignore[arg-type]


# Mended by PDFium, while MuPDF sees no page: the page tree is reached through a wrong type.
NO_PAGES_FOR_MUPDF = b"""%PDF-1.7
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 0>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>> endobj
trailer <</Root 1 0 R>>
%%EOF
"""


def test_what_the_first_library_sees_no_page_in_the_second_may_open(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(NO_PAGES_FOR_MUPDF)
    with pytest.raises(ReadFailed) as caught:
        pages_of(path, "pymupdf")
    assert caught.value.failure.kind is Kind.NO_PAGES
    with open_pages(path, SMALL) as pages:
        assert pages.document.engine == engine_version("pypdfium2")
        assert [page.number for page in pages] == [1]


def test_a_page_that_the_first_library_cannot_draw_in_time_is_given_to_the_second(
    tmp_path: Path,
) -> None:
    path = make_slow_pdf(tmp_path / "slow.pdf", quick_pages=1)
    limits = Limits(seconds_per_page=0.5)
    with open_pages(path, SMALL, limits) as pages:
        first = next(pages)
        assert first.engine == engine_version("pymupdf")
        try:
            second = next(pages)
        except ReadFailed as failed:  # the second is slow as well: then the first is blamed
            assert (failed.failure.kind, failed.failure.page) == (Kind.TIMED_OUT, 2)
        else:
            assert second.engine == engine_version("pypdfium2")
        assert list(pages) == []


def giant_page(width: str, height: str) -> bytes:
    box = f"/MediaBox[0 0 {width} {height}]".encode()
    return NO_PAGES_FOR_MUPDF.replace(b"/MediaBox[0 0 300 200]", box).replace(
        b"/Count 0", b"/Count 1"
    )


@pytest.mark.parametrize("engine", ["auto", *ENGINES])
@pytest.mark.parametrize(
    ("width", "height"),
    [
        ("612", "2147483648"),
        ("2147483648", "2147483648"),
        ("1e30", "1e30"),
        ("0", "0"),
        ("-5", "1e-9"),
    ],
)
def test_a_page_of_two_thousand_million_points_ends_typed(
    tmp_path: Path, engine: Engine, width: str, height: str
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(giant_page(width, height))
    try:
        for page in pages_of(path, engine):
            assert page.image.width * page.image.height <= SMALL.max_pixels
    except ReadFailed as failed:
        assert failed.failure.kind in (Kind.TOO_BIG, Kind.DAMAGED, Kind.NO_PAGES)


def test_a_file_tells_its_author_dates_outline_links_fields_and_notes(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", texts=("a", "b"), outline=[[1, "One", 1], [2, "In", 2]])
    with pymupdf.open(path) as file:
        file.set_metadata(
            {"title": "T", "author": "A. Writer", "creationDate": "D:20260105090000+01'00'"}
        )
        page = file[0]
        place = pymupdf.Rect(30, 100, 130, 120)
        page.insert_link({"kind": pymupdf.LINK_URI, "from": place, "uri": "https://example.org/a"})
        page.add_text_annot((200, 200), "look here")
        for name, value, flags in (("city", "Bremen", 0), ("secret", "hush", 1 << 13)):
            field = pymupdf.Widget()
            field.field_name, field.field_value, field.field_flags = name, value, flags
            field.field_type, field.rect = (
                pymupdf.PDF_WIDGET_TYPE_TEXT,
                pymupdf.Rect(30, 150, 90, 170),
            )
            page.add_widget(field)
        file.saveIncr()
    with open_pages(path, SMALL) as pages:
        info = pages.document.info
        first, second = pages
    assert info == {
        "author": "A. Writer",
        "created": "2026-01-05T09:00:00+01:00",
        "outline": [[1, "One", 1], [2, "In", 2]],
    }
    assert first.links == ("https://example.org/a",)
    assert first.fields == (("city", "Bremen"),)
    assert first.notes == ("look here",)
    assert (second.links, second.fields, second.notes) == ((), (), ())
    with open_pages(path, SMALL, how=Reading(engine="pypdfium2")) as pages:
        assert pages.document.info == info


def test_the_second_library_is_named_as_it_names_itself() -> None:
    versions = (pypdfium2.PYPDFIUM_INFO.version, pypdfium2.PDFIUM_INFO.build)
    assert engine_version("pypdfium2") == "pypdfium2 {} / pdfium {}".format(*versions)


def test_a_reading_process_has_no_network() -> None:
    import subprocess
    import sys

    script = (
        "import socket\nfrom quire.ingest.offline import forbid_network\n"
        "assert forbid_network(); socket.socketpair()\n"
        "for family in (socket.AF_INET, socket.AF_INET6):\n"
        "    try: socket.socket(family)\n"
        "    except PermissionError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    if "AssertionError" in done.stderr:
        pytest.skip("this system has no filter on system calls")
    assert done.stdout.split() == ["refused", "refused"], done.stderr
