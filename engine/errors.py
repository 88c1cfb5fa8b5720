"""What the engine raises on purpose. The command line shows only the text."""

from quire.adapters.errors import AdapterError
from quire.ingest.errors import IngestError


class EngineError(Exception):
    """Base of everything `quire.engine` raises on purpose; its text says what to do next."""


class NotALibrary(EngineError):
    """The folder is no quire library, or one that this version cannot read."""


class WrongLibrary(EngineError):
    """The library was made by another encoder: its vectors cannot be compared with ours."""


class LibraryBusy(EngineError):
    """Another process is writing to the library."""


class BadExport(EngineError):
    """A file that is no export of a library, or no whole one."""


class NoFolder(EngineError):
    """What a library is to match is no folder, or its disk is away."""


class EmptyLibrary(EngineError):
    """Nothing has been indexed yet, so there is nothing to search."""


class SearchError(EngineError):
    """A query, `k` or filter that cannot be answered as it stands."""


class EncodeError(EngineError):
    """A checkpoint, task or input that the encoder refuses."""


class RerankError(EngineError):
    """A checkpoint or candidate that a reranker refuses."""


class AnswerError(EngineError):
    """A generator that cannot be used, or that does not answer."""


class EvaluationError(EngineError):
    """A folder of questions and judgements that cannot be judged as it stands."""


class ServeError(EngineError):
    """A server that cannot be run as it was asked to."""


class NotReady(EngineError):
    """A server that is still opening its library, or could not."""


class NoSuchPage(EngineError):
    """A document, page or job that is not there, or no more."""


# Everything the three folders raise on purpose: for `except` at the edge.
QUIRE_ERRORS = (EngineError, AdapterError, IngestError)
