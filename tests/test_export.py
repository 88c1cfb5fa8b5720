"""A library in one file: what comes out is what went in, and nothing else gets in."""

import hashlib
import io
import json
import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.errors import BadExport, EngineError, LibraryBusy, WrongLibrary
from quire.engine.store.archive import ABOUT, HASHES
from quire.engine.store.lock import unchanging, writing
from quire.ingest import document_id


@pytest.fixture
def library(tmp_path: Path) -> Library:
    docs = tmp_path / "docs"
    docs.mkdir()
    write_pdf(docs / "cats.pdf", "the cat sat on a mat", "dogs bark at night", title="Cats")
    write_pdf(docs / "x.pdf", "a ferry sails at noon")
    (docs / "x.pdf").rename(docs / os.fsdecode(b"caf\xe9.pdf"))  # no valid UTF-8
    made = Library.open(tmp_path / "library", StandIn(), create=True)
    made.add(docs, metadata={"year": 2020})
    return made


@pytest.fixture
def exported(library: Library, tmp_path: Path) -> Path:
    library.export(tmp_path / "out.zip")
    return tmp_path / "out.zip"


def unpacked(exported: Path, where: Path) -> Library:
    made = Library.make_like(exported, where, StandIn())
    made.import_(exported)
    return made


def rows(library: Library) -> list[dict[str, object]]:
    found = [row for table in (library._tables.pages, library._tables.vectors)
             for row in table.search().to_arrow().to_pylist()]  # fmt: skip
    return sorted(found, key=str)


def test_what_comes_out_is_what_went_in(library: Library, exported: Path, tmp_path: Path) -> None:
    copy = unpacked(exported, tmp_path / "copy")
    assert copy.documents() == library.documents() and copy.check() == []
    assert [d.info for d in copy.documents()] == [d.info for d in library.documents()]
    assert rows(copy) == rows(library)
    assert {d.id: copy.metadata(d) for d in copy.documents()} == {
        d.id: {"year": 2020} for d in library.documents()
    }
    for mode in ("visual", "text", "hybrid"):
        [mine, theirs] = [one.search("ferry", mode=mode) for one in (library, copy)]
        assert [(h.name, h.page, h.score) for h in mine] == [
            (h.name, h.page, h.score) for h in theirs
        ]
    assert mine[0].image().tobytes() == theirs[0].image().tobytes()


def test_importing_again_doubles_nothing(exported: Path, tmp_path: Path) -> None:
    copy = unpacked(exported, tmp_path / "copy")
    version = copy._tables.documents.version
    report = copy.import_(exported)
    assert (report.added, len(report.skipped), report.pages) == ([], 2, 0)
    assert len(copy) == 3 and copy._tables.documents.version == version


def test_libraries_are_merged(exported: Path, tmp_path: Path) -> None:
    other = Library.open(tmp_path / "other", StandIn(), create=True)
    shutil.copy(tmp_path / "docs" / "cats.pdf", tmp_path / "felines.pdf")
    other.add([tmp_path / "felines.pdf"], metadata={"year": 1999, "owner": "me"})
    other.add(write_pdf(tmp_path / "trees.pdf", "oak and elm"))
    report = other.import_(exported)
    assert (len(report.added), len(report.skipped), len(other)) == (1, 1, 4)
    [cats] = [document for document in other.documents() if document.title == "Cats"]
    assert [Path(path).name for path in cats.paths] == ["cats.pdf", "felines.pdf"]
    assert other.metadata(cats) == {"year": 1999, "owner": "me"}
    assert other.check() == [] and other.search("ferry", mode="text")[0].page == 1


def test_sources_come_along_when_they_are_asked_for(library: Library, tmp_path: Path) -> None:
    done = library.export(tmp_path / "all.zip", sources=True)
    assert (done.documents, done.pages, done.without_source) == (2, 3, [])
    gone = tmp_path / "docs" / "cats.pdf"
    gone.unlink()
    few = library.export(tmp_path / "few.zip", sources=True)
    assert [document.title for document in few.without_source] == ["Cats"]
    copy = unpacked(tmp_path / "all.zip", tmp_path / "copy")
    for document in copy.documents():
        [place] = [path for path in document.paths if path.startswith(str(tmp_path / "copy"))]
        assert document_id(place) == document.id
    copy.delete(copy.documents()[0].id)
    assert len(os.listdir(tmp_path / "copy" / "uploads")) == 1


def test_an_export_is_whole_or_not_there(library: Library, tmp_path: Path) -> None:
    (tmp_path / "there.zip").write_text("mine")
    with pytest.raises(EngineError, match="is there already: name another file"):
        library.export(tmp_path / "there.zip")
    shutil.rmtree(library.path / "images" / library.documents()[0].id)
    with pytest.raises(EngineError, match="has no image: mend the library"):
        library.export(tmp_path / "new.zip")
    assert sorted(p.name for p in tmp_path.glob("*.zip*")) == ["there.zip"]
    assert list(tmp_path.glob(".*")) == []


def test_nobody_writes_while_it_is_exported(library: Library, tmp_path: Path) -> None:
    with unchanging(library._layout):
        assert library.export(tmp_path / "a.zip").pages == 3  # but others may export, too
        with pytest.raises(LibraryBusy):
            library.delete(library.documents()[0].id)
    with writing(library._layout), pytest.raises(LibraryBusy):
        library.export(tmp_path / "b.zip")


