"""How files are to be read: what a caller can choose, as one value."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from .errors import IngestError

# Which library draws the pages of a PDF. "auto": PyMuPDF, and PDFium where that one fails.
Engine = Literal["auto", "pymupdf", "pypdfium2"]
# Whether text is read off the picture. "auto": where a page has no text and a reader is there.
Ocr = Literal["auto", "always", "never"]
OcrEngine = Literal["auto", "rapidocr", "tesseract"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How documents are read. passwords: tried in turn on each locked file; never shown."""

    engine: Engine = "auto"
    ocr: Ocr = "auto"
    ocr_engine: OcrEngine = "auto"
    passwords: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for name, choices in (("engine", Engine), ("ocr", Ocr), ("ocr_engine", OcrEngine)):
            value = getattr(self, name)
            if value not in get_args(choices):
                raise IngestError(f"{name}={value!r}: choose {', '.join(get_args(choices))}")

    @property
    def engines(self) -> tuple[str, ...]:
        """The libraries that draw PDFs, the one to try first first."""
        return ("pymupdf", "pypdfium2") if self.engine == "auto" else (self.engine,)
