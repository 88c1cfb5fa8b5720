"""How documents are to be read, as options of the command line."""

import os
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer

from quire.ingest.limits import Limits
from quire.ingest.options import Engine, Ocr, OcrEngine, Reading

from .exits import UsageError

if TYPE_CHECKING:
    from ..store.pooling import Pooling

RowsOption = Annotated[
    Literal["pixels", "text", "both"] | None,
    typer.Option(
        "--rows",
        help="Encode a page by its pixels, its text (where it has none, by its pixels) or both; "
        "source code is always encoded by its text if the encoder knows code. Of a new library: it "
        "keeps what it has; pixels if not given.",
    ),
]
PoolOption = Annotated[
    int | None,
    typer.Option(
        "--pool",
        metavar="1|2|3|4",
        help="Keep one in so many rows of a page: those that look alike become one; 1 keeps all. "
        "Of a new library: as many as suit the encoder if not given.",
    ),
]
CompactOption = Annotated[
    bool,
    typer.Option("--compact", help="Keep no more than 40 rows of a page, 12 KB. Of a new library."),
]
CODES = ("bits", "int8", "pooled", "none")
CodesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--codes",
        metavar="NAME",
        help="For quick scans of large libraries: bits, int8, pooled or none; may be repeated. Of "
        "a new library: bits if not given.",
    ),
]
EngineOption = Annotated[
    Engine | None,
    typer.Option(
        "--engine",
        help="What draws PDFs; auto: PyMuPDF, and PDFium where that fails. Of a new library: it "
        "keeps the one it has.",
    ),
]
OcrOption = Annotated[
    Ocr, typer.Option("--ocr", help="Read text off pictures; auto: where a page has none.")
]
OcrEngineOption = Annotated[
    OcrEngine, typer.Option("--ocr-engine", help="What reads it; auto: the best that is installed.")
]
PasswordOption = Annotated[
    list[str] | None,
    typer.Option(
        "--password",
        metavar="WORD",
        help="For locked PDFs; may be repeated. Other users can see it in the list of processes: "
        "better put one into the environment, as QUIRE_PASSWORD.",
    ),
]
LimitOption = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=VALUE",
        help="What a file may cost, such as max_pages=20000 or memory=4G; may be repeated. "
        f"Names: {', '.join(field.name for field in fields(Limits))}.",
    ),
]
MetadataOption = Annotated[
    Path | None,
    typer.Option(
        "--metadata",
        metavar="FILE",
        help="CSV or JSON: a column `file`, and what to note of it.",
    ),
]
RetryOption = Annotated[
    bool, typer.Option("--retry", help="Read what failed before, and documents that lack pages.")
]

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def codes_of(given: Sequence[str] | None) -> list[str] | None:
    """Kinds of codes; None if nothing was said."""
    for kind in given or ():
        if kind not in CODES:
            raise UsageError(f"--codes {kind!r}: choose from {', '.join(CODES)}")
    return [kind for kind in given if kind != "none"] if given else None


def pooling_of(pool: int | None, compact: bool) -> "Pooling | None":
    """None if nothing was said. Raises EngineError for a factor that there is not."""
    from ..store.pooling import COMPACT, WHOLE

    if pool is None and not compact:
        return None
    return replace(COMPACT if compact else WHOLE, factor=1 if pool is None else pool)


def passwords_of(given: list[str] | None) -> tuple[str, ...]:
    """Those given, then the one in the environment (which may hold blanks)."""
    own = os.environ.get("QUIRE_PASSWORD")
    return (*(given or ()), *([own] if own else ()))


def reading_of(
    engine: Engine, ocr: Ocr, ocr_engine: OcrEngine, passwords: list[str] | None
) -> Reading:
    """What the options say of reading, with the password of the environment."""
    return Reading(engine=engine, ocr=ocr, ocr_engine=ocr_engine, passwords=passwords_of(passwords))


def limits_of(given: list[str] | None) -> Limits:
    """Limits from NAME=VALUE; K, M and G count in 1024. Raises UsageError for anything else."""
    kinds = get_type_hints(Limits)
    chosen: dict[str, Any] = {}
    for text in given or ():
        name, _, value = text.partition("=")
        if name not in kinds:
            raise UsageError(f"--limit {text!r}: no limit {name!r}; known: {', '.join(kinds)}")
        number = re.fullmatch(r"(\d+(?:\.\d+)?)([kmg]?)b?", value.strip(), re.IGNORECASE)
        if number is None:
            raise UsageError(f"--limit {text!r}: write a number, such as {name}=100 or {name}=4G")
        chosen[name] = kinds[name](float(number[1]) * _UNITS[number[2].lower()])
    return Limits(**chosen)