def test_vectors_of_another_encoder_are_refused(exported: Path, tmp_path: Path) -> None:
    other = Library.open(tmp_path / "other", StandIn("another"), create=True)
    with pytest.raises(WrongLibrary, match=r"holds vectors of stand-in .* import it into a new"):
        other.import_(exported)
    with pytest.raises(EngineError, match="is a library already"):
        Library.make_like(exported, tmp_path / "other")


Members = dict[str, bytes]


def changed(exported: Path, target: Path, change: Callable[[Members], None]) -> Path:
    """The export with other members, and hashes that are right all the same."""
    with zipfile.ZipFile(exported) as packed:
        members = {name: packed.read(name) for name in packed.namelist() if name != HASHES}
    change(members)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    with zipfile.ZipFile(target, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
        packed.writestr(HASHES, json.dumps(hashes))
    return target


def member(members: Members, end: str) -> str:
    return next(name for name in members if name.endswith(end))


def edit_json(end: str, **values: object) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        name = member(members, end)
        members[name] = json.dumps({**json.loads(members[name]), **values}).encode()

    return change


def edit_rows(end: str, edit: Callable[[pa.Table], pa.Table]) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        name = member(members, end)
        table = edit(pa.ipc.open_stream(members[name]).read_all())
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        members[name] = sink.getvalue()

    return change


def infinite(table: pa.Table) -> pa.Table:
    bad = pa.array(np.full(len(table.column("dense")) * 256, np.inf, np.float16))
    column = pa.FixedSizeListArray.from_arrays(bad, 256).cast(table.schema.field("dense").type)
    return table.set_column(3, table.schema.field("dense"), column)


def rename(end: str, name: str) -> Callable[[Members], None]:
    return lambda members: members.update({name: members.pop(member(members, end))})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda m: m.update({"../../evil.pdf": b"x"}), "'../../evil.pdf' is no part of one"),
        (lambda m: m.update({"/etc/passwd": b"x"}), "is no part of one"),
        (rename("1.webp", "documents/" + "a" * 32 + "/images/../1.webp"), "no part of one"),
        (rename("1.webp", "documents/" + "a" * 32 + "/images/1.webp"), "images are not those"),
        (lambda m: m.pop(member(m, "1.webp")) and None, "its images are not those of its pages"),
        (lambda m: m.update({member(m, "1.webp"): b"GIF89a"}), "is no picture"),
        (lambda m: m.pop(member(m, "vectors.arrow")) and None, "vectors.arrow is missing"),
        (lambda m: m.update({member(m, "pages.arrow"): b"x" * 99}), "cannot be read"),
        (edit_rows("pages.arrow", lambda t: t.slice(1)), "pages are told"),
        (edit_rows("vectors.arrow", lambda t: t.slice(1)), "pages have no vectors"),
        (edit_rows("vectors.arrow", lambda t: pa.concat_tables([t, t])), "unasked or twice"),
        (edit_rows("vectors.arrow", infinite), "not finite"),
        (edit_rows("pages.arrow", lambda t: t.drop_columns(["text"])), "other columns"),
        (edit_json("document.json", id="other"), "tells no document"),
        (edit_json("document.json", metadata={"page": 1}), "tells no document"),
        (edit_json(ABOUT, export=99), "an export of format 99"),
        (edit_json(ABOUT, manifest={}), "does not say which library"),
    ],
)
def test_an_export_that_was_made_up_brings_nothing_in(
    library: Library, exported: Path, tmp_path: Path, change: Callable[[Members], None], told: str
) -> None:
    target = Library.open(tmp_path / "target", StandIn(), create=True)
    bad = changed(exported, tmp_path / "bad.zip", change)
    with pytest.raises(BadExport, match=told.replace(".", r"\.")):
        target.import_(bad)
    assert not (tmp_path / "evil.pdf").exists()
    assert target.check() == [] and len(target.documents()) <= 1
    assert target.import_(exported).pages + 2 * len(target.documents()) >= 3 and len(target) == 3


def flip(path: Path, at: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 0x10
    path.write_bytes(content)


def test_a_flipped_bit_is_seen_and_nothing_taken_in(
    library: Library, exported: Path, tmp_path: Path
) -> None:
    """But for the few bytes of a ZIP that mean nothing: times, for one."""
    target = Library.open(tmp_path / "target", StandIn(), create=True)
    whole, seen = exported.read_bytes(), 0
    for step in range(40):
        flip(exported, step / 40)
        try:
            target.import_(exported)
        except BadExport:
            seen += 1
            assert len(target) == 0
        else:
            assert rows(target) == rows(library)
            target.delete([document.id for document in target.documents()])
        exported.write_bytes(whole)
    assert seen >= 30 and target.check() == []


def test_a_file_cut_off_or_of_another_kind_is_refused(exported: Path, tmp_path: Path) -> None:
    target = Library.open(tmp_path / "target", StandIn(), create=True)
    whole = exported.read_bytes()
    for content in (whole[:-1], whole[: len(whole) // 2], b"", b"PK\x03\x04", struct.pack("<I", 1)):
        exported.write_bytes(content)
        with pytest.raises(BadExport, match="cannot be imported: it is none, or cut off"):
            target.import_(exported)
    with zipfile.ZipFile(exported, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(HASHES, b"0" * 10_000_000)  # a bomb would begin so
    with pytest.raises(BadExport, match="is no part of one"):
        target.import_(exported)
