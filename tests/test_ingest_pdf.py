"""What a page of a PDF looks like when it arrives: picture, words, text, section."""

import os
import sys
from pathlib import Path

import pymupdf
import pytest
from ingest_files import SMALL, ink_of, make_pdf

from quire.ingest import IngestError, Kind, Limits, ReadFailed, Word, find, open_pages, read
from quire.ingest.budget import fill


def test_a_page_brings_its_words_text_size_and_number(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", texts=("first page", "second"))
    with open_pages(path, SMALL) as pages:
        first, second = pages
    assert [word.text for word in first.words] == ["first", "page"]
    assert (first.text.strip(), second.text.strip()) == ("first page", "second")
    assert (first.number, second.number) == (1, 2)
    assert (first.width, first.height, first.rotation) == (400, 300, 0)
    assert first.document == pages.document.id


def test_the_document_is_told_without_its_pages(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "name of file.pdf", texts=("a", "b", "c"))
    with open_pages(path, SMALL) as pages:
        document = pages.document
    assert (document.pages, document.kind, document.title) == (3, "pdf", "name of file")
    assert document.paths == (str(path),)
    assert document.size == path.stat().st_size


def test_a_page_is_drawn_at_the_size_that_the_budget_says(tmp_path: Path) -> None:
    for size in ((400, 300), (72, 720), (5000, 4000)):
        with open_pages(make_pdf(tmp_path / "a.pdf", size=size), SMALL) as pages:
            [page] = pages
        assert page.image.mode == "RGB"
        assert page.image.size == fill(*size, SMALL)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_frame_the_words_of_rotated_and_cropped_pages(tmp_path: Path, rotation: int) -> None:
    with pymupdf.open() as file:
        page = file.new_page(width=500, height=300)
        page.insert_text((120, 90), "upper left", fontsize=20)
        page.insert_text((300, 230), "low", fontsize=40)
        page.insert_text((5, 20), "cropped away", fontsize=12)
        page.set_cropbox(pymupdf.Rect(100, 50, 480, 280))
        page.set_rotation(rotation)
        file.save(tmp_path / "a.pdf")
    with open_pages(tmp_path / "a.pdf", SMALL) as pages:
        [seen] = pages
    assert [word.text for word in seen.words] == ["upper", "left", "low"]
    turned = rotation in (90, 270)
    assert (seen.width, seen.height) == ((230, 380) if turned else (380, 230))
    assert seen.rotation == rotation
    *inside, outside = ink_of(seen)
    assert min(inside) > 20
    assert outside == 0


def test_a_word_stands_where_the_file_puts_it(tmp_path: Path) -> None:
    with open_pages(make_pdf(tmp_path / "a.pdf"), SMALL) as pages:
        [page] = pages
    [word] = page.words
    assert isinstance(word, Word)
    x0, y0, _, y1 = word.box
    assert x0 == pytest.approx(30 / 400, abs=0.005)
    assert y0 < 60 / 300 < y1  # the line of writing lies 60 points below the top


def test_ligatures_are_spelt_out_so_that_they_are_found(tmp_path: Path) -> None:
    with pymupdf.open() as file:
        file.new_page().insert_htmlbox((50, 50, 400, 200), "of\ufb01ce")
        file.save(tmp_path / "a.pdf")
    with open_pages(tmp_path / "a.pdf", SMALL) as pages:
        assert [word.text for page in pages for word in page.words] == ["office"]


def test_pages_know_their_section_of_the_outline(tmp_path: Path) -> None:
    outline = [[1, "Intro", 1], [1, "Use", 2], [2, "Daily", 3]]
    path = make_pdf(tmp_path / "a.pdf", texts=("a", "b", "c"), outline=outline)
    with open_pages(path, SMALL) as pages:
        assert [page.section for page in pages] == ["Intro", "Use", "Use > Daily"]


def test_several_readers_give_the_same_pages_in_the_same_order(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", texts=tuple(f"page {n}" for n in range(1, 12)))
    [source] = find([path]).documents
    with read(source, SMALL) as alone, read(source, SMALL, workers=3) as together:
        assert list(alone) == list(together)


def test_a_file_with_a_password_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    path = make_pdf(
        tmp_path / "a.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="u", owner_pw="o"
    )
    with pytest.raises(ReadFailed, match="give it with --password or QUIRE_PASSWORD") as caught:
        open_pages(path, SMALL)
    assert caught.value.failure.kind is Kind.PASSWORD


def test_an_owner_password_alone_locks_nobody_out(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="o")
    with open_pages(path, SMALL) as pages:
        assert len(list(pages)) == 1


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n" + b"\0junk" * 500, Kind.DAMAGED),
        (b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]"
         b"/Count 0>>endobj\ntrailer<</Root 1 0 R>>", Kind.NO_PAGES),
        (b"", Kind.EMPTY),
        (b"just text", Kind.UNSUPPORTED),
    ],
)  # fmt: skip
def test_bad_files_fail_with_their_kind(tmp_path: Path, content: bytes, kind: Kind) -> None:
    (tmp_path / "a.pdf").write_bytes(content)
    with pytest.raises(ReadFailed) as caught:
        open_pages(tmp_path / "a.pdf", SMALL)
    assert caught.value.failure.kind is kind


