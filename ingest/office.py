"""Office documents as PDFs, through LibreOffice: one process group, which may die."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from .failure import Failure, Kind, ReadFailed
from .fence import REFUSED
from .group import end_group, ends_within
from .limits import Limits

INSTALL = (
    "apt-get install --no-install-recommends libreoffice-writer libreoffice-calc "
    "libreoffice-impress"
)
_VERSION_SECONDS = 60


def libreoffice() -> str | None:
    """Where LibreOffice is; None when it is not installed."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    return os.path.realpath(found) if found else None


@cache
def libreoffice_version(program: str) -> str:
    """As "libreoffice 7.4.7.2"."""
    command = [program, "--version"]
    try:
        told = subprocess.run(command, capture_output=True, timeout=_VERSION_SECONDS, text=True)
    except (OSError, subprocess.TimeoutExpired):
        return "libreoffice"
    words = told.stdout.split()
    return f"libreoffice {words[1]}" if len(words) > 1 else "libreoffice"


class Converted:
    """The document as a PDF, in a passing folder that goes when this is closed."""

    def __init__(self, path: str, limits: Limits) -> None:
        """Convert it now. Raises ReadFailed: MISSING without LibreOffice, TIMED_OUT, and so on."""
        self._path = path
        self._folder = tempfile.TemporaryDirectory(
            prefix="quire-office-", ignore_cleanup_errors=True
        )
        self.pdf = str(Path(self._folder.name) / "out" / "document.pdf")
        try:
            program = libreoffice()
            if program is None:
                reason = f"is an Office document, which LibreOffice converts: {INSTALL}"
                raise self._failed(Kind.MISSING, reason)
            self.engine = libreoffice_version(program)
            self._convert(program, limits)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._folder.cleanup()

    def _convert(self, program: str, limits: Limits) -> None:
        life, held = os.pipe()
        command = [sys.executable, "-P", "-W", "ignore", "-m", "quire.ingest.fence", str(life)]
        command += [str(limits.memory), str(limits.max_unpacked_bytes)]
        command += [self._path, self._folder.name, program]
        # Into a file, not a pipe: a process that outlives the first one would keep a pipe open.
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.DEVNULL,
                pass_fds=[life],
                start_new_session=True,
            )
            try:
                in_time = ends_within(process, limits.seconds_to_convert)
            finally:
                code = end_group(process)
                os.close(life)
                os.close(held)
            if not in_time:
                reason = (
                    f"took LibreOffice more than {limits.seconds_to_convert:g} seconds: split it, "
                    "or allow more with --limit seconds_to_convert=..."
                )
                raise self._failed(Kind.TIMED_OUT, reason)
            said.seek(0)
            told = said.read(10_000)
        if code == REFUSED:
            kind, reason = json.loads(told)
            raise self._failed(Kind(kind), reason)
        if not os.path.isfile(self.pdf):
            raise self._failed(*_cause(code))

    def _failed(self, kind: Kind, reason: str) -> ReadFailed:
        return ReadFailed(Failure(self._path, kind, reason))


def _cause(code: int) -> tuple[Kind, str]:
    """Why LibreOffice made no PDF, as far as can be told from its end."""
    if code in (-signal.SIGKILL, 128 + signal.SIGKILL, -signal.SIGABRT, 128 + signal.SIGABRT):
        return Kind.OUT_OF_MEMORY, (
            "took LibreOffice more memory than allowed: allow more with --limit memory=..., or "
            "split it"
        )
    return Kind.DAMAGED, "cannot be read by LibreOffice: open it there and save it anew"
