"""A library is proved, and mended from what is there."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.cli import opening
from quire.engine.cli.app import main
from quire.engine.errors import EngineError
from quire.engine.store import compacting
from quire.engine.store.images import image_path
from quire.engine.store.layout import Layout
from quire.engine.store.sealing import broken_seals, seals_of
from quire.engine.store.tables import Tables


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in "abc":
        write_pdf(folder / f"{name}.pdf", f"{name} one", f"{name} two")
    return folder


@pytest.fixture
def library(tmp_path: Path, docs: Path) -> Library:
    made = Library.open(tmp_path / "library", StandIn("quire-mini"), create=True)
    made.add(docs)
    return made


def key(library: Library, title: str) -> str:
    return next(document.id for document in library.documents() if document.title == title)


def image(library: Library, title: str, page: int) -> Path:
    path = image_path(library._layout, key(library, title), page)
    assert path is not None
    return path


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def overwrite_rows(library: Library, page: str) -> None:
    """Other rows of the same count and length: nothing but their seal tells."""
    table = library._tables.vectors
    row = table.search().where(f"id = '{page}'").to_arrow()
    rows = row.column("rows").combine_chunks().flatten().flatten().to_numpy().reshape(-1, 128)
    values = pa.FixedSizeListArray.from_arrays(pa.array(np.roll(rows, 1, axis=1).ravel()), 128)
    lists = pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), values)
    field = row.schema.field("rows")
    row = row.set_column(row.schema.get_field_index("rows"), field, lists.cast(field.type))
    table.delete(f"id = '{page}'")
    table.add(row)


def test_a_sound_library_has_nothing_to_mend(library: Library) -> None:
    repairs = library.repair()
    assert (repairs.done, repairs.left) == ([], [])


def test_a_flipped_bit_of_an_image_is_seen_and_drawn_again(library: Library) -> None:
    before = image(library, "a", 1).read_bytes()
    flip(image(library, "a", 1))
    image(library, "b", 2).unlink()
    told = library.check()
    assert any("a.pdf: its image has changed since it was written" in text for text in told)
    assert any("Page 2 of " in text and "its image is gone" in text for text in told)
    repairs = library.repair()
    assert [text.split(" of ")[0] for text in repairs.done] == ["1", "1"]
    assert repairs.left == library.check() == []
    assert image(library, "a", 1).read_bytes() == before


def test_an_image_whose_file_is_gone_stays_lost_and_that_is_said(
    library: Library, docs: Path
) -> None:
    image(library, "a", 1).unlink()
    (docs / "a.pdf").unlink()
    repairs = library.repair()
    assert "cannot be drawn again" in repairs.done[0]
    assert len(repairs.left) == 1 and "its image is gone" in repairs.left[0]
    assert library.search("one", mode="text")  # but it is found


def test_another_renderer_does_not_draw_what_the_vectors_have_not_seen(
    library: Library,
) -> None:
    image(library, "a", 1).unlink()
    library._tables.vectors.update(where="true", values={"engine": "pymupdf 0.1"})
    assert len(library.repair().left) == 1


def test_vectors_that_have_changed_take_their_document_out(library: Library) -> None:
    overwrite_rows(library, f"{key(library, 'a')}#1")
    assert any("its vectors have changed since they were written" in t for t in library.check())
    repairs = library.repair()
    assert repairs.done[0].endswith("It was taken out.")
    assert repairs.left == [] and len(library.documents()) == 2


def test_half_documents_go_and_what_belongs_to_nobody(library: Library, docs: Path) -> None:
    library._tables.pages.delete(f"id = '{key(library, 'a')}#2'")
    library._tables.documents.delete(f"id = '{key(library, 'b')}'")
    repairs = library.repair()
    assert repairs.left == [] and [d.title for d in library.documents()] == ["c"]
    assert sum("They were removed." in text for text in repairs.done) == 3
    assert len(library.add(docs).added) == 2 and library.check() == []


def test_a_text_index_that_is_lost_is_made_anew(library: Library) -> None:
    library._tables.pages.drop_index("text_idx")
    assert any("Searching by words fails (the index is gone)" in text for text in library.check())
    repairs = library.repair()
    assert repairs.done == ["The text index was made anew."] and repairs.left == []
    assert library.search("two", k=9, mode="text")[0].page == 2


def test_codes_that_are_lost_are_made_anew(library: Library) -> None:
    files = list(library._layout.codes.glob("*.codes"))
    for file in files:
        flip(file)
    repairs = library.repair()
    assert repairs.left == [] and library.check() == [] and files


def test_an_uploaded_file_that_has_changed_is_told(library: Library) -> None:
    place = library._layout.uploads / key(library, "a") / "a.pdf"
    place.parent.mkdir(parents=True)
    shutil.copy(library.documents()[0].paths[0], place)
    library.add(place)
    assert library.check() == []
    flip(place)
    assert "has changed: bring it back" in library.check()[0] and len(library.repair().left) == 1


def test_compaction_that_loses_content_is_undone(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = library._tables.vectors.search().to_arrow().to_pylist()
    real, page = type(library._tables.vectors).optimize, f"{key(library, 'a')}#1"

    def losing(self: object, **given: object) -> None:
        real(self, **given)  # type: ignore[arg-type]
        if getattr(self, "name", "") == "vectors":
            overwrite_rows(library, page)

    monkeypatch.setattr("quire.engine.store.tables._worth_compacting", lambda table: True)
    monkeypatch.setattr(type(library._tables.vectors), "optimize", losing)
    with pytest.raises(EngineError, match=r"compacting vectors changed them, so that was undone"):
        library._tables.tidy()
    monkeypatch.undo()
    after = Tables(library._layout).vectors.search().to_arrow().to_pylist()
    assert sorted(after, key=lambda row: row["id"]) == sorted(before, key=lambda row: row["id"])
    assert library.check() == []


def test_a_seal_is_of_what_was_written(library: Library) -> None:
    assert broken_seals(library._tables.pages, library._tables.vectors) == set()
    [first, *_] = library._tables.vectors.search().to_arrow().combine_chunks().to_batches()
    seals = seals_of(first)
    assert len(set(seals)) == 6 and all(len(one) == 32 for one in seals)


def test_the_command_mends_and_says_what(
    library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(opening, "load_encoder", lambda model: StandIn(model))
    library._tables.pages.drop_index("text_idx")
    assert main(["doctor", str(library.path), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["mended"] == [] and "quire doctor --repair" in told["problems"][0]
    assert main(["doctor", "--library", str(library.path), "--repair"]) == 0
    assert "Mended: The text index was made anew." in capsys.readouterr().out
    assert main(["doctor", "here", "--library", "there"]) == 2


def test_a_large_table_is_compacted_by_a_process_of_its_own(
    library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tables = library._tables
    monkeypatch.setattr("quire.engine.store.tables._worth_compacting", lambda table: False)
    write_pdf(tmp_path / "more.pdf", "seven eight")
    library.add(tmp_path / "more.pdf")
    assert tables.vectors.stats()["fragment_stats"]["num_fragments"] == 2
    before = sorted(tables.vectors.search().to_arrow().to_pylist(), key=lambda row: row["id"])
    monkeypatch.setattr(compacting, "APART", 1)
    monkeypatch.setattr(compacting, "compact_here", None)
    compacting.compact_vectors(tables)
    assert tables.vectors.stats()["fragment_stats"]["num_fragments"] == 1
    after = sorted(tables.vectors.search().to_arrow().to_pylist(), key=lambda row: row["id"])
    assert after == before and library.check() == []


def test_what_the_process_says_comes_back(
    library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compacting, "APART", 1)
    gone = Tables(library._layout)
    gone.layout = Layout(tmp_path / "gone")
    with pytest.raises(EngineError, match="gone has a manifest, but a table cannot be opened"):
        compacting.compact_vectors(gone)
