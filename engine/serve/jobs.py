"""Adding documents in the background: what is going on, and how to stop it."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quire.ingest.document import Document
from quire.ingest.failure import Failure
from quire.ingest.limits import Limits

from ..errors import QUIRE_ERRORS, LibraryBusy, NoSuchPage
from ..library import Library
from ..store.text import storable
from .uploads import Uploads

KEPT = 50  # jobs that are over are remembered
SHOWN_FAILURES = 200
OVER = ("done", "stopped", "failed")


class Stopped(Exception):
    """Somebody asked for it."""


@dataclass
class Job:
    """One upload on its way into the library. As `Progress` it is told how it goes.

    state: "waiting", "adding", then "done", "stopped" or "failed".
    changes: rises with each change, so that a watcher knows when to look.
    """

    id: str
    files: list[Path]
    state: str = "waiting"
    problem: str = ""
    done_files: int = 0
    pages: int = 0
    current: dict[str, Any] | None = None
    failures: list[dict[str, Any]] = field(default_factory=list)
    failed_files: int = 0
    added: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    changes: int = 0
    stopping: bool = False
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0

    @property
    def over(self) -> bool:
        return self.state in OVER

    def start(self, total: int) -> None:
        self._look()

    def page(self, document: Document, number: int) -> None:
        name = name_of(document.paths[0])
        if self.current is not None and self.current["document"] != document.id:
            self.done_files += 1
        self.current = {
            "document": document.id, "name": name, "page": number, "pages": document.pages,
        }  # fmt: skip
        self.pages += 1
        self._look()

    def failed(self, failure: Failure) -> None:
        if failure.page is None:
            self.failed_files += 1
        if len(self.failures) < SHOWN_FAILURES:
            self.failures.append(failure_as_dict(failure))
        self._look()

    def stop(self) -> bool:
        return self.stopping

    def done(self) -> None:
        self._look()

    def _look(self) -> None:
        self.changes += 1
        if self.stopping:
            raise Stopped

    def as_dict(self) -> dict[str, Any]:
        """As JSON values; no path of this machine is among them."""
        return {
            "id": self.id,
            "state": self.state,
            "problem": self.problem,
            "files": len(self.files),
            "done_files": min(self.done_files + self.failed_files, len(self.files)),
            "pages": self.pages,
            "current": self.current,
            "added": list(self.added),
            "skipped": list(self.skipped),
            "failures": list(self.failures),
            "seconds": (self.ended or time.monotonic()) - self.began,
        }


class Jobs:
    """The jobs of one server, one after the other in the order in which they came."""

    def __init__(self, uploads: Callable[[], Uploads], limits: Limits) -> None:
        self._uploads, self._limits = uploads, limits
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def new(self, files: list[Path]) -> Job:
        job = Job(secrets.token_hex(8), files)
        with self._lock:
            self._jobs[job.id] = job
            over = [key for key, old in self._jobs.items() if old.over]
            for key in over[: max(0, len(self._jobs) - KEPT)]:
                del self._jobs[key]
        return job

    def all(self) -> list[Job]:
        """Newest first."""
        with self._lock:
            return list(self._jobs.values())[::-1]

    def get(self, key: str) -> Job:
        """Raises NoSuchPage."""
        job = self._jobs.get(key)
        if job is None:
            raise NoSuchPage(f"no job {key}: it was over long ago, or before the server started")
        return job

    def stop(self, key: str) -> Job:
        """Ask a job to end; documents that it has finished stay."""
        job = self.get(key)
        if not job.over:
            job.stopping = True
            job.changes += 1
        return job

    def work(self, job: Job, library: Library) -> None:
        """Do it. Runs in the one thread that writes; raises nothing."""
        try:
            if job.stopping:
                raise Stopped
            job.state = "adding"
            job.changes += 1
            report = library.add(job.files, progress=job, limits=self._limits)
            job.added = [_told(document) for document in report.added]
            job.skipped = [_told(document) for document in report.skipped]
            job.done_files = len(job.files) - report.left
            job.state = "stopped" if report.left else "done"
        except Stopped:
            job.state = "stopped"
        except LibraryBusy:
            job.state = "failed"
            job.problem = "another program is writing to this library: try again when it is done"
        except (OSError, *QUIRE_ERRORS) as error:
            job.state, job.problem = "failed", str(error)
        finally:
            job.current, job.ended = None, time.monotonic()
            self._clear(job, library)
            job.changes += 1

    def _clear(self, job: Job, library: Library) -> None:
        """Files that did not become documents are of no use here."""
        kept = {path for document in library.documents() for path in document.paths}
        for file in job.files:
            if str(file) not in kept:
                self._uploads().drop(file)


def name_of(path: str) -> str:
    """The file's name alone, in printable Unicode."""
    return storable(Path(path).name)


def failure_as_dict(failure: Failure) -> dict[str, Any]:
    return {
        "name": name_of(failure.path),
        "kind": str(failure.kind),
        "reason": failure.reason,
        "page": failure.page,
    }


def _told(document: Document) -> dict[str, Any]:
    return {"document": document.id, "name": name_of(document.paths[0]), "pages": document.pages}
