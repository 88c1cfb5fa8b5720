"""The proofs that take minutes, in short: `make soak` runs them at full length."""

import os
from pathlib import Path

import crash
import pytest
import soak
import together

KILLS = 8


@pytest.mark.slow
def test_kills_lose_double_and_halve_nothing(tmp_path: Path) -> None:
    seed = int.from_bytes(os.urandom(3), "little")
    print(f"seed {seed}")
    run = crash.kills(tmp_path, KILLS, seed)
    assert run.killed.total() == KILLS and set(run.killed) == set(crash.WORKS)
    assert run.docs.texts


@pytest.mark.slow
def test_a_loss_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    run = crash.Run(tmp_path / "library", crash.Folder(tmp_path / "docs", crash.random.Random(1)))
    run.docs.change()
    run.begin("index")
    run.verify(whole=True)
    [document] = run.docs.ids()
    next((tmp_path / "library" / "images" / document).iterdir()).unlink()
    with pytest.raises(AssertionError, match="its image is gone"):
        run.verify()
    run.sure["never there"] = True
    with pytest.raises(AssertionError):
        run.verify()


@pytest.mark.slow
def test_two_processes_that_add_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    busy, looks = together.one_run(tmp_path)
    assert busy > 0 and looks > 0


def test_what_grows_is_told_and_what_comes_and_goes_is_not() -> None:
    flat = [soak.Held(n, 500 + n % 2, 30, 20 + n % 3, 1, 4 + 0.1 * (n % 4)) for n in range(30)]
    assert soak.grown(flat) == []
    leaks = [soak.Held(n, 500 + 5 * n, 30 + n, 20, 1, 4) for n in range(30)]
    assert [line.split()[0] for line in soak.grown(leaks)] == ["memory", "files"]
