"""Metadata of many documents in one file."""

from pathlib import Path

import pytest
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.errors import EngineError, SearchError
from quire.engine.store.sidecar import read_sidecar


def put(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_csv_knows_numbers_and_leaves_empty_cells_out(tmp_path: Path) -> None:
    file = put(tmp_path / "m.csv", "file,year,rate,code,who\na.pdf,2020,1.5,007,\nb.pdf,,,,Ann\n")
    notes = read_sidecar(file)
    assert notes([str(tmp_path / "a.pdf")]) == {"year": 2020, "rate": 1.5, "code": "007"}
    assert notes([str(tmp_path / "b.pdf")]) == {"who": "Ann"}
    assert notes([str(tmp_path / "c.pdf")]) is None and notes.unused() == []


@pytest.mark.parametrize(
    "text", ['[{"file": "in/a.pdf", "year": 2020}]', '{"in/a.pdf": {"year": 2020}}']
)
def test_json_is_a_list_or_an_object_and_files_go_by_path_or_by_name(
    tmp_path: Path, text: str
) -> None:
    notes = read_sidecar(put(tmp_path / "m.json", text))
    assert notes.unused() == ["in/a.pdf"]
    for path in (tmp_path / "in" / "a.pdf", Path("/elsewhere/a.pdf")):
        assert notes([str(path)]) == {"year": 2020}
    assert notes.unused() == []


def test_a_name_that_stands_there_twice_only_goes_by_path(tmp_path: Path) -> None:
    notes = read_sidecar(put(tmp_path / "m.csv", "file,n\nx/a.pdf,1\ny/a.pdf,2\n"))
    assert notes([str(tmp_path / "y" / "a.pdf")]) == {"n": 2}
    assert notes(["/elsewhere/a.pdf"]) is None


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("m.csv", "name,year\na.pdf,1\n", "m.csv, line 2: no 'file'"),
        ("m.csv", "file,year\na.pdf,1,2\n", "line 2: more cells than"),
        ("m.csv", "file,year\na.pdf,1\na.pdf,2\n", "'a.pdf' stands there twice"),
        ("m.json", "{", "m.json is no JSON"),
        ("m.json", '["a.pdf"]', "entry 1: got 'a.pdf': write an object"),
        ("m.json", "7", "entry 1: got 7: write an object"),
    ],
)
def test_what_is_wrong_with_the_file_is_told(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    with pytest.raises(EngineError, match=told):
        read_sidecar(put(tmp_path / name, text))


def test_each_document_gets_its_own_and_a_second_run_changes_it(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    write_pdf(docs / "a.pdf", "cats")
    write_pdf(docs / "b.pdf", "dogs")
    library = Library.open(tmp_path / "library", StandIn(), create=True)
    library.add(docs, metadata=read_sidecar(put(docs / "m.csv", "file,year\na.pdf,2020\n")))
    assert [library.metadata(d) for d in library.documents()[:2]] == [{"year": 2020}, {}]
    library.add(docs, metadata=read_sidecar(put(docs / "m.csv", "file,year\nb.pdf,2021\n")))
    assert [hit.name for hit in library.search("dogs", where={"year": 2021})] == ["b.pdf"]
    with pytest.raises(SearchError, match="metadata key 'page' is a column of its own"):
        library.add(docs, metadata=read_sidecar(put(docs / "m.csv", "file,page\nb.pdf,1\n")))
