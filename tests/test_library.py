"""What a user of `Library` may count on."""

import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.errors import (
    EmptyLibrary,
    EngineError,
    LibraryBusy,
    NotALibrary,
    SearchError,
    WrongLibrary,
)
from quire.engine.search.scope import Where
from quire.engine.store.lock import writing
from quire.engine.store.rows import Rows
from quire.ingest.document import Document
from quire.ingest.errors import IngestError
from quire.ingest.failure import Failure, Kind, ReadFailed


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    write_pdf(folder / "cats.pdf", "the cat sat on a mat", "dogs bark at night")
    write_pdf(folder / "ships.pdf", "a ferry sails at noon", "", "revenue of the ferry line")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.open(tmp_path / "library", StandIn(), create=True)


def names(documents: list[Document]) -> list[str]:
    return [Path(document.paths[0]).name for document in documents]


def test_adding_twice_is_adding_once(library: Library, docs: Path) -> None:
    report = library.add(docs)
    assert names(report.added) == ["cats.pdf", "ships.pdf"] and report.pages == 5
    assert not report.failures and report.seconds > 0
    version = library._tables.documents.version
    again = library.add(docs)
    assert not again.added and names(again.skipped) == ["cats.pdf", "ships.pdf"]
    assert again.pages == 0 and library._tables.documents.version == version
    assert len(library) == 5 and library.check() == []
    assert repr(library).endswith("2 documents, 5 pages)")


def test_a_library_opened_again_holds_and_finds_the_same(library: Library, docs: Path) -> None:
    library.add(docs)
    again = Library.open(library.path, StandIn())
    assert again.documents() == library.documents()
    assert list(again.search("cat")) == list(library.search("cat"))


def test_files_that_cannot_be_read_are_reported_and_the_others_added(
    library: Library, docs: Path
) -> None:
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (docs / "empty.pdf").write_bytes(b"")
    report = library.add(docs)
    assert {Path(f.path).name: f.kind for f in report.failures} == {
        "broken.pdf": Kind.DAMAGED,
        "empty.pdf": Kind.EMPTY,
    }
    assert len(report.added) == 2 and library.check() == []


def test_on_error_raise_stops_at_the_first_and_keeps_what_was_finished(
    library: Library, docs: Path
) -> None:
    (docs / "d-broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    with pytest.raises(ReadFailed, match="d-broken"):
        library.add(docs, on_error="raise")
    assert names(library.documents()) == ["cats.pdf"] and library.check() == []
    with pytest.raises(EngineError, match="on_error='ignore': choose 'report' or 'raise'"):
        library.add(docs, on_error="ignore")  # type: ignore[arg-type]


def test_the_same_bytes_at_another_path_are_one_document(library: Library, docs: Path) -> None:
    library.add(docs)
    encoder = library.encoder
    assert isinstance(encoder, StandIn)
    before = encoder.calls
    shutil.copy(docs / "cats.pdf", docs / "copy.pdf")
    report = library.add(docs / "copy.pdf")
    assert encoder.calls == before and not report.added
    [cats] = [d for d in library.documents() if len(d.paths) == 2]
    assert [Path(path).name for path in cats.paths] == ["cats.pdf", "copy.pdf"]
    assert library.delete(docs / "copy.pdf") == []
    assert names(library.documents()) == ["cats.pdf", "ships.pdf"]
    assert names(library.delete(docs / "cats.pdf")) == ["cats.pdf"]


def test_a_path_with_other_bytes_takes_its_old_document_out(library: Library, docs: Path) -> None:
    library.add(docs)
    write_pdf(docs / "cats.pdf", "lions roar")
    report = library.add(docs)
    assert names(report.added) == names(report.replaced) == ["cats.pdf"]
    assert len(library.search("cat", mode="text")) == 0
    assert library.search("lions", mode="text")[0].page == 1
    assert library.check() == [] and len(library) == 4


def test_metadata_goes_to_documents_and_can_be_filtered_by(library: Library, docs: Path) -> None:
    library.add(docs / "cats.pdf", metadata={"year": 2020, "kind of": "animal"})
    library.add(docs / "ships.pdf", metadata={"year": 2021, "open": True})
    where: Where
    for where in ({"year": 2020}, "year = 2020", "year < 2021", "`kind of` LIKE 'ani%'"):
        assert {hit.name for hit in library.search("cat", where=where)} == {"cats.pdf"}, where
    for where in ({"year": [2019, 2021]}, "open", "name = 'ships.pdf' AND page > 1"):
        assert {hit.name for hit in library.search("cat", where=where)} == {"ships.pdf"}, where
    hits = library.search("ferry", where={"name": "ships.pdf", "page": 3}, k=5)
    assert [(hit.page, hit.metadata) for hit in hits] == [(3, {"year": 2021, "open": True})]
    library.add(docs / "cats.pdf", metadata={"year": 2022})
    [cats] = [d for d in library.documents() if d.title == "cats"]
    assert library.metadata(cats) == {"year": 2022, "kind of": "animal"}
    assert len(library.search("cat", where="year = 2022")) == 2


def test_metadata_of_several_types_is_compared_as_text(library: Library, docs: Path) -> None:
    library.add(docs / "cats.pdf", metadata={"year": 2020})
    library.add(docs / "ships.pdf", metadata={"year": "2021"})
    assert {hit.name for hit in library.search("cat", where="year = '2020'")} == {"cats.pdf"}


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"page": 1}, "metadata key 'page' is a column of its own"),
        ({"tags": ["a"]}, r"metadata tags=\['a'\] is a list: use a string"),
        ({"": 1}, "metadata key '': use a string that is not empty"),
    ],
)
def test_metadata_that_cannot_be_stored_is_refused(
    library: Library, docs: Path, metadata: dict[str, Any], told: str
) -> None:
    with pytest.raises(SearchError, match=told):
        library.add(docs, metadata=metadata)
    assert len(library) == 0


