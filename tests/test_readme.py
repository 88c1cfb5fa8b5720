"""What the README tells people to type, typed."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands() -> list[list[str]]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def run(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"


def test_pictures_and_pages_that_the_readme_links_to_are_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert len(links) >= 3
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("command", [c for c in commands() if c[0] == "make"], ids=shlex.join)
def test_make_knows_what_the_readme_asks_of_it(command: list[str]) -> None:
    run([*command, "--dry-run"], ROOT)


@pytest.mark.slow
def test_the_commands_of_the_readme_work(tmp_path: Path) -> None:
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    typed = [command for command in commands() if command[0] == "quire"]
    assert len(typed) >= 6
    for command in typed:
        run(command, tmp_path)
    assert (tmp_path / "found.png").stat().st_size > 10_000


@pytest.mark.slow
def test_the_python_of_the_readme_works(tmp_path: Path) -> None:
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    [program] = blocks("python")
    assert len(program.splitlines()) <= 12
    run([sys.executable, "-c", program], tmp_path)
    assert (tmp_path / "page.png").stat().st_size > 10_000
