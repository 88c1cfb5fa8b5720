"""With what a file was tried: when it fails and nothing of this changes, it would fail again."""

import hashlib
import shutil

from quire.ingest.errors import IngestError
from quire.ingest.limits import Limits
from quire.ingest.options import Reading
from quire.ingest.version import engine_version

PROGRAMS = ("soffice", "tesseract")


def tried_with(limits: Limits, how: Reading) -> str:
    """16 hex digits of the limits, choices, libraries and programs that reading depends on.

    Of passwords only how many there are: with one given more, locked files are worth a try.
    """
    told = [repr(limits), repr(how), str(len(how.passwords))]
    for engine in how.engines:
        try:
            told.append(engine_version(engine))
        except IngestError:
            told.append(f"no {engine}")
    told += [program for program in PROGRAMS if shutil.which(program)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
