"""Vectors written together again, and compared with what they were.

    python -m quire.engine.store.compacting LIBRARY

LanceDB reads many fragments at once for it: 3,000 pages of 120 KB took 628 MB, 300 took 284. What
it takes can be set by the environment only, for the whole of a process and before it starts. So a
large table is compacted in a process of its own, which needs half as much and takes it along.
"""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from quire.ingest.confine import die_with
from quire.ingest.group import end_group

from ..errors import EngineError
from .layout import Layout
from .sealing import broken_seals

if TYPE_CHECKING:
    from .tables import Tables

APART = 500  # pages: fewer are not worth the second and a half that a process takes to start
UNDONE = 3  # how the process ends when it changed what it should not
KEEP = timedelta(days=1)
_NARROW = {
    "LANCE_DEFAULT_BATCH_SIZE": "16",
    "LANCE_CPU_THREADS": "1",
    "LANCE_IO_THREADS": "2",
    "LANCE_DEFAULT_FRAGMENT_READAHEAD": "1",
    "LANCE_DEFAULT_IO_BUFFER_SIZE": str(16 * 2**20),
}


def compact_vectors(tables: "Tables") -> None:
    """Raises EngineError when it changed anything but the place of things; it is then undone.

    The caller holds the locks of the library. Versions of before are kept.
    """
    if tables.vectors.count_rows() < APART:
        compact_here(tables)
        return
    # -P: the folder we happen to run in must not provide the child's modules.
    command = [sys.executable, "-P", "-W", "ignore", "-m", __name__, str(tables.layout.root)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,  # as long as we hold it the child lives
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **_NARROW},
        start_new_session=True,  # so that its end is nobody else's
    ) as process:
        try:
            assert process.stderr
            told = process.stderr.read().decode(errors="replace").strip()
            process.wait()
        finally:
            code = end_group(process)
    if code:
        reason = told.splitlines()[-1] if told else f"compacting ended with {code}"
        raise EngineError(reason) if code == UNDONE else RuntimeError(reason)


def compact_here(tables: "Tables") -> None:
    """The same in this process."""
    vectors = tables.vectors
    before, kept = vectors.count_rows(), vectors.version
    # What was there before goes when what came of it is known to be whole.
    vectors.optimize(cleanup_older_than=KEEP)
    if vectors.count_rows() != before or not _still_sealed(tables, kept):
        vectors.restore(kept)
        raise EngineError(
            "compacting vectors changed them, so that was undone: `quire doctor` on "
            f"{tables.layout.root} tells more"
        )


def _still_sealed(tables: "Tables", before: int) -> bool:
    """Whether the vectors are what they were in that version."""
    broken = broken_seals(tables.pages, tables.vectors)
    if not broken:
        return True
    tables.vectors.checkout(before)
    try:  # what was broken before is not our doing: `check` tells it
        return broken <= broken_seals(tables.pages, tables.vectors)
    finally:
        tables.vectors.checkout_latest()


def main(root: str) -> int:
    from .tables import Tables

    die_with(sys.stdin.fileno())
    try:
        compact_here(Tables(Layout(Path(root))))
    except EngineError as error:
        print(error, file=sys.stderr)
        return UNDONE
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
