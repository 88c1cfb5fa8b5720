"""Pages without a text layer: read off the picture where an engine is there, and said so."""

from pathlib import Path
from typing import get_args

import pymupdf
import pytest
from ingest_files import make_pdf
from PIL import Image
from standin import StandIn

from quire.engine import Library
from quire.ingest import (
    IngestError,
    Kind,
    Limits,
    Page,
    PixelBudget,
    ReadFailed,
    Reading,
    open_pages,
)
from quire.ingest.ocr import _installed, chosen, ocr_version
from quire.ingest.ocr_tesseract import table_lines
from quire.ingest.options import OcrEngine
from quire.ingest.pool import POOL

SHARP = PixelBudget(max_pixels=1_000_000, min_pixels=3_136, factor=28)
ENGINES = [name for name in get_args(OcrEngine) if name != "auto"]
HERE = [name for name in ENGINES if _installed(name)]


def engines() -> list[object]:
    return [
        pytest.param(
            name, marks=pytest.mark.skipif(name not in HERE, reason=f"{name} is not installed")
        )
        for name in ENGINES
    ]


def scan(path: Path, *texts: str) -> Path:
    """A PDF of pictures: what a scanner makes of pages with these texts."""
    texts_only = make_pdf(path.with_suffix(".text"), texts=texts)
    with pymupdf.open(texts_only) as source, pymupdf.open() as scanned:
        for page in source:
            picture = page.get_pixmap(dpi=200)
            place = scanned.new_page(width=page.rect.width, height=page.rect.height)
            place.insert_image(place.rect, pixmap=picture)
        scanned.save(path)
    return path


def read_all(path: Path, **how: object) -> list[Page]:
    with open_pages(path, SHARP, how=Reading(**how)) as pages:  # type: ignore[arg-type]
        return list(pages)


@pytest.mark.parametrize("engine", engines())
def test_a_scanned_page_gets_text_and_boxes_and_says_who_read_it(
    tmp_path: Path, engine: OcrEngine
) -> None:
    path = scan(tmp_path / "a.pdf", "harbour master", "second page")
    first, second = read_all(path, ocr_engine=engine)
    assert first.text.split() == ["harbour", "master"] and second.text.split() == ["second", "page"]
    assert first.ocr == second.ocr == ocr_version(engine)
    x0, y0, x1, y1 = first.words[0].box
    assert (x0, y0) == pytest.approx((30 / 400, 42 / 300), abs=0.03)
    assert first.words[1].box[0] > x1 > x0 and y1 == pytest.approx(62 / 300, abs=0.03)


@pytest.mark.parametrize("engine", engines())
def test_pictures_are_read_too_and_empty_ones_have_no_text(
    tmp_path: Path, engine: OcrEngine
) -> None:
    page = read_all(make_pdf(tmp_path / "a.pdf", texts=("on a poster",)), ocr="never")[0]
    page.image.save(tmp_path / "a.png")
    Image.new("RGB", (400, 300), "white").save(tmp_path / "b.png")
    assert read_all(tmp_path / "a.png", ocr_engine=engine)[0].text.split() == ["on", "a", "poster"]
    blank = read_all(tmp_path / "b.png", ocr_engine=engine)[0]
    assert (blank.text, blank.ocr) == ("", "")
    shaded = Image.linear_gradient("L").resize((400, 300)).convert("RGB")
    shaded.save(tmp_path / "c.png")
    assert read_all(tmp_path / "c.png", ocr_engine=engine)[0].text == ""


@pytest.mark.parametrize("engine", engines())
def test_a_text_layer_stays_unless_told_otherwise(tmp_path: Path, engine: OcrEngine) -> None:
    path = make_pdf(tmp_path / "a.pdf", texts=("printed",))
    [page] = read_all(path, ocr_engine=engine)
    assert (page.text.strip(), page.ocr) == ("printed", "")
    [page] = read_all(path, ocr="always", ocr_engine=engine)
    assert (page.text, page.ocr) == ("printed", ocr_version(engine))
    [page] = read_all(scan(tmp_path / "b.pdf", "scanned"), ocr="never")
    assert (page.text, page.words, page.ocr) == ("", (), "")


@pytest.mark.parametrize("engine", engines())
def test_one_process_keeps_its_engine_for_the_next_file(tmp_path: Path, engine: OcrEngine) -> None:
    paths = [scan(tmp_path / f"{i}.pdf", f"page {i}") for i in range(3)]
    POOL.close()
    processes = set()
    for path in paths:
        with open_pages(path, SHARP, how=Reading(ocr_engine=engine)) as pages:
            child = pages._feeds[0]._child
            assert child is not None and len(list(pages)) == 1
            processes.add(child._process.pid)
    assert len(processes) == 1


@pytest.mark.parametrize("engine", engines())
def test_ocr_that_takes_too_long_costs_the_text_and_not_the_page(
    tmp_path: Path, engine: OcrEngine
) -> None:
    POOL.close()  # so that the engine has to be loaded, which takes its time
    limits = Limits(seconds_per_page=0.2, seconds_per_ocr=0.001, seconds_per_document=0.1)
    path = scan(tmp_path / "a.pdf", *["a page with some words to read"] * 2)
    with open_pages(path, SHARP, limits, how=Reading(ocr_engine=engine)) as pages:
        try:
            page = next(pages)
        except ReadFailed as failed:  # then the machine was too busy for the page itself
            assert failed.failure.kind is Kind.TIMED_OUT
        else:
            assert (page.number, page.ocr) == (1, "") and page.image.width > 100


def test_no_engine_is_fine_unless_one_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quire.ingest.ocr._installed", lambda engine: False)
    assert chosen(Reading()) == chosen(Reading(ocr="never", ocr_engine="rapidocr")) == ""
    for how in (Reading(ocr="always"), Reading(ocr_engine="rapidocr")):
        with pytest.raises(IngestError, match=r"pip install 'quire\[ocr\]'"):
            chosen(how)
    with pytest.raises(IngestError, match="apt-get install tesseract-ocr"):
        chosen(Reading(ocr="always"))


def test_the_table_of_tesseract_is_read_line_by_line() -> None:
    rows = [
        "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext",
        "1\t1\t0\t0\t0\t0\t0\t0\t200\t100\t-1\t",
        "5\t1\t1\t1\t1\t1\t20\t10\t40\t10\t96\tone",
        "5\t1\t1\t1\t1\t2\t70\t10\t40\t10\t96\ttwo",
        "5\t1\t1\t1\t2\t1\t20\t30\t40\t90\t96\tthree",
        "5\t1\t1\t1\t2\t2\t20\t30\t40\t10\t95\t ",
    ]
    assert table_lines("\n".join(rows), 200, 100) == [
        [(0.1, 0.1, 0.3, 0.2, "one"), (0.35, 0.1, 0.55, 0.2, "two")],
        [(0.1, 0.3, 0.3, 1.0, "three")],
    ]


@pytest.mark.parametrize("engine", engines())
def test_a_hit_says_when_its_text_was_read_off(tmp_path: Path, engine: OcrEngine) -> None:
    library = Library.open(tmp_path / "library", StandIn(), create=True)
    scan(tmp_path / "a.pdf", "harbour master")
    library.add(tmp_path / "a.pdf", how=Reading(ocr_engine=engine))
    [hit] = library.search("harbour", mode="text")
    assert hit.ocr == ocr_version(engine) and hit.stored().words[0].text == "harbour"
