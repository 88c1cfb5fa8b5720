"""A folder is looked at until it changes, and again until it is at rest."""

from collections.abc import Callable
from pathlib import Path

import pytest

from quire.ingest import watch
from quire.ingest.watch import changes


class Waits:
    """Stands in for time: does the next thing instead of waiting, and ends when none is left."""

    def __init__(self, *things: Callable[[], object] | None) -> None:
        self.things = list(things)

    def __call__(self, seconds: float) -> bool:
        assert seconds >= 2
        if not self.things:
            return True
        thing = self.things.pop(0)
        if thing:
            thing()
        return False


def seen(folder: Path, waits: Waits, pass_over: str = "") -> list[int]:
    """How many waits were left at each change."""
    return [len(waits.things) for _ in changes(str(folder), waits, pass_over)]


def test_a_change_is_told_once_when_the_folder_is_at_rest(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    waits = Waits(
        None,
        lambda: file.write_bytes(b"1"),
        lambda: file.write_bytes(b"22"),  # still being copied
        lambda: file.write_bytes(b"333"),
        None,  # at rest
        None,
        file.unlink,
        None,
    )
    assert seen(tmp_path, waits) == [8, 3, 0]


def test_what_changes_while_it_is_dealt_with_is_told_afterwards(tmp_path: Path) -> None:
    found = changes(str(tmp_path), Waits(None, None))
    next(found)
    (tmp_path / "late.pdf").write_bytes(b"1")
    assert [1 for _ in found] == [1]


def test_renamed_moved_and_linked_files_count_and_hidden_ones_do_not(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    (tmp_path / "a").write_bytes(b"1")
    waits = Waits(
        lambda: (tmp_path / "a").rename(tmp_path / "sub" / "a"), None,
        lambda: (tmp_path / ".hidden").write_bytes(b"1"), None,
        lambda: (tmp_path / "dangling").symlink_to("nowhere"), None,
    )  # fmt: skip
    assert seen(tmp_path, waits) == [6, 4, 0]


def test_the_library_inside_does_not_count(tmp_path: Path) -> None:
    own = tmp_path / "quire-library"
    own.mkdir()
    waits = Waits(lambda: (own / "x").write_bytes(b"1"), None)
    assert seen(tmp_path, waits, str(own)) == [2]


def test_a_folder_that_goes_away_and_comes_back_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a").write_bytes(b"1")
    away = tmp_path / "away"
    waits = Waits(lambda: folder.rename(away), None, lambda: away.rename(folder), None)
    assert seen(folder, waits) == [4, 2, 0]


def test_a_folder_that_never_rests_is_dealt_with_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_PATIENCE", 0.0)
    log = tmp_path / "a.log"
    waits = Waits(*[lambda n=n: log.write_bytes(b"1" * n) for n in range(1, 4)])  # type: ignore[misc]
    assert seen(tmp_path, waits) == [3, 2, 1, 0]
