"""A library matches a folder: new files come, gone ones go, moved ones are not read again."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.errors import EngineError, NoFolder
from quire.engine.store.contents import Entry
from quire.engine.store.syncing import holds, paths_to_be
from quire.ingest import Document, seen
from quire.ingest.failure import Kind


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    write_pdf(folder / "cats.pdf", "the cat sat on a mat", "dogs bark at night")
    write_pdf(folder / "sub" / "ships.pdf", "a ferry sails at noon")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.open(tmp_path / "library", StandIn(), create=True)


def calls(library: Library) -> int:
    encoder = library.encoder
    assert isinstance(encoder, StandIn)
    return encoder.calls


def shelf(library: Library, root: Path) -> dict[str, list[str]]:
    """Title -> paths from `root`, of every document."""
    return {
        document.title: [os.path.relpath(path, root) for path in document.paths]
        for document in library.documents()
    }


def test_a_second_sync_does_nothing(library: Library, docs: Path) -> None:
    first = library.sync(docs)
    assert (len(first.added), first.pages) == (2, 3)
    version = library._tables.documents.version
    again = library.sync(docs)
    assert (again.added, again.moved, again.removed, len(again.skipped)) == ([], [], [], 2)
    assert library._tables.documents.version == version and library.check() == []


def test_a_removed_file_is_gone_from_search_at_once(library: Library, docs: Path) -> None:
    library.sync(docs)
    reader = Library.open(library.path, StandIn())
    assert reader.search("ferry", mode="text")[0].name == "ships.pdf"
    (docs / "sub" / "ships.pdf").unlink()
    report = library.sync(docs)
    assert [document.title for document in report.removed] == ["ships"]
    assert len(reader.search("ferry", mode="text")) == 0
    assert {hit.name for hit in reader.search("ferry", mode="visual")} == {"cats.pdf"}
    assert library.check() == []


def test_a_file_that_moved_is_known_by_its_bytes(library: Library, docs: Path) -> None:
    library.sync(docs)
    before = calls(library)
    (docs / "cats.pdf").rename(docs / "sub" / "felines.pdf")
    report = library.sync(docs)
    assert [document.paths for document in report.moved] == [(str(docs / "sub" / "felines.pdf"),)]
    assert (report.added, report.removed, calls(library)) == ([], [], before)
    assert library.search("cat")[0].name == "felines.pdf"


def test_two_files_that_change_names_are_not_read_again(library: Library, docs: Path) -> None:
    library.sync(docs)
    before = calls(library)
    (docs / "cats.pdf").rename(docs / "x")
    (docs / "sub" / "ships.pdf").rename(docs / "cats.pdf")
    (docs / "x").rename(docs / "sub" / "ships.pdf")
    report = library.sync(docs)
    assert len(report.moved) == 2 and calls(library) == before
    assert shelf(library, docs) == {"ships": ["cats.pdf"], "cats": ["sub/ships.pdf"]}


def test_a_path_with_other_bytes_gets_the_new_document(library: Library, docs: Path) -> None:
    library.sync(docs)
    write_pdf(docs / "cats.pdf", "lions roar")
    report = library.sync(docs)
    assert len(report.added) == len(report.replaced) == 1 and report.removed == []
    assert len(library.search("cat", mode="text")) == 0
    assert library.search("lions", mode="text")[0].name == "cats.pdf"


def test_a_file_that_broke_takes_its_old_document_out_once_that_is_known(
    library: Library, docs: Path
) -> None:
    library.sync(docs)
    (docs / "cats.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (docs / "sub" / "ships.pdf").write_bytes(b"")
    report = library.sync(docs)
    assert {failure.kind for failure in report.failures} == {Kind.DAMAGED, Kind.EMPTY}
    assert len(report.removed) == 2 and library.documents() == []
    (docs / "cats.pdf").unlink()
    assert library.sync(docs).failures and len(library.failures()) == 1
    (docs / "sub" / "ships.pdf").unlink()
    library.sync(docs)
    assert library.failures() == []


def test_equal_bytes_at_two_paths_are_kept_with_both(library: Library, docs: Path) -> None:
    shutil.copy(docs / "cats.pdf", docs / "sub" / "copy.pdf")
    library.sync(docs)
    assert shelf(library, docs)["cats"] == ["cats.pdf", "sub/copy.pdf"]
    (docs / "cats.pdf").unlink()
    report = library.sync(docs)
    assert report.removed == [] and shelf(library, docs)["cats"] == ["sub/copy.pdf"]


def test_documents_from_elsewhere_stay(library: Library, docs: Path, tmp_path: Path) -> None:
    (tmp_path / "docs2").mkdir()  # not below docs, though its name begins so
    write_pdf(tmp_path / "docs2" / "trees.pdf", "oak and elm")
    shutil.copy(docs / "cats.pdf", tmp_path / "docs2" / "cats.pdf")
    library.add([docs, tmp_path / "docs2"])
    shutil.rmtree(tmp_path / "docs2")
    (docs / "cats.pdf").unlink()
    report = library.sync(docs)
    assert report.removed == []
    assert shelf(library, tmp_path) == {
        "cats": ["docs2/cats.pdf"], "trees": ["docs2/trees.pdf"], "ships": ["docs/sub/ships.pdf"],
    }  # fmt: skip


def test_a_folder_below_can_be_matched_alone(library: Library, docs: Path) -> None:
    library.sync(docs)
    shutil.rmtree(docs / "sub")
    (docs / "sub").mkdir()
    (docs / "cats.pdf").unlink()
    assert [d.title for d in library.sync(docs / "sub").removed] == ["ships"]
    assert shelf(library, docs) == {"cats": ["cats.pdf"]}


def test_a_hidden_file_that_was_named_stays_while_it_is_there(library: Library, docs: Path) -> None:
    write_pdf(docs / ".draft.pdf", "not yet")
    library.add(docs / ".draft.pdf")
    library.sync(docs)
    assert ".draft" in shelf(library, docs)
    (docs / ".draft.pdf").unlink()
    assert [document.title for document in library.sync(docs).removed] == [".draft"]


def test_a_folder_that_is_not_there_is_no_empty_folder(library: Library, docs: Path) -> None:
    library.sync(docs)
    docs.rename(docs.with_name("away"))
    with pytest.raises(NoFolder, match=r"no folder .* to match.*nothing was removed"):
        library.sync(docs)
    assert len(library.documents()) == 2
    docs.mkdir()
    assert len(library.sync(docs).removed) == 2


def test_metadata_of_a_moved_document_stays(library: Library, docs: Path) -> None:
    library.sync(docs, metadata={"year": 2020})
    (docs / "cats.pdf").rename(docs / "felines.pdf")
    library.sync(docs)
    assert library.search("cat", where="year = 2020")[0].name == "felines.pdf"


def test_what_cannot_be_looked_at_is_not_taken_for_gone(tmp_path: Path) -> None:
    assert not holds(str(tmp_path / "none"), "x")
    assert not holds(str(tmp_path), "x")
    os.mkfifo(tmp_path / "pipe")
    assert not holds(str(tmp_path / "pipe"), "x")
    assert not holds(str(write_pdf(tmp_path / "a.pdf", "a") / "below"), "x")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert holds(str(loop), "x")  # for too many links; so it goes with missing permission


class Full(StandIn):
    """Has no room for a page that holds the word."""

    def _one(self, item: object) -> object:  # type: ignore[override]
        if any(word.text == "lions" for word in getattr(item, "words", ())):
            raise OSError(28, "No space left on device")
        return super()._one(item)  # type: ignore[arg-type]


def test_the_old_document_stays_until_its_successor_is_there(tmp_path: Path, docs: Path) -> None:
    library = Library.open(tmp_path / "library", Full(), create=True)
    library.sync(docs)
    write_pdf(docs / "cats.pdf", "lions roar")
    with pytest.raises(EngineError, match="is full: make room"):
        library.sync(docs)
    assert library.search("cat", mode="text")[0].name == "cats.pdf" and library.check() == []


class Twice:
    """Progress that asks for the end after so many documents."""

    def __init__(self, documents: int) -> None:
        self.asks = documents

    def start(self, total: int) -> None: ...
    def page(self, document: Document, number: int) -> None: ...
    def failed(self, failure: object) -> None: ...
    def done(self) -> None: ...

    def stop(self) -> bool:
        self.asks -= 1
        return self.asks < 0


def test_a_run_told_to_stop_says_how_much_is_left_and_removes_nothing_for_it(
    library: Library, docs: Path
) -> None:
    library.sync(docs)
    write_pdf(docs / "cats.pdf", "lions roar")
    write_pdf(docs / "dogs.pdf", "dogs bark")
    report = library.sync(docs, progress=Twice(0))
    assert (report.left, report.added, report.removed) == (2, [], [])
    assert len(library.search("cat", mode="text")) == 1
    report = library.sync(docs, progress=Twice(1))
    assert (report.left, len(report.added), len(report.replaced)) == (1, 1, 1)
    assert library.sync(docs).left == 0 and len(library.documents()) == 3


Files = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("wxyz"))


def entry(key: str, paths: list[str]) -> Entry:
    return Entry(Document(key, tuple(sorted(paths)), "pdf", 1, key, 1), {}, "")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(before=Files, after=Files)
def test_from_any_folder_to_any_other(before: dict[str, str], after: dict[str, str]) -> None:
    """Names and contents: afterwards every document that is still there has exactly its paths, and
    one that is not is gone, unless another that is to come lies where it was."""
    here = {content: [f"/d/{n}" for n, c in before.items() if c == content] for content in "wxyz"}
    entries = {key: entry(key, paths) for key, paths in here.items() if paths}
    held = {f"/d/{name}": content for name, content in after.items()}
    coming = set(held.values()) - entries.keys()
    nowhere: Callable[[str, str], bool] = lambda path, key: False  # noqa: E731
    changes = paths_to_be(entries, "/d", held, coming, nowhere)
    for key, known in entries.items():
        wanted = tuple(sorted(path for path, content in held.items() if content == key))
        paths = changes.get(key, known.document.paths)
        awaited = any(held.get(path) in coming for path in known.document.paths)
        assert paths == wanted or (not wanted and awaited and key not in changes)
        assert key not in changes or changes[key] != known.document.paths


def test_a_file_that_looks_as_before_is_not_read_again(
    docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "_TOO_NEW", -1.0)
    looks: list[str] = []

    def look(path: str, explicit: bool, most: int) -> tuple[str, str]:
        looks.append(Path(path).name)
        return f"id{len(looks)}", "pdf"

    monkeypatch.setattr(seen, "look", look)
    known = seen.Seen()
    cats, ships = str(docs / "cats.pdf"), str(docs / "sub" / "ships.pdf")
    assert [known.look(path, 10**9) for path in (cats, ships, cats)] == [
        ("id1", "pdf"), ("id2", "pdf"), ("id1", "pdf"),
    ]  # fmt: skip
    os.utime(cats, (2, 2))
    assert known.look(cats, 10**9) == ("id3", "pdf")
    monkeypatch.setattr(seen, "_TOO_NEW", 1e12)  # changed so lately that it may change unnoticed
    os.utime(cats, (3, 3))
    assert [known.look(cats, 10**9), known.look(cats, 10**9)] == [("id4", "pdf"), ("id5", "pdf")]
