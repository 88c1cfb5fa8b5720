"""What `quire.ingest` raises on purpose."""


class IngestError(Exception):
    """Base of everything that reading files raises on purpose; the text says what to do next."""
