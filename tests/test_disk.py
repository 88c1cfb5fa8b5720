"""A disk that is full, or may only be read, costs nothing that was there."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.errors import EngineError
from quire.engine.store.disk import disk_errors
from quire.engine.store.layout import Layout


def mount(*arguments: str) -> bool:
    command = ["mount", *arguments]
    return shutil.which("mount") is not None and not subprocess.run(command).returncode


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() or not mount("-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)):
        pytest.skip("only root may mount a disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for i in range(60):
        write_pdf(folder / f"{i:02}.pdf", *(f"word{n} " * 20 for n in range(i, i + 3)))
    return folder


def test_a_full_disk_is_told_and_what_was_finished_stays(disk: Path, docs: Path) -> None:
    library = Library.open(disk / "library", StandIn(), create=True)
    library.add(docs / "00.pdf")
    with pytest.raises(EngineError, match="is full: make room, then do the same again"):
        library.add(docs)
    there = len(library.documents())
    assert 1 <= there < 60
    assert library.search("word0", mode="visual")[0].name == "00.pdf"
    with pytest.raises(EngineError, match="is full"):
        library.add(docs)
    assert len(library.documents()) >= there
    assert mount("-o", "remount,size=200m", str(disk))
    before = len(library.documents())
    assert len(library.add(docs).added) == 60 - before
    assert library.check() == [] and len(library) == 180


def test_a_library_that_may_only_be_read_is_searched_and_not_changed(
    disk: Path, docs: Path, tmp_path: Path
) -> None:
    made = Library.open(disk / "library", StandIn(), create=True)
    made.add([docs / "00.pdf", docs / "01.pdf"])
    assert mount("-o", "remount,ro", str(disk))
    library = Library.open(disk / "library", StandIn())
    for mode in ("visual", "text", "hybrid"):
        assert library.search("word0", mode=mode)[0].name == "00.pdf"
    assert library.check() == [] and len(library) == 6
    assert library.export(tmp_path / "out.zip").pages == 6
    for change in (
        lambda: library.add(docs),
        lambda: library.sync(docs),
        lambda: library.delete(docs / "00.pdf"),
        lambda: library.import_(tmp_path / "out.zip"),
        library.repair,
    ):
        with pytest.raises(EngineError, match="may only be read: searching works"):
            change()
    assert len(library.documents()) == 2


def test_other_errors_are_none_of_the_disk(tmp_path: Path) -> None:
    for error in (RuntimeError("a bug"), OSError(13, "Permission denied", "/elsewhere")):
        with pytest.raises(type(error)), disk_errors(Layout(tmp_path)):
            raise error
