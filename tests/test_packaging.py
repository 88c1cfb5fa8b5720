"""The drawing of the house holds: what is shipped, who imports whom, how large files are."""

import ast
import doctest
import importlib
import pkgutil
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONFIG = PROJECT["tool"]["setuptools"]
FOLDERS = {name: ROOT / folder for name, folder in CONFIG["package-dir"].items()}
MAY_IMPORT: dict[str, set[str]] = {
    "quire.engine": {"quire.adapters", "quire.ingest"},
    "quire.adapters": set(),
    "quire.ingest": set(),
}
# Parts of the engine, lowest first: each stands only on those before it.
FLOORS = [
    "errors", "score", "encode", "rerank", "store", "explain", "search", "answer", "evaluate",
    "changing", "carrying", "library", "train", "serve", "cli", "__init__", "__main__",
]  # fmt: skip
HEAVY = {"torch", "transformers", "peft", "lancedb", "pyarrow", "pymupdf", "matplotlib"}


def files(name: str) -> list[Path]:
    """The files of one folder, without what Python and tools leave behind."""
    left = {"__pycache__", ".mypy_cache", ".ruff_cache"}
    return [p for p in FOLDERS[name].rglob("*") if p.is_file() and not left & set(p.parts)]


def modules() -> dict[str, Path]:
    """Import name -> file of every module; a package is named after its folder."""
    found: dict[str, Path] = {}
    for name, folder in FOLDERS.items():
        for file in folder.rglob("*.py"):
            steps = [*name.split("."), *file.relative_to(folder).with_suffix("").parts]
            found[".".join(steps).removesuffix(".__init__")] = file
    return found


def imported(module: str, file: Path) -> Iterator[tuple[str, bool]]:
    """Each name that a module imports in full, and whether it was spelt relatively.

    `from .x import y` may mean a module y: it is given as `...x.y`.
    """
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                steps = package.split(".")
                above = steps[: len(steps) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            yield from ((f"{base}.{alias.name}", node.level > 0) for alias in node.names)


IMPORTS = {module: sorted(imported(module, file)) for module, file in modules().items()}


def folder_of(name: str) -> str:
    return ".".join(name.split(".")[:2])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], set[str]]:
    """The files of the wheel and of the source archive, built from a copy: nothing stays behind."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy / name)
    for name, folder in FOLDERS.items():
        for file in files(name):
            target = copy / folder.name / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy)]
    made = subprocess.run(build, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    [wheel], [archive] = out.glob("*.whl"), out.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        return set(zipfile.ZipFile(wheel).namelist()), set(tar.getnames())


@pytest.mark.slow
def test_the_wheel_holds_every_source_file_and_nothing_else(
    built: tuple[set[str], set[str]],
) -> None:
    shipped = {name for name in built[0] if ".dist-info/" not in name}
    wanted = {
        f"{name.replace('.', '/')}/{file.relative_to(FOLDERS[name]).as_posix()}"
        for name in FOLDERS
        for file in files(name)
    }
    mend = "list new folders under [tool.setuptools] packages, new data files under package-data"
    assert shipped == wanted, mend


@pytest.mark.slow
def test_licence_and_notice_travel_with_the_wheel_and_the_archive(
    built: tuple[set[str], set[str]],
) -> None:
    wheel, archive = built
    for name in ("LICENSE", "NOTICE"):
        assert any(file.endswith(f".dist-info/licenses/{name}") for file in wheel)
        assert any(file.endswith(f"/{name}") for file in archive)


def test_the_installed_version_is_the_one_of_this_tree() -> None:
    assert version("quire") == PROJECT["project"]["version"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_imports_only_what_it_may(name: str) -> None:
    allowed = MAY_IMPORT[name] | {name}
    wrong = [
        (module, found)
        for module, names in IMPORTS.items()
        for found, _ in names
        if folder_of(module) == name and found.startswith("quire.")
        if folder_of(found) not in allowed
    ]
    assert wrong == []


def test_inside_a_folder_imports_are_relative_and_across_folders_absolute() -> None:
    wrong = [
        (module, found)
        for module, names in IMPORTS.items()
        for found, relative in names
        if found.startswith("quire.") and relative != (folder_of(found) == folder_of(module))
    ]
    assert wrong == []


def test_nobody_imports_a_folder_by_its_bare_name() -> None:
    bare = {name.removeprefix("quire.") for name in FOLDERS}
    texts = {str(f): f for f in (ROOT / "tests").rglob("*.py")} | modules()
    wrong = [
        (name, found)
        for name, file in texts.items()
        for found, relative in imported(name, file)
        if not relative and found.split(".")[0] in bare
    ]
    assert wrong == [], "a second copy of every class: import quire.engine, never engine"


def part_of(name: str) -> str:
    """The part of the engine that a module, or a name in one, belongs to."""
    steps = name.split(".")
    part = steps[2] if len(steps) > 2 else "__init__"
    assert part in FLOORS, f"{name}: give {part!r} a place in FLOORS"
    return part


def test_each_part_of_the_engine_stands_only_on_those_below_it() -> None:
    inside = [
        (module, found)
        for module, names in IMPORTS.items()
        for found, _ in names
        if module.startswith("quire.engine.") and found.startswith("quire.engine.")
    ]
    wrong = [
        (module, found)
        for module, found in inside
        if FLOORS.index(part_of(found)) > FLOORS.index(part_of(module))
    ]
    assert len(inside) > 10
    assert wrong == []


def test_the_typical_source_file_is_short() -> None:
    lengths = [len(f.read_text(encoding="utf-8").splitlines()) for f in modules().values()]
    assert statistics.median(lengths) < 150


@pytest.mark.parametrize("module", ["quire.engine", "quire.engine.cli.app", "quire.ingest"])
def test_importing_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert HEAVY & set(told.split()) == set(), "import heavy packages inside functions"


def test_static_checkers_find_the_folders_through_the_links() -> None:
    for name, folder in FOLDERS.items():
        assert (ROOT / ".types" / name.replace(".", "/")).resolve() == folder


def every_module() -> list[str]:
    found = []
    for name in FOLDERS:
        package = importlib.import_module(name)
        found += [name, *(m.name for m in pkgutil.walk_packages(package.__path__, f"{name}."))]
    return [name for name in found if not name.endswith("__main__")]


# Triton is no requirement: it comes with torch's builds for CUDA, and with the extra `kernels`.
IN_TRITON = {"quire.engine.score.fused", "quire.engine.score.kernels"}


def test_examples_in_docstrings_are_true() -> None:
    without = set() if find_spec("triton") else IN_TRITON
    for name in set(every_module()) - without:
        result = doctest.testmod(importlib.import_module(name))
        assert result.failed == 0, f"{name}: {result}"


def test_every_package_of_the_environment_is_pinned_exactly() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9.-]+==[0-9][a-z0-9.]*", pin) for pin in pins)
    pinned = {pin.partition("==")[0] for pin in pins}
    asked = [*PROJECT["project"]["dependencies"]]
    for extra in PROJECT["project"]["optional-dependencies"].values():
        asked += extra
    names = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in asked}
    assert names - pinned == set()
    [torch] = [pin for pin in pins if pin.startswith("torch==")]
    assert torch in (ROOT / "Makefile").read_text(encoding="utf-8")
