"""Making an empty library."""

import shutil

from ..encode.protocol import PageEncoder
from ..errors import NotALibrary
from .layout import Layout
from .lock import writing
from .making import USUAL, Making
from .manifest import Manifest, write_manifest
from .tables import Tables


def create_library(layout: Layout, encoder: PageEncoder, making: Making = USUAL) -> None:
    """Make an empty library for the vectors of this encoder; see `make_library`."""
    make_library(layout, Manifest.of(encoder, making))


def make_library(layout: Layout, manifest: Manifest) -> None:
    """Make an empty library; one that another process has just made is left alone.

    The manifest comes last: without one, nothing was ever stored, and what a killed process left
    is made anew. Raises NotALibrary for a file and for a folder with other things in it.
    """
    root = layout.root
    if root.exists() and not root.is_dir():
        raise NotALibrary(f"{root} is a file, and a library is a folder: name another path")
    foreign = (
        sorted({path.name for path in root.iterdir()} - layout.names()) if root.exists() else []
    )
    if foreign:
        raise NotALibrary(
            f"{root} is a folder with other things in it ({foreign[0]!r}, ...): a library needs a "
            "folder of its own, name a new one"
        )
    root.mkdir(parents=True, exist_ok=True)
    with writing(layout):
        if layout.manifest.exists():  # another process was quicker
            return
        for folder in (layout.tables, layout.images, layout.codes):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        layout.read_lock.touch()
        Tables.create(layout, manifest.dim, manifest.dense_dim)
        write_manifest(layout, manifest)
