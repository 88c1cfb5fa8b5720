"""The blocks of pages, found when a page is first explained and kept beside its image."""

import logging
from contextlib import suppress
from pathlib import Path

from quire.ingest.block import Block, find_blocks, read_blocks, write_blocks
from quire.ingest.document import Document, document_id

from .layout import Layout

log = logging.getLogger(__name__)


def load_blocks(layout: Layout, document: Document, number: int) -> tuple[Block, ...]:
    """The blocks of page `number`, from 1; none when the file is gone, or nothing is found in it.

    The first time this takes a second or two, for they are found in the PDF itself.
    """
    kept = blocks_path(layout, document.id, number)
    with suppress(OSError):
        return read_blocks(kept.read_text(encoding="utf-8"))
    path = _file_of(document)
    if path is None:
        return ()
    found = find_blocks(path, number)
    if found is None:
        return ()  # not kept: a busy machine may be the reason, and tomorrow it is not
    # A library on a read-only disk can be explained all the same. Written under another name
    # first, so that nobody reads half of it; one that a killed process leaves goes with the rest.
    with suppress(OSError):
        draft = kept.with_suffix(".new")
        draft.write_text(write_blocks(found), encoding="utf-8")
        draft.replace(kept)
    return found


def blocks_path(layout: Layout, document: str, number: int) -> Path:
    """In the folder of the document's images, so that they are removed together."""
    return layout.image_folder(document) / f"{number}.blocks.json"


def _file_of(document: Document) -> str | None:
    """A path where the document's own bytes still lie."""
    if document.kind != "pdf":
        return None
    for path in document.paths:
        with suppress(OSError):
            if document_id(path) == document.id:
                return path
    log.info("no file of document %s is left: its pages have no blocks", document.id)
    return None
