"""Documents go by id, path, folder or filter, and only those that were meant."""

import json
import os
from pathlib import Path

import pytest
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.cli import opening
from quire.engine.cli.app import main
from quire.engine.errors import EngineError, SearchError


@pytest.fixture
def library(tmp_path: Path) -> Library:
    for name, year in (("old/a", 1999), ("old/b", 2001), ("new/c", 2020)):
        path = tmp_path / f"{name}.pdf"
        path.parent.mkdir(exist_ok=True)
        write_pdf(path, f"{name} one", f"{name} two")
        library = Library.open(tmp_path / "library", StandIn("quire-mini"), create=True)
        library.add(path, metadata={"year": year})
    return library


def titles(library: Library) -> list[str]:
    return sorted(document.title for document in library.documents())


def test_a_filter_takes_out_the_documents_of_which_every_page_matches(library: Library) -> None:
    assert library.delete(where="page = 2") == []
    assert [d.title for d in library.delete(where="year < 2000")] == ["a"]
    assert [d.title for d in library.delete(where={"name": ["b.pdf", "x.pdf"]})] == ["b"]
    assert titles(library) == ["c"] and library.check() == []
    with pytest.raises(SearchError, match="where='colour = 1' cannot be applied"):
        library.delete(where="colour = 1")
    assert len(library.delete(where={"year": 2020})) == 1
    assert library.delete(where={"year": 2020}) == [] and len(library) == 0


def test_a_folder_takes_out_what_lies_below(library: Library, tmp_path: Path) -> None:
    assert len(library.delete(tmp_path / "old")) == 2
    assert titles(library) == ["c"]
    with pytest.raises(EngineError, match="nothing was deleted"):
        library.delete([tmp_path / "new", tmp_path / "old"])
    assert titles(library) == ["c"]
    assert library.delete([tmp_path / "new", str(tmp_path / "new" / "c.pdf")])[0].title == "c"


def test_what_was_uploaded_goes_with_its_document(library: Library) -> None:
    [document, *_] = library.documents()
    place = library.path / "uploads" / document.id
    place.mkdir(parents=True)
    (place / "a.pdf").write_bytes(b"x")
    library.delete(document.id)
    assert os.listdir(library.path / "uploads") == []


def test_the_command_deletes_and_says_what(
    library: Library,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(opening, "load_encoder", lambda model: StandIn(model))
    shelf = ["--library", str(library.path)]
    assert main(["delete", str(tmp_path / "old" / "a.pdf"), "--where", "year = 2020", *shelf]) == 0
    out, err = capsys.readouterr()
    assert out == f"Deleted 2 documents from {library.path}.\n" and err.count("Deleted: ") == 2
    assert main(["delete", str(tmp_path / "old"), "--json", *shelf]) == 0
    [told] = json.loads(capsys.readouterr().out)["deleted"]
    assert told["path"] == str(tmp_path / "old" / "b.pdf")
    assert main(["delete", *shelf]) == 2
    assert "name paths, folders or ids" in capsys.readouterr().err
    assert main(["delete", "nothing.pdf", *shelf]) == 3
    assert "nothing was deleted" in capsys.readouterr().err
