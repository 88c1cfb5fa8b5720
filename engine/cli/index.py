"""`quire index`: files in, a library out."""

from typing import Annotated

import typer

from .options import DEFAULT_LIBRARY, DtypeOption, JsonOption, LibraryOption, ModelOption
from .reading import (
    CodesOption,
    CompactOption,
    EngineOption,
    LimitOption,
    MetadataOption,
    OcrEngineOption,
    OcrOption,
    PasswordOption,
    PoolOption,
    RetryOption,
    RowsOption,
    codes_of,
    limits_of,
    pooling_of,
    reading_of,
)


def index(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH", help="Files, folders with all below them, or http(s) addresses."
        ),
    ],
    library: LibraryOption = DEFAULT_LIBRARY,
    model: ModelOption = None,
    dtype: DtypeOption = "float32",
    metadata: MetadataOption = None,
    rows: RowsOption = None,
    pool: PoolOption = None,
    compact: CompactOption = False,
    codes: CodesOption = None,
    engine: EngineOption = None,
    ocr: OcrOption = "auto",
    ocr_engine: OcrEngineOption = "auto",
    password: PasswordOption = None,
    limit: LimitOption = None,
    retry: RetryOption = False,
    as_json: JsonOption = False,
) -> None:
    """Read the documents at each PATH into the library.

    Documents that are in it already are passed over, so a second run costs next to nothing. A page
    that cannot be read costs that page; files that cannot be read are told, and remembered. Ctrl-C
    ends it after the document at hand, and the same command goes on from there.
    """
    from ..store.sidecar import read_sidecar
    from .adding import Wishes, add, check_paths
    from .opening import writable_library
    from .telling import tell

    limits = limits_of(limit)
    sidecar = read_sidecar(metadata) if metadata is not None else None
    check_paths(paths)
    opened = writable_library(
        library, model, engine or "auto", rows, codes_of(codes), pooling_of(pool, compact), dtype
    )
    how = reading_of(engine or opened.manifest.engine, ocr, ocr_engine, password)
    report = add(opened, paths, Wishes(sidecar, limits, how, retry), as_json=as_json)
    raise typer.Exit(tell(report, library, sidecar, as_json=as_json))
