"""Who reads text off pictures: which engines there are, and their one interface.

Nothing heavy here: the engines themselves are loaded in the reading process.
"""

import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Protocol

from .errors import IngestError
from .options import Reading
from .wire import BoxedWord

# The better one first; both were measured on scanned decks, see `Reading.ocr_engine`.
_ORDER = ("rapidocr", "tesseract")
_INSTALL = {
    "rapidocr": "pip install 'quire[ocr]'",
    "tesseract": "apt-get install tesseract-ocr",
}
_VERSION_SECONDS = 30


class Recogniser(Protocol):
    """Reads one picture."""

    def read(self, pixels: bytes, across: int, down: int) -> list[list[BoxedWord]]:
        """Words by line, from top to bottom. pixels: RGB, row by row, no padding."""
        ...


def chosen(how: Reading) -> str:
    """The engine that reads pictures, "" for none. Raises IngestError when one was asked for and
    is not installed."""
    if how.ocr == "never":
        return ""
    wanted = _ORDER if how.ocr_engine == "auto" else (how.ocr_engine,)
    for engine in wanted:
        if _installed(engine):
            return engine
    if how.ocr == "auto" and how.ocr_engine == "auto":
        return ""
    mends = ", or ".join(_INSTALL[engine] for engine in wanted)
    raise IngestError(f"no engine reads text off pictures: {mends}; or leave it out (ocr='never')")


@cache
def ocr_version(engine: str) -> str:
    """As "rapidocr 3.10.0"; "" for no engine."""
    if engine == "rapidocr":
        try:
            return f"rapidocr {version('rapidocr')}"
        except PackageNotFoundError:
            return engine
    if engine == "tesseract":
        command = ["tesseract", "--version"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=_VERSION_SECONDS)
        first = (told.stdout or told.stderr).split("\n")[0]
        return first.strip() or engine
    return ""


def load(engine: str) -> Recogniser:
    """The engine itself; takes seconds. In the reading process only."""
    makers: dict[str, Callable[[], Recogniser]] = {"rapidocr": _rapidocr, "tesseract": _tesseract}
    return makers[engine]()


def _installed(engine: str) -> bool:
    if engine == "tesseract":
        return shutil.which("tesseract") is not None
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def _rapidocr() -> Recogniser:
    from .ocr_rapid import RapidRecogniser

    return RapidRecogniser()


def _tesseract() -> Recogniser:
    from .ocr_tesseract import TesseractRecogniser

    return TesseractRecogniser()