def test_a_wrong_path_names_itself(library: Library, docs: Path) -> None:
    with pytest.raises(IngestError, match=r"cat\.pdf"):
        library.add(docs / "cat.pdf")
    with pytest.raises(EngineError, match=r"no document '.*cat.pdf' in the library"):
        library.delete(docs / "cat.pdf")


class Ctrl(StandIn):
    """Presses Ctrl-C on a page that holds the word."""

    def _one(self, item: Any) -> Any:
        if any(word.text == "revenue" for word in getattr(item, "words", ())):
            raise KeyboardInterrupt
        return super()._one(item)


def test_an_interrupted_run_leaves_finished_documents_and_nothing_else(
    tmp_path: Path, docs: Path
) -> None:
    library = Library.open(tmp_path / "library", Ctrl(), create=True)
    with pytest.raises(KeyboardInterrupt):
        library.add(docs)
    assert names(library.documents()) == ["cats.pdf"] and library.check() == []
    resumed = Library.open(tmp_path / "library", StandIn()).add(docs)
    assert names(resumed.added) == ["ships.pdf"] and library.check() == []


class Told:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def start(self, total: int) -> None:
        self.events.append(("start", total))

    def page(self, document: Document, number: int) -> None:
        self.events.append((document.title, number))

    def failed(self, failure: Failure) -> None:
        self.events.append(("failed", failure.kind))

    def stop(self) -> bool:
        return False

    def done(self) -> None:
        self.events.append("done")


def test_progress_is_told_every_page_and_failure(library: Library, docs: Path) -> None:
    (docs / "empty.pdf").write_bytes(b"")
    told = Told()
    library.add(docs, progress=told)
    pages = [("cats", 1), ("cats", 2), ("ships", 1), ("ships", 2), ("ships", 3)]
    assert told.events == [("start", 3), ("failed", Kind.EMPTY), *pages, "done"]


def test_the_library_of_another_encoder_is_refused(library: Library) -> None:
    with pytest.raises(WrongLibrary, match=r"holds vectors of stand-in .*another \(.*open it"):
        Library.open(library.path, StandIn("another"))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda p: None, "no library at .*: index documents into it first"),
        (lambda p: p.write_text("x"), "is a file, and a library is a folder"),
        (lambda p: p.mkdir(), "is a folder, but no library"),
        (lambda p: (p / "tables").mkdir(parents=True), "a library that was never finished"),
    ],
)
def test_what_is_no_library_says_why(
    tmp_path: Path, make: Callable[[Path], object], told: str
) -> None:
    make(tmp_path / "it")
    with pytest.raises(NotALibrary, match=told):
        Library.open(tmp_path / "it", StandIn())


