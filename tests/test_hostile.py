"""Files made to break readers: each ends in exactly one outcome, and nobody dies of it."""

import os
import shutil
import socket
from collections import Counter
from pathlib import Path

import fuzz
import fuzz_formats
import hostile
import pytest

from quire.ingest.outcome import INDEXED, OUTCOMES, UNCHANGED

SECONDS = {"seconds_per_page": 20.0, "seconds_to_open": 20.0, "seconds_to_convert": 60.0}


def ends(result: dict[str, dict[str, list[dict[str, str]]]]) -> dict[str, str]:
    return {Path(path).name: end["outcome"] for path, [end] in result["files"].items()}


@pytest.mark.slow
def test_damaged_files_end_in_one_outcome_and_a_second_run_reads_none(tmp_path: Path) -> None:
    fuzz.make(tmp_path / "files", seed=7, variants=25, with_bombs=False)
    for office in (tmp_path / "files").rglob("*.[dxo]*"):
        if office.suffix in (".docx", ".xlsx", ".odt", ".odp"):
            office.unlink()  # seconds each; `make fuzz` reads them
    state = tmp_path / "state.json"
    first = hostile.run(tmp_path / "files", state, SECONDS)
    assert not first["died"] and first["unclassified"] == []
    assert set(ends(first).values()) <= set(OUTCOMES)
    good = {
        name: end for name, end in ends(first).items() if (tmp_path / "files/good" / name).exists()
    }
    assert good.pop("locked.pdf") == "needs password"
    assert set(good.values()) == {INDEXED}, good
    assert first["parent_mb"] < 300
    again = hostile.run(tmp_path / "files", state, SECONDS)
    assert again["seconds"] < first["seconds"]
    assert all(end.get("again") or not end["id"] for [end] in again["files"].values())
    renamed = {name: UNCHANGED if end == INDEXED else end for name, end in ends(first).items()}
    assert ends(again) == renamed
    table = "\n".join(hostile.report(again))
    assert "0 without an outcome" in table and f"{UNCHANGED}" in table


@pytest.mark.slow
def test_bombs_are_defused(tmp_path: Path) -> None:
    fuzz.bombs(tmp_path)
    (tmp_path / "bomb-kids.pdf").unlink()  # 50,000 pages: one of the limits of `make fuzz`
    result = hostile.run(tmp_path, None, SECONDS)
    assert not result["died"] and result["unclassified"] == []
    told = ends(result)
    large = {"bomb-tall.pdf", "bomb.png", "bomb.txt"}
    assert {name for name, end in told.items() if end == "too large"} >= large, told
    assert INDEXED not in {told["bomb.docx"], told["bomb-lies.docx"]}
    assert result["parent_mb"] < 300 and result["worker_mb"] < 2500


@pytest.mark.slow
def test_odd_files_of_every_format_and_things_that_are_none_end_in_one_outcome(
    tmp_path: Path,
) -> None:
    fuzz_formats.make(tmp_path / "files", seed=5, each=1)
    result = hostile.run(tmp_path / "files", None, SECONDS, jobs=2)
    assert not result["died"] and result["unclassified"] == []
    told = ends(result)
    assert told["sparse.pdf"] == "too large"
    assert {told[name] for name in ("loop.pdf", "zero.txt", "pipe.docx", "socket.png")} == {
        "unreadable"
    }
    assert result["parent_mb"] < 300 and result["worker_mb"] < 2500


def test_a_death_of_the_reading_process_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("hello")
    script = tmp_path / "elsewhere" / "hostile.py"
    script.parent.mkdir()
    script.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(hostile, "__file__", str(script))
    result = hostile.run(tmp_path, None, {})
    assert result["died"] and str(tmp_path / "a.txt") in result["unclassified"]
    assert "died" in list(hostile.report(result))[-1]
    shutil.rmtree(script.parent)


def test_every_thing_in_a_folder_is_accounted_for(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "things"
    folder.mkdir(parents=True)
    (folder / ".hidden.txt").write_text("hello")
    (folder / "two\nlines.txt").write_text("hello there")
    (folder / os.fsdecode(b"no \xff utf-8.txt")).write_text("hello again")
    (folder / ("n" * 251 + ".txt")).write_text("hello once more")
    (folder / "nowhere.pdf").symlink_to("missing")
    (folder / "loop.pdf").symlink_to("loop.pdf")
    (folder / "up").symlink_to("..")  # to a folder: not followed
    (folder / "zero.pdf").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.pdf")
    with socket.socket(socket.AF_UNIX) as own:
        own.bind(str(folder / "socket.pdf"))
    result = hostile.run(tmp_path / "b" / ".." / "a", None, {}, jobs=2)
    assert not result["died"] and result["unclassified"] == []
    counts = Counter(ends(result).values())
    assert counts == {INDEXED: 4, "unreadable": 5}
    lines = list(hostile.report(result))
    assert len(lines) == len(OUTCOMES) + 5 + 2 and all(line.isprintable() for line in lines)


def test_a_process_that_falls_silent_counts_as_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "hostile.py"
    script.write_text("import time\ntime.sleep(1000)")
    monkeypatch.setattr(hostile, "__file__", str(script))
    monkeypatch.setattr(hostile, "longest_silence", lambda limits: 0.1)
    assert hostile.run(tmp_path, None, {})["died"]
