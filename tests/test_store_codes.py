"""Codes lie beside the rows and stay in step with them."""

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.encode.protocol import Vectors
from quire.engine.errors import EngineError, WrongLibrary
from quire.engine.score.maxsim import maxsim
from quire.engine.score.packed import pack
from quire.engine.score.pool import groups_of, pool_pages
from quire.engine.score.reference import maxsim_plain
from quire.engine.store import coding
from quire.engine.store.codefile import BrokenCodes, open_code_file, write_code_file
from quire.engine.store.codes import CodeShelf
from quire.engine.store.coding import update_codes
from quire.engine.store.contents import read_contents
from quire.engine.store.kinds import KINDS, Kind, joined
from quire.engine.store.lock import writing
from quire.engine.store.manifest import read_manifest
from quire.engine.store.pooling import COMPACT, COMPACT_ROWS, Pooling
from quire.engine.store.taking import Taker
from quire.ingest.document import Document
from quire.ingest.page import Page

ALL = ("bits", "int8", "pooled")


def make(folder: Path, **options: object) -> Library:
    for name in ("a", "b", "c"):
        write_pdf(folder / f"{name}.pdf", f"the {name} page", f"more words of {name} and more", "")
    return Library.open(folder / "library", StandIn(), create=True, **options)  # type: ignore[arg-type]


def files(library: Library) -> list[str]:
    return sorted(path.name for path in library._layout.codes.glob("*.codes"))


def test_a_file_of_codes_is_mapped_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "bits-000001.codes"
    arrays = {"numbers": np.arange(3, dtype=np.int32), "codes": np.ones((5, 7), np.float16)}
    documents = [("a", "today", 2), ("ä", "now", 1)]
    write_code_file(path, "bits", 1, documents, arrays)
    file = open_code_file(path)
    assert (file.kind, file.version, list(file.documents)) == ("bits", 1, documents)
    for name, array in arrays.items():
        np.testing.assert_array_equal(file.arrays[name], array)
        assert file.arrays[name].ctypes.data % 64 == 0
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_file_that_is_cut_short_or_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.codes"
    write_code_file(path, "bits", 1, [], {"numbers": np.arange(400)})
    whole = path.read_bytes()
    for cut in (whole[:-1], whole[:100], whole[:20]):
        path.write_bytes(cut)
        with pytest.raises(BrokenCodes, match="is damaged"):
            open_code_file(path)
    path.write_bytes(b"")
    with pytest.raises(BrokenCodes, match="is no file of codes"):
        open_code_file(path)


def test_adding_and_deleting_keep_codes_in_step_with_rows(tmp_path: Path) -> None:
    library = make(tmp_path, codes=ALL)
    library.add(tmp_path / "a.pdf")
    library.add(tmp_path)
    assert library.check() == []
    contents, shelf = read_contents(library._tables), CodeShelf(library._layout)
    for kind in ALL:
        coded = shelf.of(kind, contents)
        assert len(coded.missing) == 0 and len(coded.parts) == 2 and coded.nbytes > 0
        assert sorted(np.concatenate([p.where for p in coded.parts]).tolist()) == list(range(9))
    rows = Taker(library._tables, 128).take(contents, np.arange(9))
    [query] = [library.encoder.encode_query("more words")]
    exact = maxsim_plain(query, rows)
    for part in CodeShelf(library._layout).of("int8", contents).parts:
        np.testing.assert_allclose(maxsim(query, part.codes), exact[part.where], atol=0.05)
    library.delete(tmp_path / "b.pdf")
    assert library.check() == [] and len(library) == 6
    write_pdf(tmp_path / "a.pdf", "other bytes now")
    library.add(tmp_path / "a.pdf")
    assert library.check() == [] and len(library) == 4


def test_many_small_files_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coding, "SMALL_FILES", 1)
    library = make(tmp_path)
    for name in ("a", "b", "c"):
        library.add(tmp_path / f"{name}.pdf")
    assert files(library) == ["bits-000003.codes"] and library.check() == []


def test_a_library_without_codes_gets_them_with_the_next_add(tmp_path: Path) -> None:
    library = make(tmp_path)
    library.add(tmp_path / "a.pdf")
    shutil.rmtree(library._layout.codes)
    assert library.check() == [
        "3 pages have no codes 'bits'. Search scores them exactly; the next add makes the codes "
        "anew."
    ]
    library.add(tmp_path / "b.pdf")
    assert library.check() == []


