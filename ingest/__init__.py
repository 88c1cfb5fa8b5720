"""Files to documents to pages: picture, words with boxes, text, outline.

Knows no model and no database. Every file is opened in a separate process with limits on
time and memory, which is replaced when it oversteps them.
"""

from .budget import PixelBudget, fit
from .document import Document, document_id
from .errors import IngestError
from .failure import Failure, Kind, ReadFailed
from .find import Found, Source, find
from .limits import Limits
from .options import Reading
from .page import Box, Page, Word
from .read import OpenDocument, open_pages, read
from .version import engine_version

__all__ = [
    "Box",
    "Document",
    "Failure",
    "Found",
    "IngestError",
    "Kind",
    "Limits",
    "OpenDocument",
    "Page",
    "PixelBudget",
    "ReadFailed",
    "Reading",
    "Source",
    "Word",
    "document_id",
    "engine_version",
    "find",
    "fit",
    "open_pages",
    "read",
]
