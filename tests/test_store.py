"""A library on disk: what is written is what is read, whole or not at all."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from standin import StandIn, word_vector

from quire.engine.encode.protocol import Vectors
from quire.engine.errors import EncodeError, EngineError, LibraryBusy, NotALibrary
from quire.engine.store.check import check_library
from quire.engine.store.contents import Contents, read_contents, read_entries
from quire.engine.store.creating import create_library
from quire.engine.store.images import image_path, load_image, save_image
from quire.engine.store.layout import Layout
from quire.engine.store.lock import nobody_reading, reading, writing
from quire.engine.store.making import Making
from quire.engine.store.manifest import Manifest, read_manifest
from quire.engine.store.pages import stored_page
from quire.engine.store.rows import Rows
from quire.engine.store.sealing import seal
from quire.engine.store.tables import Tables
from quire.engine.store.writing import Writer
from quire.ingest.document import Document
from quire.ingest.page import Page, Word

ENCODER = StandIn()


def page(document: str, number: int, text: str = "two words") -> Page:
    words = tuple(
        Word(word, (0.1 * i, 0.2, 0.1 * i + 0.05, 0.25)) for i, word in enumerate(text.split())
    )
    image = Image.new("RGB", (56, 84), (number * 20 % 255, 10, 200))
    return Page(document, number, image, words, text, 595.0, 842.0, 0, "Part > One")


def document(name: str, pages: int) -> Document:
    return Document(name, (f"/docs/{name}.pdf",), "pdf", pages, name.title(), 1234)


def put(writer: Writer, name: str, *texts: str) -> None:
    pages = [page(name, i, text) for i, text in enumerate(texts, start=1)]
    writer.write_pages(pages, ENCODER.encode_document(pages, vectors="both"))
    writer.commit(document(name, len(texts)), {"year": 2020})


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "library")
    create_library(made, ENCODER, Making(codes=()))  # test_store_codes.py has codes
    return made


@pytest.fixture
def tables(layout: Layout) -> Tables:
    return Tables(layout)


def begin(tables: Tables) -> Writer:
    return Writer(tables, ENCODER.dim, max(ENCODER.dense_dims))


def problems(tables: Tables) -> list[str]:
    return check_library(tables, read_manifest(tables.layout))


def test_what_is_written_is_what_is_read(tables: Tables) -> None:
    writer = begin(tables)
    put(writer, "b", "third page")
    put(writer, "a", "first page", "second")
    contents = read_contents(tables)
    assert [entry.document for entry in contents.entries] == [document("a", 2), document("b", 1)]
    assert contents.entries[0].metadata == {"year": 2020}
    assert contents.texts == ["first page", "second", "third page"]
    assert [contents.page_id(i) for i in range(3)] == ["a#1", "a#2", "b#1"]
    assert contents.sections == ["Part > One"] * 3
    assert contents.rows.tolist() == [2, 1, 2]
    assert problems(tables) == []


def test_rows_come_back_in_the_order_of_the_pages_rounded_to_float16(tables: Tables) -> None:
    writer = begin(tables)
    put(writer, "b", "third page")
    put(writer, "a", "first page", "second")
    packed = Rows(tables, ENCODER.dim).of(read_contents(tables))
    words = ["first", "page", "second", "third", "page"]
    expected = np.stack([word_vector(word) for word in words]).astype(np.float16)
    np.testing.assert_array_equal(packed.rows, expected)
    assert packed.offsets.tolist() == [0, 2, 3, 5]


def test_only_what_changed_is_read_again(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, rows = begin(tables), Rows(tables, ENCODER.dim)
    put(writer, "a", "one", "two")
    put(writer, "c", "five")
    first = rows.of(read_contents(tables))
    assert rows.of(read_contents(tables)) is first
    put(writer, "b", "three four")
    writer.delete("a")
    asked: list[list[str]] = []
    read = Rows._read

    def watched(self: Rows, contents: Contents, documents: list[str], *rest: Any) -> int:
        asked.append(documents)
        return read(self, contents, documents, *rest)

    monkeypatch.setattr(Rows, "_read", watched)
    packed = rows.of(read_contents(tables))
    assert asked == [["b"]]
    expected = np.stack([word_vector(w) for w in ("three", "four", "five")]).astype(np.float16)
    np.testing.assert_array_equal(packed.rows, expected)


def test_rows_that_are_gone_are_never_made_up(tables: Tables) -> None:
    put(begin(tables), "a", "one", "two three")
    contents = read_contents(tables)
    tables.vectors.delete("id = 'a#2'")
    with pytest.raises(EngineError, match="2 rows of pages are not where they should be"):
        Rows(tables, ENCODER.dim).of(contents)


def test_words_cells_and_size_of_a_page_come_back(tables: Tables) -> None:
    put(begin(tables), "a", "left right")
    row = tables.vectors.search().to_arrow().combine_chunks().to_batches()[0]
    stored = stored_page(row)
    [original] = ENCODER.encode_document([page("a", 1, "left right")], vectors="both")
    assert [word.text for word in stored.words] == ["left", "right"]
    np.testing.assert_allclose(stored.words[1].box, (0.1, 0.2, 0.15, 0.25), atol=1 / 65_535)
    np.testing.assert_allclose(stored.vectors.multi, original.multi, atol=1e-3)
    np.testing.assert_allclose(stored.vectors.dense, original.dense, atol=1e-3)
    assert stored.vectors.cells.tolist() == original.cells.tolist()
    assert stored.vectors.grid == (4, 4)
    assert (stored.width, stored.height) == (595, 842)


def test_a_document_is_invisible_until_it_is_committed(tables: Tables) -> None:
    writer = begin(tables)
    pages = [page("a", 1)]
    writer.write_pages(pages, ENCODER.encode_document(pages, vectors="both"))
    writer._flush()
    assert tables.pages.count_rows() == 1
    assert len(read_contents(tables)) == 0 and read_entries(tables) == []


def test_the_next_writer_removes_what_a_killed_one_left(tables: Tables) -> None:
    writer = begin(tables)
    put(writer, "a", "kept")
    pages = [page("b", 1)]
    writer.write_pages(pages, ENCODER.encode_document(pages, vectors="both"))
    writer._flush()  # and here the process is killed
    assert any("belong to no document" in problem for problem in problems(tables))
    begin(tables)
    assert tables.pages.count_rows() == tables.vectors.count_rows() == 1
    assert os.listdir(tables.layout.images) == ["a"]
    assert problems(tables) == []


def test_a_document_with_a_page_missing_is_refused_whole(tables: Tables) -> None:
    writer = begin(tables)
    pages = [page("a", 1)]
    writer.write_pages(pages, ENCODER.encode_document(pages, vectors="both"))
    with pytest.raises(EngineError, match="has 2 pages and 1 were written"):
        writer.commit(document("a", 2), {})
    assert tables.pages.count_rows() == 0 and not tables.layout.image_folder("a").exists()
    writer.write_pages([page("a", 3)], ENCODER.encode_document([page("a", 3)], vectors="both"))
    with pytest.raises(EngineError, match="page 2 of document a came after page 3"):
        writer.write_pages([page("a", 2)], [])


def test_a_page_that_could_not_be_read_leaves_a_gap_that_is_known(tables: Tables) -> None:
    writer = begin(tables)
    for number in (1, 3):
        pages = [page("a", number)]
        writer.write_pages(pages, ENCODER.encode_document(pages, vectors="both"))
    writer.commit(document("a", 3), {}, [2])
    contents = read_contents(tables)
    assert contents.numbers.tolist() == [1, 3] and contents.entries[0].missing == (2,)
    assert problems(tables) == []
    tables.pages.delete("number = 3")
    assert any("3 pages (less [2]), but these are stored: [1]" in told for told in problems(tables))


def test_a_deleted_document_leaves_nothing(tables: Tables) -> None:
    writer = begin(tables)
    put(writer, "a", "one")
    put(writer, "b", "two")
    writer.delete("a")
    assert read_contents(tables).texts == ["two"]
    assert tables.vectors.count_rows() == 1 and os.listdir(tables.layout.images) == ["b"]


@pytest.mark.parametrize("odd", ["na\udcffme", "it's", 'quo"te', "ſtraße 中文"])
def test_names_and_texts_of_any_kind_are_stored(tables: Tables, odd: str) -> None:
    writer = begin(tables)
    pages = [page("a", 1, odd)]
    writer.write_pages(pages, ENCODER.encode_document(pages, vectors="both"))
    path = f"/docs/{odd}.pdf"
    writer.commit(replace(document("a", 1), paths=(path,), title=odd), {"note": odd})
    [entry] = read_entries(tables)
    assert entry.document.paths == (path,) and entry.metadata == {"note": odd}
    assert read_contents(tables).texts == [odd.replace("\udcff", "?")]


def one_page(**changes: Any) -> tuple[list[Page], list[Vectors]]:
    pages = [page("a", 1)]
    [vectors] = ENCODER.encode_document(pages, vectors="both")
    return pages, [replace(vectors, **changes)]


def test_vectors_that_are_not_finite_are_refused(tables: Tables) -> None:
    rows = np.full((2, ENCODER.dim), np.nan, dtype=np.float32)
    with pytest.raises(EncodeError, match="page 1: the encoder gave numbers that are not finite"):
        begin(tables).write_pages(*one_page(multi=rows))


def test_vectors_of_another_width_are_refused(tables: Tables) -> None:
    rows = np.ones((2, 64), dtype=np.float32)
    with pytest.raises(EncodeError, match=r"rows \(2, 64\).*the library holds rows of 128"):
        begin(tables).write_pages(*one_page(multi=rows))


def test_versions_do_not_pile_up_and_no_page_is_lost(tables: Tables) -> None:
    writer = begin(tables)
    for i in range(6):
        put(writer, f"d{i}", "some words")
        tables.tidy()
    assert tables.pages.count_rows() == tables.vectors.count_rows() == 6
    for table in (tables.documents, tables.pages):
        assert len(table.list_versions()) <= 3
    # The newest rows join the others in the next run, once the text index covers them too.
    assert tables.pages.stats()["fragment_stats"]["num_fragments"] <= 2
    assert tables.pages.index_stats("text_idx").num_unindexed_rows == 0
    assert problems(tables) == []


def test_old_versions_stay_while_somebody_reads(tables: Tables) -> None:
    put(begin(tables), "a", "one")
    with reading(tables.layout):
        tables.tidy()
        assert len(tables.pages.list_versions()) > 3
    tables.tidy()
    assert len(tables.pages.list_versions()) <= 3


def test_every_table_has_a_primary_key_that_is_never_null(tables: Tables) -> None:
    for table in (tables.documents, tables.pages, tables.vectors):
        key = table.schema.field("id")
        assert not key.nullable and b"lance-schema:unenforced-primary-key:position" in key.metadata


def test_the_check_names_every_kind_of_damage(tables: Tables) -> None:
    writer = begin(tables)
    for name in ("a", "b", "c", "d", "e"):
        put(writer, name, "some words", "more")
    assert problems(tables) == []
    tables.pages.delete("id = 'a#2'")
    tables.vectors.delete("id = 'b#1'")
    (image,) = (p for p in [image_path(tables.layout, "c", 1)] if p)
    image.write_bytes(image.read_bytes()[:40])
    shutil.rmtree(tables.layout.image_folder("d"))
    tables.documents.delete("id = 'e'")
    told = "\n".join(problems(tables))
    assert "/docs/a.pdf has 2 pages, but these are stored: [1]" in told
    assert "Page 1 of /docs/b.pdf has 0 entries in the table of vectors" in told
    assert "Page 1 of /docs/c.pdf: its image has changed since it was written" in told
    assert told.count("its image is gone") == 2
    assert "1 folders of images belong to no document" in told
    assert "2 entries of the table pages belong to no document" in told


def test_the_check_sees_rows_that_are_wrong(tables: Tables) -> None:
    writer = begin(tables)
    pages, vectors = one_page()
    writer.write_pages(pages, [replace(vectors[0], multi=vectors[0].multi * 3)])
    writer.commit(document("a", 1), {})
    assert "rows are 3.00 to 3.00 long instead of about 1" in problems(tables)[0]


def test_images_are_kept_as_they_are_but_for_compression(layout: Layout) -> None:
    image = Image.new("RGB", (300, 200), (250, 10, 10))
    sealed = save_image(layout, "a", 1, image)
    path = image_path(layout, "a", 1)
    assert path is not None and path.suffix == ".webp" and sealed == seal(path.read_bytes())
    loaded = load_image(layout, "a", 1)
    assert loaded.size == (300, 200) and loaded.mode == "RGB"
    assert np.abs(np.asarray(loaded, dtype=int) - (250, 10, 10)).max() < 8


def test_a_page_too_long_for_webp_is_kept_too(layout: Layout) -> None:
    save_image(layout, "a", 1, Image.new("RGB", (28, 17_000), "white"))
    assert load_image(layout, "a", 1).size == (28, 17_000)


def test_a_second_writer_is_turned_away_and_told_who_writes(layout: Layout) -> None:
    busy = pytest.raises(LibraryBusy, match=f"process {os.getpid()} is writing")
    with writing(layout), busy, writing(layout):
        pass
    with writing(layout):
        pass


def test_a_lock_file_of_a_dead_process_stops_nobody(layout: Layout) -> None:
    layout.write_lock.write_text("999999\n")
    with writing(layout):
        assert layout.write_lock.read_text() == f"{os.getpid()}\n"


def test_readers_share_and_are_noticed(layout: Layout) -> None:
    with reading(layout), reading(layout), nobody_reading(layout) as alone:
        assert not alone
    with nobody_reading(layout) as alone:
        assert alone


@pytest.fixture
def there(layout: Layout) -> Iterator[Layout]:
    assert isinstance(read_manifest(layout), Manifest)
    yield layout


def test_a_manifest_that_is_damaged_or_newer_is_refused(there: Layout) -> None:
    whole = json.loads(there.manifest.read_text())
    there.manifest.write_text(there.manifest.read_text()[:50])
    with pytest.raises(NotALibrary, match="is damaged"):
        read_manifest(there)
    there.manifest.write_text(json.dumps({**whole, "format": 99}))
    with pytest.raises(NotALibrary, match="library format 99 and this quire reads 4"):
        read_manifest(there)


def test_a_table_that_is_gone_is_told(there: Layout) -> None:
    shutil.rmtree(there.tables / "vectors.lance")
    with pytest.raises(NotALibrary, match="a table cannot be opened"):
        Tables(there)
