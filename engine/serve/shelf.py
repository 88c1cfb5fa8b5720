"""The one library that a server has, from the moment it is opened."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from quire.ingest.document import Document

from ..errors import QUIRE_ERRORS, EmptyLibrary, NoSuchPage, NotReady
from ..library import Library
from ..search.hits import Hit
from .encoding import SharedEncoder

log = logging.getLogger(__name__)
LOOK_AGAIN = 1.0  # seconds between two looks for a document that is not known


class Shelf:
    """Opens the library in a thread of its own; until then `library` raises NotReady."""

    def __init__(self, open_library: Callable[[], Library]) -> None:
        self._open = open_library
        self._library: Library | None = None
        self._known: dict[str, Document] = {}
        self._looked = 0.0
        self._lock = threading.Lock()
        self.state: Literal["loading", "ready", "failed"] = "loading"
        self.problem = ""

    def open(self) -> None:
        """Blocks until the library can be searched, or is known to be impossible to open."""
        try:
            library = self._open()
            self._known = {document.id: document for document in library.documents()}
            with suppress(EmptyLibrary):
                # What the first search reads into memory and works out is worked out now.
                _ = library.search("first", k=1).relevance
            self._library, self.state = library, "ready"
        except (OSError, *QUIRE_ERRORS) as error:
            self.state, self.problem = "failed", str(error)
            log.error("the library cannot be opened: %s", error)

    @property
    def library(self) -> Library:
        if self._library is None:
            told = self.problem or "the library is being opened: try again in a moment"
            raise NotReady(told)
        return self._library

    @property
    def encoder(self) -> SharedEncoder:
        encoder = self.library.encoder
        assert isinstance(encoder, SharedEncoder), "the library was opened with a shared encoder"
        return encoder

    def documents(self) -> list[Document]:
        """What is there now."""
        documents = self.library.documents()
        self._known = {document.id: document for document in documents}
        return documents

    def document(self, key: str) -> Document:
        """The document of an id. Raises NoSuchPage."""
        library = self.library
        if key not in self._known:
            with self._lock:
                if time.monotonic() - self._looked > LOOK_AGAIN:
                    self._looked = time.monotonic()
                    self._known = {document.id: document for document in library.documents()}
        found = self._known.get(key)
        if found is None:
            raise NoSuchPage(f"no document {key}: it may have been deleted")
        return found

    def page(self, key: str, number: int) -> Document:
        """The document, if it has a page of that number. Raises NoSuchPage."""
        document = self.document(key)
        if not 1 <= number <= document.pages:
            raise NoSuchPage(f"no page {number}: the document has {document.pages}")
        return document

    def hit(self, key: str, number: int, query: str) -> Hit:
        """One page as if `query` had found it. Raises NoSuchPage, SearchError."""
        self.page(key, number)
        found = self.library.search(
            query, k=1, where={"document": key, "page": number}, mode="visual"
        )
        if not found:
            raise NoSuchPage(f"page {number} could not be read when the document was added")
        return found[0]
