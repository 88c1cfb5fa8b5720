"""Exit codes, and which error ends in which."""

from quire.ingest.errors import IngestError

from ..errors import QUIRE_ERRORS, EvaluationError, NoFolder, SearchError

DONE = 0
SOME_FAILED = 1  # some inputs failed and were reported; the rest is done
USAGE = 2  # the command cannot be meant like that
REFUSED = 3  # the command is right, but the library, model or installation is not
STOPPED = 130  # Ctrl-C, as shells count it


class UsageError(Exception):
    """An argument that cannot be meant; the text says what to write instead."""


class Refused(Exception):
    """Something beside the arguments stands in the way; the text says how to clear it."""


def code_of(error: Exception) -> int | None:
    """The exit code of an error raised on purpose; None for what only a bug can raise."""
    if isinstance(error, UsageError | NoFolder | SearchError | EvaluationError | IngestError):
        return USAGE
    if isinstance(error, (Refused, OSError, *QUIRE_ERRORS)):
        return REFUSED
    return None
