"""quire.engine: encode, store and search pages. Names are loaded when they are first used."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .encode.encoder import Encoder as Encoder
    from .encode.load import load_encoder as load_encoder
    from .library import Library as Library
    from .rerank.load import load_reranker as load_reranker
    from .search.hits import Hit as Hit

_HOMES = {
    "Encoder": "encode.encoder",
    "Hit": "search.hits",
    "Library": "library",
    "load_encoder": "encode.load",
    "load_reranker": "rerank.load",
}

__all__ = ["Encoder", "Hit", "Library", "load_encoder", "load_reranker"]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
