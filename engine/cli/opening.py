"""Opens libraries and encoders for the commands; what is heavy is imported when it is needed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from .exits import Refused
from .options import DEFAULT_MODEL

if TYPE_CHECKING:
    from quire.ingest.options import Engine

    from ..encode.protocol import PageEncoder
    from ..library import Library
    from ..store.pooling import Pooling
    from ..store.sides import Side


def load_encoder(model: str, dtype: str | None = None) -> "PageEncoder":
    """The encoder of that name or at that path."""
    from ..encode.load import load_encoder

    return load_encoder(model, dtype=dtype)


def open_library(path: str, model: str | None = None, *, encoder: bool = True) -> "Library":
    """A library that is there, with the encoder named, else the one that its manifest names.

    Without `encoder` none is loaded: enough to look at documents and to search by words.
    """
    from ..library import Library

    if not encoder:
        return Library.open(path)
    return Library.open(path, load_encoder(model or _own_model(path)))


def writable_library(
    path: str,
    model: str | None,
    engine: "Engine" = "auto",
    rows: "Side | None" = None,
    codes: Sequence[str] | None = None,
    pooling: "Pooling | None" = None,
    dtype: str | None = None,
) -> "Library":
    """A library to add to; it is made when there is none yet, and keeps its encoder if there is."""
    from ..library import Library

    return Library.open(
        path,
        encoder_for(path, model, dtype),
        create=True,
        engine=engine,
        rows=rows,
        codes=codes,
        pooling=pooling,
    )


def encoder_for(path: str, model: str | None, dtype: str | None = None) -> "PageEncoder":
    """The encoder named, else that of the library at `path`, or the usual one if none is there."""
    there = (Path(path) / "manifest.json").is_file()
    return load_encoder(model or (_own_model(path) if there else DEFAULT_MODEL), dtype)


def _own_model(path: str) -> str:
    """The model that a library can be opened with, as its manifest names it.

    The manifest knows what the encoder is, not where its folder lay; only the one that comes
    with quire can be found by name. Raises NotALibrary, and Refused for other encoders.
    """
    from ..store.layout import Layout
    from ..store.manifest import read_manifest

    name = str(read_manifest(Layout(Path(path))).encoder.get("name"))
    if name != DEFAULT_MODEL:
        raise Refused(f"{path} was made with the encoder {name!r}: name its folder with --model")
    return DEFAULT_MODEL


@contextmanager
def passing_folder() -> Iterator[str]:
    """A place for a library that is gone after the block."""
    with TemporaryDirectory(prefix="quire-") as folder:
        yield str(Path(folder) / "library")
