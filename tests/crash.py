"""Kills indexing, syncing, deleting and compacting at random moments, and looks at what is left.

    python tests/crash.py [--kills 200] [--seed N]

A small library stands beside a folder that changes all the time. Again and again a process begins
one of four kinds of work and is ended by SIGKILL somewhere in it: every other time at any moment,
else about the time of a write, which is where it could hurt. It tells what is done as soon as it
is; after each kill all that was told must hold: documents that came are there, with every page
and its words, once; documents that went are gone; nothing of the rest is halved; no reading process
is left over. In the end the work runs undisturbed, and nothing is found wrong. `make soak` runs it.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from standin import StandIn, write_pdf

from quire.engine import Library
from quire.ingest import document_id

WORKS = ("index", "sync", "delete", "compact")
MOST_DOCUMENTS, MOST_PAGES = 9, 6
HARMLESS = "The next add removes them."  # what a killed run leaves, and says so
MARK = "QUIRE_CRASH"  # in the environment of all that a run starts
SECONDS_TO_END = 10


def work(name: str, library: str, docs: str, arguments: list[str]) -> None:
    """What is killed. Every line says what is now certain, or that something is being written."""
    from lancedb.merge import LanceMergeInsertBuilder
    from lancedb.table import LanceTable

    from quire.engine.store import saving
    from quire.engine.store import writing as store_writing
    from quire.engine.store.lock import writing
    from quire.engine.store.writing import Writer

    class Telling(Writer):
        def commit(self, document: Any, *rest: Any, **more: Any) -> Any:
            print("comes", document.id, flush=True)  # until it came, nobody can be sure
            entry = super().commit(document, *rest, **more)
            print("came", document.id, flush=True)
            return entry

        def delete(self, *documents: str) -> None:
            print("goes", *documents, flush=True)
            super().delete(*documents)
            print("went", *documents, flush=True)

    for owner, writes in (
        (LanceTable, ("add", "delete", "optimize")),
        (LanceMergeInsertBuilder, ("execute",)),
        (saving, ("save_image",)),
        (store_writing, ("drop_images",)),
    ):
        for method in writes:
            setattr(owner, method, stepping(getattr(owner, method)))
    # Whoever writes gets one that tells.
    for module in [m for name, m in sys.modules.items() if name.startswith("quire.engine")]:
        if getattr(module, "Writer", None) is Writer:
            module.Writer = Telling  # type: ignore[attr-defined]
    opened = Library.open(library, StandIn(), create=True)
    print("ready", flush=True)
    if name == "index":
        opened.add(docs)
    elif name == "sync":
        opened.sync(docs)
    elif name == "delete":
        opened.delete(arguments)
    else:
        with writing(opened._layout):
            opened._tables.tidy()
    print("done", flush=True)


def stepping(method: Callable[..., Any]) -> Callable[..., Any]:
    """The same, with a line before and after."""

    def stepped(*given: Any, **more: Any) -> Any:
        print("step", flush=True)
        try:
            return method(*given, **more)
        finally:
            print("step", flush=True)

    return stepped


@dataclass
class Folder:
    """Documents that come, change, move and go. `texts`: of each that ever was, by id."""

    path: Path
    chance: random.Random
    texts: dict[str, list[str]] = field(default_factory=dict)
    _made: int = 0

    def change(self) -> None:
        files = sorted(self.path.iterdir())
        kind = self.chance.choice(("new", "new", "replace", "move", "copy", "remove"))
        if not files or (kind in ("new", "copy") and len(files) < MOST_DOCUMENTS):
            self._write(self.path / f"{self._made:04}.pdf")
        elif kind == "replace":
            self._write(self.chance.choice(files))
        elif kind == "move":
            self.chance.choice(files).rename(self.path / f"moved-{self._made:04}.pdf")
            self._made += 1
        elif kind == "copy":
            chosen = self.chance.choice(files)
            chosen.with_name(f"copy-{self._made:04}.pdf").write_bytes(chosen.read_bytes())
            self._made += 1
        else:
            self.chance.choice(files).unlink()

    def _write(self, path: Path) -> None:
        self._made += 1
        pages = self.chance.randint(1, MOST_PAGES)
        texts = [f"document{self._made} page{number}" for number in range(1, pages + 1)]
        write_pdf(path, *texts)
        self.texts[document_id(path)] = texts

    def ids(self) -> set[str]:
        return {document_id(path) for path in self.path.iterdir()}


@dataclass
class Run:
    """One library and its folder. `sure`: id -> whether it is there, as far as was told."""

    library: Path
    docs: Folder
    sure: dict[str, bool] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)
    finished: Counter[str] = field(default_factory=Counter)
    leftovers: int = 0  # runs after which a cleaning up was due
    # Of runs that were not killed, seconds from "ready" to "done", and lines told.
    usual: dict[str, float] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def begin(self, name: str, seconds: float | None = None, after: int = 0) -> None:
        """Begin one work, let it tell `after` lines, and kill it so many seconds later, if any.

        Raises AssertionError when it ends in any other way.
        """
        arguments: list[str] = []
        if name == "delete":
            there = sorted(key for key, is_there in self.sure.items() if is_there)
            arguments = there[:1]
            if not there:
                name = "index"  # so that there is something
        token = f"{os.getpid()}-{time.monotonic_ns()}"
        command = [sys.executable, __file__, "--work", name, str(self.library)]
        command += [str(self.docs.path), *arguments]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, MARK: token}
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first == "ready\n", f"{name} did not begin: {first!r}"
        began = time.monotonic()
        told = [process.stdout.readline() for _ in range(after)]
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        told += process.stdout.read().splitlines()
        process.stdout.close()
        code = process.wait()
        assert code in (0, -9), f"{name} ended with {code}"
        if code == 0:
            # Of the runs that had something to do: a lot of them have nothing.
            self.usual[name] = max(time.monotonic() - began, 0.8 * self.usual.get(name, 0))
            self.lines[name] = max(len(told), int(0.8 * self.lines.get(name, 0)))
        (self.killed if code else self.finished)[name] += 1
        for line in told:
            what, *keys = line.split() or [""]
            for key in keys:
                self.sure.pop(key, None)
                if what in ("came", "went"):
                    self.sure[key] = what == "came"
        self._nobody_left(token)

    def verify(self, whole: bool = False) -> None:
        """All that was told holds. whole: the work was not disturbed, so nothing is to be done."""
        library = Library.open(self.library, StandIn())
        problems = library.check()
        open_ends = [problem for problem in problems if not problem.endswith(HARMLESS)]
        assert not open_ends, open_ends
        assert not (whole and problems), problems
        self.leftovers += bool(problems)
        documents = {document.id: document for document in library.documents()}
        for key, there in self.sure.items():
            assert (key in documents) == there, f"{key}: told {there}, found {not there}"
        assert documents.keys() <= self.docs.texts.keys()
        hits = library.search("page", k=10_000, mode="visual") if documents else []
        found = Counter((hit.document.id, hit.page, hit.text.strip()) for hit in hits)
        due = Counter(
            (key, number, text)
            for key in documents
            for number, text in enumerate(self.docs.texts[key], start=1)
        )
        assert found == due, (found - due, due - found)
        paths = Counter(path for document in documents.values() for path in document.paths)
        if whole:
            assert max(paths.values(), default=1) == 1, paths
            assert library._tables.pages.count_rows() == sum(due.values())
            assert library._tables.vectors.count_rows() == sum(due.values())
        self.sure = dict.fromkeys(self.docs.texts, False) | dict.fromkeys(documents, True)

    def _nobody_left(self, token: str) -> None:
        """The reading processes end with the one that started them."""
        deadline = time.monotonic() + SECONDS_TO_END
        mark = f"{MARK}={token}".encode()
        while left := [pid for pid in os.listdir("/proc") if pid.isdigit() and _has(pid, mark)]:
            assert time.monotonic() < deadline, f"still running: {left}"
            time.sleep(0.01)


def _has(pid: str, mark: bytes) -> bool:
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def kills(folder: Path, number: int, seed: int, say: Any = lambda line: None) -> Run:
    """So many kills, in turn of each kind of work, then all of them undisturbed."""
    chance = random.Random(seed)
    (folder / "docs").mkdir()
    run = Run(folder / "library", Folder(folder / "docs", chance))
    for _ in range(5):
        run.docs.change()
    began = time.monotonic()
    while run.killed.total() < number:
        name = next((name for name in WORKS if name not in run.usual), None)
        for _ in range(chance.randint(0, 3)):
            run.docs.change()
        if name is not None:
            run.begin(name)  # the first time of each, to see how long it takes
            continue
        name = WORKS[run.killed.total() % len(WORKS)]
        if chance.random() < 0.5:
            run.begin(name, chance.uniform(0, 1.1 * run.usual[name]))
        else:
            run.begin(name, chance.uniform(0, 0.01), chance.randrange(run.lines[name]))
        if (run.library / "manifest.json").exists():
            run.verify()
        if run.killed.total() % 5 == 0:
            say(f"{run.killed.total()} kills, {time.monotonic() - began:.0f} s")
    for name in WORKS:
        run.begin(name)
        run.verify(whole=True)
    run.begin("sync")
    run.verify(whole=True)
    there = {document.id for document in Library.open(run.library, StandIn()).documents()}
    assert there == run.docs.ids()
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "little"))
    parser.add_argument("--work", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work[0], given.work[1], given.work[2], given.work[3:])
        return
    print(f"seed {given.seed}", flush=True)
    with TemporaryDirectory(prefix="quire-crash-") as folder:
        run = kills(Path(folder), given.kills, given.seed, lambda line: print(line, flush=True))
    print(f"killed: {dict(run.killed)}; came to their end before: {dict(run.finished)}")
    print(f"{len(run.docs.texts)} documents came and went; {run.leftovers} kills left something")
    print("to remove, which the next run did; nothing was lost, doubled or halved")


if __name__ == "__main__":
    main()
