"""Opens libraries and encoders for the commands; what is heavy is imported when it is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from .options import DEFAULT_MODEL

if TYPE_CHECKING:
    from ..encode.protocol import PageEncoder
    from ..library import Library


def load_encoder(model: str) -> "PageEncoder":
    """The encoder of that name or at that path."""
    from ..encode.encoder import Encoder

    return Encoder.load(model)


def open_library(path: str) -> "Library":
    """A library that is there, with the encoder that its manifest names."""
    from ..library import Library

    return Library.open(path)


def writable_library(path: str, model: str | None) -> "Library":
    """A library to add to; it is made, for `model`, when there is none yet.

    With `model` None a library that is there keeps its own encoder.
    """
    from ..library import Library

    if model is None and (Path(path) / "manifest.json").is_file():
        return Library.open(path)
    return Library.open(path, load_encoder(model or DEFAULT_MODEL), create=True)


@contextmanager
def passing_library(model: str | None) -> Iterator["Library"]:
    """A library that is gone after the block."""
    with TemporaryDirectory(prefix="quire-") as folder:
        yield writable_library(str(Path(folder) / "library"), model)
