"""What one file may cost before it is given up."""

from dataclasses import dataclass, fields

from .errors import IngestError


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on reading one document. All must be above zero. On the command line: --limit.

    seconds_to_open: until the page count and the outline are known.
    seconds_per_page: to draw one page and read its words.
    seconds_per_ocr: more, for a page that text is read off.
    seconds_per_document: waited in total, plus one second for every page. Only time spent
        waiting for pages counts, not what the caller does between them, nor what OCR takes.
    memory: bytes of address space that reading may add (kept by Linux only).
    max_pages: a document with more is refused.
    max_bytes: a file with more is refused.
    seconds_to_fetch: until a document lies here that an address was given for.
    seconds_to_convert: until LibreOffice has made a PDF of an Office document.
    max_unpacked_bytes: an Office document that unpacks to more is refused.
    max_text_bytes: a text or web page with more is refused.
    max_picture_pixels: a picture with more is refused before it is decoded. The default
        is where Pillow speaks of a decompression bomb.
    """

    seconds_to_open: float = 60
    seconds_per_page: float = 30
    seconds_per_ocr: float = 120
    seconds_per_document: float = 300
    memory: int = 2 * 2**30
    max_pages: int = 10_000
    max_bytes: int = 2 * 2**30
    max_picture_pixels: int = 178_956_970
    seconds_to_fetch: float = 120
    seconds_to_convert: float = 120
    max_unpacked_bytes: int = 2**30
    max_text_bytes: int = 8 * 2**20

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise IngestError(f"{field.name}={value}: a limit must be above zero")