def test_where_pages_stand_is_found_out_once_while_contents_stay(tmp_path: Path) -> None:
    library = make(tmp_path)
    library.add(tmp_path / "a.pdf")
    shelf, contents = CodeShelf(library._layout), read_contents(library._tables)
    [part] = shelf.of("bits", contents).parts
    assert shelf.of("bits", contents).parts[0] is part
    library.add(tmp_path / "b.pdf")
    more = read_contents(library._tables)
    fresh = shelf.of("bits", more)
    assert all(one is not part for one in fresh.parts) and not len(fresh.missing)
    places = np.concatenate([one.where for one in fresh.parts])
    assert sorted(places.tolist()) == list(range(len(more)))


def test_damaged_files_and_those_of_another_version_are_told_and_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    library = make(tmp_path)
    library.add(tmp_path / "a.pdf")
    [path] = library._layout.codes.glob("*.codes")
    path.write_bytes(path.read_bytes()[:-5])
    told = "\n".join(library.check())
    assert "3 pages have no codes 'bits'" in told and "is damaged" in told
    assert "is damaged" in caplog.text
    library.add(tmp_path / "b.pdf")
    assert library.check() == []
    bits = KINDS["bits"]
    newer = {**KINDS, "bits": Kind("bits", bits.version + 1, bits.encode, bits.load)}
    for module in ("codes", "coding", "checking_codes"):
        monkeypatch.setattr(f"quire.engine.store.{module}.KINDS", newer)
    told = f"of version {bits.version}, and this quire makes {bits.version + 1}"
    assert f"holds codes 'bits' {told}" in "\n".join(library.check())
    library.add(tmp_path / "c.pdf")
    assert library.check() == []


def test_codes_that_fell_out_of_step_are_mended_when_the_library_is_opened(tmp_path: Path) -> None:
    library = make(tmp_path)
    library.add(tmp_path / "a.pdf")
    before = files(library)
    assert Library.open(library.path, StandIn()).check() == [] and files(library) == before
    [path] = library._layout.codes.glob("*.codes")
    path.write_bytes(path.read_bytes()[:-64])  # cut short
    assert Library.open(library.path, StandIn()).check() == []
    shutil.rmtree(library._layout.codes)  # lost
    assert Library.open(library.path, StandIn()).check() == []
    stamp = library._layout.codes_stamp  # killed before it was written
    stamp.write_text("{")
    assert Library.open(library.path, StandIn()).check() == [] and stamp.read_text() != "{"
    shutil.rmtree(library._layout.codes)
    with writing(library._layout):  # somebody else writes: it is for them to mend
        assert Library.open(library.path, StandIn()).check() != []


def test_a_large_library_is_not_mended_while_somebody_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    library = make(tmp_path)
    library.add(tmp_path / "a.pdf")
    shutil.rmtree(library._layout.codes)
    monkeypatch.setattr(coding, "MENDED_PAGES", 2)
    opened = Library.open(library.path, StandIn())
    assert "3 pages have no codes: index again" in caplog.text
    assert opened.search("more words", plan="bits", mode="visual")[0].page == 2
    opened.add(tmp_path / "a.pdf")
    assert opened.check() == []


def test_offsets_that_lead_out_of_a_file_are_found_before_anything_follows_them(
    tmp_path: Path,
) -> None:
    library = make(tmp_path)
    library.add(tmp_path / "a.pdf")
    [path] = library._layout.codes.glob("*.codes")
    file = open_code_file(path)
    arrays = {k: np.array(v) for k, v in file.arrays.items()}
    arrays["offsets"][-1] += 7
    write_code_file(path, file.kind, file.version, file.documents, arrays)
    assert "offsets that lead out of it" in "\n".join(library.check())


def put(library: Library, name: str, rows: np.ndarray) -> None:
    """A document of one page with these rows, straight into the tables."""
    page = Page(name, 1, Image.new("RGB", (56, 56)), (), "a word", 300.0, 400.0, 0, "")
    cells, dense = np.zeros(len(rows), np.int16), np.ones(256, np.float32)
    with writing(library._layout):
        writer = library._writer()
        writer.write_pages([page], [Vectors(rows, dense, cells, (1, 1))])
        writer.commit(Document(name, (f"/{name}",), "pdf", 1, "", 1), {})
        update_codes(library._tables, library.manifest)


@pytest.mark.parametrize("plan", ["exact", *ALL])
def test_a_page_without_rows_ranks_last(tmp_path: Path, plan: str) -> None:
    library = make(tmp_path, codes=ALL)
    library.add(tmp_path / "a.pdf")
    put(library, "none", np.zeros((0, 128), np.float32))
    assert library.check() == []
    hits = library.search("more words", mode="visual", plan=plan)
    assert len(hits) == 4 and hits[3].document.id == "none" and hits[3].score == -np.inf
    assert library.search("more words", mode="hybrid", plan=plan)[0].page == 2