def test_a_half_made_library_is_made_anew_and_a_used_folder_is_not(tmp_path: Path) -> None:
    (tmp_path / "half" / "tables" / "documents.lance").mkdir(parents=True)
    (tmp_path / "half" / "manifest.json.new").write_text("{")
    assert len(Library.open(tmp_path / "half", StandIn(), create=True)) == 0
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").write_bytes(b"x")
    with pytest.raises(NotALibrary, match=r"other things in it \('me.jpg', ...\)"):
        Library.open(tmp_path / "photos", StandIn(), create=True)
    assert os.listdir(tmp_path / "photos") == ["me.jpg"]


def test_nobody_adds_while_another_does_but_searching_goes_on(library: Library, docs: Path) -> None:
    library.add(docs)
    with writing(library._layout):
        with pytest.raises(LibraryBusy, match="wait until it is done"):
            library.add(docs)
        assert library.search("cat")[0].name == "cats.pdf"


def test_an_open_library_sees_what_another_adds_and_deletes(library: Library, docs: Path) -> None:
    reader = Library.open(library.path, StandIn())
    with pytest.raises(EmptyLibrary, match="holds no page yet: add documents"):
        reader.search("cat")
    library.add(docs / "cats.pdf")
    assert {hit.name for hit in reader.search("ferry")} == {"cats.pdf"}
    library.add(docs)
    assert reader.search("ferry")[0].name == "ships.pdf"
    library.delete(docs / "cats.pdf")
    assert {hit.name for hit in reader.search("cat")} == {"ships.pdf"}


def test_a_document_deleted_while_its_rows_are_read_is_not_found(
    library: Library, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add(docs)
    reader, read, calls = Library.open(library.path, StandIn()), Rows._read, []

    def late(self: Rows, *arguments: Any) -> int:
        calls.append(1)
        if len(calls) == 1:
            library.delete(docs / "cats.pdf")
        return read(self, *arguments)

    monkeypatch.setattr(Rows, "_read", late)
    assert {hit.name for hit in reader.search("cat", mode="visual")} == {"ships.pdf"}
    assert len(calls) == 2


def test_page_images_of_libraries_are_no_documents(library: Library, docs: Path) -> None:
    inside = Library.open(docs / "quire-library", StandIn(), create=True)
    assert len(inside.add(docs).added) == 2
    assert not inside.add(docs).added and len(library.add(docs).added) == 2


def test_many_threads_search_while_one_adds(library: Library, docs: Path) -> None:
    library.add(docs / "cats.pdf")
    found: list[str] = []

    def look() -> None:
        found.extend(library.search("cat mat")[0].name for _ in range(10))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    library.add(docs)
    for thread in threads:
        thread.join()
    assert found == ["cats.pdf"] * 40


def test_a_long_document_is_written_in_several_fragments(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quire.engine.store.writing.FRAGMENT_PAGES", 4)
    library.add(write_pdf(tmp_path / "long.pdf", *(f"chapter number{i}" for i in range(11))))
    assert library.check() == []
    assert [library.search(f"number{i}")[0].page for i in range(11)] == list(range(1, 12))


def test_importing_the_engine_is_light_and_its_names_are_there() -> None:
    import subprocess

    code = (
        "import sys, quire.engine; assert 'Library' in dir(quire.engine);"
        "heavy = {'torch', 'lancedb', 'transformers', 'pymupdf', 'numpy'} & set(sys.modules);"
        "assert not heavy, heavy; from quire.engine import Library;"
        "assert not {'torch', 'transformers', 'pymupdf'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
        from quire.engine import Nothing  # noqa: F401


def test_the_log_tells_when_old_pages_go(
    library: Library, docs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    library.add(docs)
    write_pdf(docs / "cats.pdf", "lions roar")
    with caplog.at_level(logging.INFO, logger="quire.engine.store.adding"):
        library.add(docs)
    assert "cats.pdf holds other bytes now: its old pages go" in caplog.text
