"""Which renderer draws the pages: a part of what makes two libraries comparable."""

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from .errors import IngestError


@cache
def engine_version() -> str:
    """As "pymupdf 2.0 / mupdf 1.28.5", read from files: PyMuPDF is not imported for it.

    Raises IngestError when PyMuPDF is not installed.
    """
    spec = find_spec("pymupdf")
    if spec is None or spec.origin is None:
        raise IngestError("pages are drawn by pymupdf, which is missing: pip install pymupdf")
    try:
        name = f"pymupdf {version('pymupdf')}"
    except PackageNotFoundError:
        name = "pymupdf"
    build = Path(spec.origin).with_name("_build.py")
    source = re.search(r"mupdf-(\d[\d.]*\d)", build.read_text()) if build.is_file() else None
    return f"{name} / mupdf {source[1] if source else 'of the system'}"
