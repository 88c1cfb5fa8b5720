"""Which renderer draws the pages: a part of what makes two libraries comparable."""

import json
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from .errors import IngestError


@cache
def engine_version(engine: str = "pymupdf") -> str:
    """As "pymupdf 2.0 / mupdf 1.28.5", read from files: nothing is imported for it.

    Raises IngestError when the engine is not installed.
    """
    module = {"pypdfium2": "pypdfium2_raw"}.get(engine, engine)
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise IngestError(f"pages are drawn by {engine}, which is missing: pip install {engine}")
    try:
        name = f"{engine} {version(engine)}"
    except PackageNotFoundError:
        name = engine
    core = {"pymupdf": _mupdf, "pypdfium2": _pdfium}[engine]
    return f"{name} / {core(Path(spec.origin).parent)}"


def picture_engine() -> str:
    """As "pillow 13.0.0": what opens pictures."""
    return f"pillow {version('pillow')}"


def _mupdf(folder: Path) -> str:
    build = folder / "_build.py"
    source = re.search(r"mupdf-(\d[\d.]*\d)", build.read_text()) if build.is_file() else None
    return f"mupdf {source[1] if source else 'of the system'}"


def _pdfium(folder: Path) -> str:
    told = json.loads((folder / "version.json").read_text())
    return f"pdfium {told['build']}"