def test_rows_that_are_not_finite_get_no_codes_and_break_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    library = make(tmp_path, codes=ALL)
    monkeypatch.setattr("quire.engine.store.pages._check", lambda *_: None)
    put(library, "broken", np.full((3, 128), np.nan, np.float32))
    assert "no codes of 1 pages whose rows are not finite: run `quire doctor`" in caplog.text
    library.add(tmp_path / "a.pdf")
    assert any("numbers that are not finite" in problem for problem in library.check())
    assert library.delete("broken") and library.check() == []


def test_a_library_that_lacks_rows_is_still_opened_and_told(tmp_path: Path) -> None:
    library = make(tmp_path)
    library.add(tmp_path / "a.pdf")
    library._tables.vectors.delete("true")
    shutil.rmtree(library._layout.codes)
    told = Library.open(library.path, StandIn()).check()
    assert any("0 entries in the table of vectors" in problem for problem in told)


def test_who_reads_while_another_writes_finds_what_is_there(tmp_path: Path) -> None:
    library = make(tmp_path, codes=ALL)
    library.add(tmp_path / "a.pdf")
    readers = [Library.open(library.path, StandIn()) for _ in ALL]
    wrong: list[object] = []
    done = threading.Event()

    def read(reader: Library, plan: str) -> None:
        while not done.is_set():
            hits = reader.search("the a page", k=1, mode="visual", plan=plan)
            if (hits[0].name, hits[0].page) != ("a.pdf", 1):
                wrong.append(hits)

    threads = [threading.Thread(target=read, args=pair) for pair in zip(readers, ALL, strict=True)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        library.add(tmp_path)
        library.delete([tmp_path / "b.pdf", tmp_path / "c.pdf"])
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == [] and library.check() == []


def test_codes_of_other_rows_are_found_out(tmp_path: Path) -> None:
    library = make(tmp_path, codes=("bits", "int8"))
    library.add(tmp_path / "a.pdf")
    for path in library._layout.codes.glob("*.codes"):
        file = open_code_file(path)
        arrays = {k: np.array(v) for k, v in file.arrays.items()}
        name = "octets" if file.kind == "bits" else "codes"
        arrays[name] = arrays[name][::-1]
        write_code_file(path, file.kind, file.version, file.documents, arrays)
    told = library.check()
    assert len(told) == 2 and all("are not those of their rows" in problem for problem in told)


def test_the_manifest_names_codes_and_pooling(tmp_path: Path) -> None:
    library = make(tmp_path, codes=("int8", "bits"), pooling=Pooling(2))
    manifest = read_manifest(library._layout)
    assert manifest.codes == ("bits", "int8") and manifest.pooling == Pooling(2)
    assert json.loads(library._layout.manifest.read_text())["pooling"]["factor"] == 2
    with pytest.raises(EngineError, match="no codes 'bit'; choose from bits, int8, pooled"):
        Library.open(tmp_path / "x", StandIn(), create=True, codes=("bit",))
    with pytest.raises(EngineError, match="pooling=5: choose 1"):
        Pooling(5)
    with pytest.raises(EngineError, match="most=0: keep at least one"):
        Pooling(most=0)


def test_an_encoder_says_how_many_rows_suit_it(tmp_path: Path) -> None:
    class Frugal(StandIn):
        most_rows = 2

    usual = Library.open(tmp_path / "usual", Frugal(), create=True)
    whole = Library.open(tmp_path / "whole", Frugal(), create=True, pooling=Pooling())
    assert usual.manifest.pooling == Pooling(most=2) and whole.manifest.pooling == Pooling()
    write_pdf(tmp_path / "a.pdf", "one two three four")
    usual.add(tmp_path / "a.pdf")
    whole.add(tmp_path / "a.pdf")
    assert read_contents(usual._tables).rows.tolist() == [2]
    assert read_contents(whole._tables).rows.tolist() == [4]


def test_pooling_is_part_of_the_fingerprint_of_the_library(tmp_path: Path) -> None:
    plain = Library.open(tmp_path / "one", StandIn(), create=True).manifest.fingerprint
    pooled = Library.open(tmp_path / "two", StandIn(), create=True, pooling=Pooling(3))
    assert pooled.manifest.fingerprint != plain
    Library.open(tmp_path / "two", StandIn())
    with pytest.raises(WrongLibrary):
        Library.open(tmp_path / "two", StandIn("another"))


@pytest.mark.parametrize(("pooling", "kept"), [(Pooling(2), 3), (Pooling(4), 2)])
def test_a_pooled_library_keeps_a_part_of_the_rows(
    tmp_path: Path, pooling: Pooling, kept: int
) -> None:
    library = make(tmp_path, pooling=pooling)
    library.add(tmp_path / "a.pdf")
    assert read_contents(library._tables).rows.tolist() == [-(-3 // pooling.factor), kept, 1]
    assert library.check() == [] and library.search("more", mode="visual")[0].page == 2


def test_a_compact_page_needs_at_most_twelve_kilobytes() -> None:
    vectors = StandIn().encode_document(" ".join(f"word{i}" for i in range(700)), vectors="both")
    few = COMPACT.apply(vectors)
    codes = KINDS["bits"].load(KINDS["bits"].encode(pack([few.multi.astype(np.float16)]), None))
    size = few.multi.size * 2 + few.dense.size * 2 + few.cells.size * 2 + codes.nbytes
    assert len(few.multi) == len(few.cells) == COMPACT_ROWS and size <= 12_000
    np.testing.assert_allclose(np.linalg.norm(few.multi, axis=1), 1, atol=1e-5)


def test_rows_that_are_alike_become_one_and_keep_a_cell_of_theirs() -> None:
    page = np.eye(8, dtype=np.float32)[[0, 3, 0, 3, 0, 5]]
    assert groups_of(page, 3).tolist() == [0, 1, 0, 1, 0, 2]
    pooled = pool_pages(pack([page, page[:0], page[:1]]), factor=2)
    assert pooled.lengths.tolist() == [3, 0, 1]
    np.testing.assert_allclose(pooled.page(0), np.eye(8)[[0, 3, 5]], atol=1e-6)
    assert groups_of(page, 1).tolist() == [0] * 6


def test_a_mean_looks_at_all_cells_of_its_rows_and_a_compact_one_at_the_likest(
    tmp_path: Path,
) -> None:
    rows = np.eye(8, dtype=np.float32)[[0, 3, 0, 5]] + np.eye(8, dtype=np.float32)[4] * 0.1
    rows[2, 7] = 0.2  # the group of rows 0 and 2 leans nowhere else
    page = Vectors(rows, rows[0], np.array([9, 2, 4, 7], np.int16), (2, 5))
    few = Pooling(most=3).apply(page)
    assert few.cells.tolist() == [9, 2, 4, 7] and few.looking.tolist() == [0, 1, 0, 2]
    assert Pooling(most=3, places=False).apply(page).cells[1:].tolist() == [2, 7]
    assert page.looking.tolist() == [0, 1, 2, 3] and Pooling(most=4).apply(page) is page


def test_the_cells_of_means_are_stored_and_proved(tmp_path: Path) -> None:
    library = make(tmp_path, pooling=Pooling(most=2))
    write_pdf(tmp_path / "long.pdf", "one two one four")
    library.add(tmp_path / "long.pdf")
    vectors = library.search("one", mode="visual")[0].stored().vectors
    assert (len(vectors.multi), len(vectors.cells), sorted(set(vectors.looking))) == (2, 4, [0, 1])
    assert library.check() == []
    stored = library._tables.vectors.search().to_arrow()
    place = stored.schema.get_field_index("owners")
    beyond = pa.array([[9] * len(one) for one in stored.column("owners")], pa.list_(pa.int16()))
    library._tables.vectors.delete("true")
    library._tables.vectors.add(stored.set_column(place, stored.schema.field(place), beyond))
    assert any("belong to rows that are not there" in problem for problem in library.check())


@pytest.mark.parametrize("kind", ALL)
def test_codes_made_in_parts_are_those_of_the_whole(kind: str) -> None:
    rng = np.random.default_rng(0)
    pages = pack([rng.normal(size=(n, 128)).astype(np.float16) for n in (70, 0, 3, 20)])
    first, second = pages.select([0, 1]), pages.select([2, 3])
    one = KINDS[kind].encode(first, None)
    both = joined([one, KINDS[kind].encode(second, one)])
    query = rng.normal(size=(5, 128)).astype(np.float32)
    whole = [maxsim(query, KINDS[kind].load(arrays)) for arrays in (one, both)]
    np.testing.assert_array_equal(whole[0], whole[1][:2])
    plain = maxsim(query, pages)
    assert (
        np.isneginf(whole[1][1]) and np.corrcoef(whole[1][[0, 2, 3]], plain[[0, 2, 3]])[0, 1] > 0.9
    )
