"""What cannot be read is told, remembered, and tried again when there is reason to."""

from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest
from ingest_files import make_pdf
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.errors import WrongLibrary
from quire.ingest import Kind, Limits, ReadFailed, Reading, engine_version
from quire.ingest.read import OpenDocument


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    write_pdf(folder / "cats.pdf", "the cat sat on a mat", "dogs bark at night", "owls hoot")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.open(tmp_path / "library", StandIn(), create=True)


def strip_page(path: Path, number: int) -> None:
    """Make one page 300 times as long as wide, which no encoder can look at."""
    with pymupdf.open(path) as file:
        page = file[number - 1]
        file.xref_set_key(page.xref, "MediaBox", "[0 0 10 3000]")
        file.save(path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many files were opened since it was last called."""
    opened: list[str] = []
    begin = OpenDocument.__init__

    def counted(self: OpenDocument, *arguments: object) -> None:
        opened.append("")
        begin(self, *arguments)  # type: ignore[arg-type]

    def count() -> int:
        number = len(opened)
        opened.clear()
        return number

    monkeypatch.setattr(OpenDocument, "__init__", counted)
    return count


def test_one_bad_page_costs_that_page_and_not_the_document(library: Library, docs: Path) -> None:
    strip_page(docs / "cats.pdf", 2)
    report = library.add(docs)
    assert len(report.added) == 1 and report.pages == len(library) == 2
    [failure] = report.failures
    assert (failure.page, failure.kind) == (2, Kind.TOO_BIG)
    assert library.failures() == [failure] and library.check() == []
    assert [hit.page for hit in library.search("owls", mode="text")] == [3]
    again = library.add(docs)
    assert not again.failures and len(again.skipped) == 1


def test_on_error_raise_takes_no_document_with_a_gap(library: Library, docs: Path) -> None:
    strip_page(docs / "cats.pdf", 2)
    with pytest.raises(ReadFailed, match=r"cats\.pdf, page 2: too big"):
        library.add(docs, on_error="raise")
    assert len(library) == 0 and library.check() == []


def test_a_document_of_bad_pages_only_is_none(library: Library, docs: Path) -> None:
    for number in (1, 2, 3):
        strip_page(docs / "cats.pdf", number)
    [failure] = library.add(docs).failures
    assert (failure.page, failure.kind) == (None, Kind.TOO_BIG)
    assert failure.reason.startswith("none of 3 pages: the first a page of 10 x 3000")
    assert library.documents() == []


def test_what_failed_is_not_read_again_until_something_changes(
    library: Library, docs: Path, readings: Callable[[], int]
) -> None:
    locked = {"encryption": pymupdf.PDF_ENCRYPT_AES_256, "user_pw": "sesame", "owner_pw": "o"}
    make_pdf(docs / "locked.pdf", **locked)
    [failure] = library.add(docs).failures
    assert failure.kind is Kind.PASSWORD and readings() == 2
    assert library.add(docs).failures == [failure] and readings() == 0
    assert library.add(docs, retry=True).failures == [failure] and readings() == 1
    assert library.add(docs, limits=Limits(max_pages=7)).failures == [failure]
    assert readings() == 1
    report = library.add(docs, how=Reading(passwords=("sesame",)))
    assert not report.failures and readings() == 1
    assert library.failures() == [] and len(library) == 4


def test_a_document_that_lacks_pages_is_read_again_with_retry(
    library: Library, docs: Path, readings: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    strip_page(docs / "cats.pdf", 2)
    library.add(docs, metadata={"year": 2020})
    readings()
    report = library.add(docs, retry=True)
    assert readings() == 1 and len(report.failures) == 1 and len(library) == 2
    assert library.metadata(library.documents()[0]) == {"year": 2020}
    assert library.check() == []


def test_a_second_try_that_reads_no_more_leaves_what_is_there(library: Library, docs: Path) -> None:
    strip_page(docs / "cats.pdf", 2)
    [document] = library.add(docs).added
    for worse in (Limits(max_pages=1), None):
        report = library.add(docs, retry=True, limits=worse)
        assert len(report.failures) == 1 and not report.added
        assert library.documents() == [document] and len(library) == 2
    assert library.check() == []


def test_a_failure_goes_with_its_file(library: Library, docs: Path) -> None:
    (docs / "cats.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    library.add(docs)
    assert [failure.kind for failure in library.failures()] == [Kind.DAMAGED]
    write_pdf(docs / "cats.pdf", "mended")
    strip = write_pdf(docs / "dogs.pdf", "one", "two")
    strip_page(strip, 1)
    library.add(docs)
    assert [(Path(f.path).name, f.page) for f in library.failures()] == [("dogs.pdf", 1)]
    library.delete(strip)
    assert library.failures() == []


def test_a_library_keeps_to_the_engine_it_was_made_with(tmp_path: Path, docs: Path) -> None:
    path = tmp_path / "other"
    library = Library.open(path, StandIn(), create=True, engine="pypdfium2")
    library.add(docs)
    [document] = library.documents()
    assert document.engine == engine_version("pypdfium2")
    assert library.manifest.encoder["renderer"] == engine_version("pypdfium2")
    assert library.search("owls")[0].stored().engine == engine_version("pypdfium2")
    assert Library.open(path, StandIn()).search("owls")[0].page == 3
    with pytest.raises(WrongLibrary, match="engine='pypdfium2', not 'auto'"):
        library.add(docs, how=Reading())
    usual = Library.open(tmp_path / "usual", StandIn(), create=True)
    assert usual.manifest.fingerprint == StandIn().fingerprint != library.manifest.fingerprint


def test_what_a_file_says_about_itself_is_kept(library: Library, tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", outline=[[1, "One", 1]])
    with pymupdf.open(path) as file:
        file.set_metadata({"author": "A. Writer", "title": "Of Cats"})
        file[0].add_text_annot((200, 200), "look here")
        file.saveIncr()
    library.add(path)
    [document] = Library.open(library.path, StandIn()).documents()
    assert document.title == "Of Cats"
    assert document.info == {"author": "A. Writer", "outline": [[1, "One", 1]]}
    assert library.search("hello")[0].stored().notes == ("look here",)