def test_a_page_of_two_thousand_million_points_costs_nothing(tmp_path: Path) -> None:
    body = (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R"
        b" 4 0 R]/Count 2>>endobj 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 2147483648]>>"
        b"endobj 4 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 2e9 2e9]>>endobj\n"
        b"trailer<</Root 1 0 R>>"
    )
    (tmp_path / "a.pdf").write_bytes(body)
    with open_pages(tmp_path / "a.pdf", SMALL, Limits(memory=64 * 2**20)) as pages:
        with pytest.raises(ReadFailed, match="times as long as wide") as caught:
            next(pages)
        assert (caught.value.failure.kind, caught.value.failure.page) == (Kind.TOO_BIG, 1)
        page = next(pages)
    assert page.image.width * page.image.height <= SMALL.max_pixels


def test_too_many_pages_or_bytes_are_refused(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", texts=("a", "b"))
    for limits in (Limits(max_pages=1), Limits(max_bytes=100)):
        with pytest.raises(ReadFailed, match="the limit is") as caught:
            open_pages(path, SMALL, limits)
        assert caught.value.failure.kind is Kind.TOO_BIG


def test_a_file_that_changes_or_vanishes_after_it_was_found_is_refused(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf")
    [source] = find([path]).documents
    make_pdf(path, texts=("other",))
    with pytest.raises(ReadFailed, match="changed after it was found"):
        read(source, SMALL)
    path.unlink()
    with pytest.raises(ReadFailed, match="check that it exists") as caught:
        read(source, SMALL)
    assert caught.value.failure.kind is Kind.UNREADABLE


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_valid_text_is_read_all_the_same(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf").rename(tmp_path / os.fsdecode(b"caf\xe9.pdf"))
    with open_pages(path, SMALL) as pages:
        assert len(list(pages)) == 1
    assert pages.document.paths == (str(path),)
    assert pages.document.title == "caf\ufffd"


def test_a_copy_stands_in_for_a_path_that_vanished(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf")
    (tmp_path / "b.pdf").write_bytes(path.read_bytes())
    [source] = find([tmp_path]).documents
    path.unlink()
    with read(source, SMALL) as pages:
        assert len(list(pages)) == 1


def test_a_folder_is_no_file_and_no_process_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="is a folder"):
        open_pages(tmp_path, SMALL)
    [source] = find([make_pdf(tmp_path / "a.pdf")]).documents
    with pytest.raises(IngestError, match="workers=0"):
        read(source, SMALL, workers=0)
    with pytest.raises(IngestError, match="seconds_per_page=0: a limit must be above zero"):
        Limits(seconds_per_page=0)
