"""Metadata of many documents in one file beside them: CSV or JSON."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import EngineError

FILE = "file"  # the column, or key, that names the document


class Sidecar:
    """Paths of a document -> what is to be noted of it; None where the file says nothing."""

    def __init__(self, path: Path, notes: Mapping[str, dict[str, Any]]) -> None:
        """notes: by file, as it is named in `path`: a name, or a path from there."""
        self.path = path
        self._by_path = {str((path.parent / name).absolute()): name for name in notes}
        self._by_name: dict[str, str | None] = {}
        for name in notes:
            last = Path(name).name
            self._by_name[last] = None if last in self._by_name else name
        self._notes = dict(notes)
        self._used: set[str] = set()

    def __call__(self, paths: Sequence[str]) -> dict[str, Any] | None:
        """By path, else by a name that stands there once."""
        for path in paths:
            name = self._by_path.get(path) or self._by_name.get(Path(path).name)
            if name is not None:
                self._used.add(name)
                return self._notes[name]
        return None

    def check(self, check: Callable[[Mapping[str, Any]], None]) -> None:
        """Call `check`, which may raise, with what is said of each file."""
        for told in self._notes.values():
            check(told)

    def unused(self) -> list[str]:
        """Files that nothing was asked of: misspelt, most likely."""
        return [name for name in self._notes if name not in self._used]


def notes_of(
    metadata: Mapping[str, Any] | Sidecar | None, check: Callable[[Mapping[str, Any]], None]
) -> Callable[[Sequence[str]], Mapping[str, Any] | None]:
    """What is to be noted of a document, by its paths; all of it was checked."""
    if isinstance(metadata, Sidecar):
        metadata.check(check)
        return metadata
    check(metadata or {})
    return lambda paths: metadata


def read_sidecar(path: str | Path) -> Sidecar:
    """CSV with a column "file", or JSON: a list of objects with "file", or file -> object.

    In CSV numbers become numbers and empty cells are left out. Raises EngineError for a file that
    holds something else, naming the line; OSError for one that cannot be read.
    """
    file = Path(path).expanduser().absolute()
    text = file.read_text(encoding="utf-8-sig")
    rows = _json_rows(file, text) if file.suffix.lower() == ".json" else _csv_rows(file, text)
    notes: dict[str, dict[str, Any]] = {}
    for where, row in rows:
        name = row.pop(FILE, None)
        if not isinstance(name, str) or not name:
            raise EngineError(f"{where}: no {FILE!r}: name the document there")
        if name in notes:
            raise EngineError(f"{where}: {name!r} stands there twice: keep one of them")
        notes[name] = row
    return Sidecar(file, notes)


def _csv_rows(file: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(text.splitlines())
    for row in reader:
        where = f"{file}, line {reader.line_num}"
        if None in row:
            raise EngineError(f"{where}: more cells than the first line has names: quote commas")
        name = row.pop(FILE, None)
        told = {key: _typed(value) for key, value in row.items() if value not in (None, "")}
        yield where, {**told, FILE: name}


def _json_rows(file: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        told = json.loads(text)
    except ValueError as error:
        raise EngineError(f"{file} is no JSON ({error}): mend it, or write CSV") from error
    if isinstance(told, dict):
        told = [{**row, FILE: name} if isinstance(row, dict) else row for name, row in told.items()]
    if not isinstance(told, list):
        told = [told]
    for number, row in enumerate(told, start=1):
        where = f"{file}, entry {number}"
        if not isinstance(row, dict):
            raise EngineError(f"{where}: got {row!r}: write an object of names and values")
        yield where, dict(row)


def _typed(cell: str) -> int | float | str:
    for kind in (int, float):
        try:
            value = kind(cell)
        except ValueError:
            continue
        return value if str(value) == cell.strip() else cell  # "007" is no number, nor is "1e3"
    return cell
