"""Bringing the codes in step with the rows. Codes can always be made anew, so this is all it takes:
after every change, what has no codes gets some, and what is mostly gone is made anew.

A stamp then says which version of the library the codes are of, and which files they are. Who was
killed before that, or has lost a file since, is found out by it when the library is next opened.
"""

import json
import logging
from contextlib import suppress

import numpy as np
from jaxtyping import Int

from ..errors import EngineError, LibraryBusy
from ..score.packed import Packed
from .codefile import write_code_file
from .codes import CodeShelf, Part
from .contents import Contents, read_contents
from .kinds import KINDS, Arrays, joined
from .layout import Layout
from .lock import writing
from .manifest import Manifest
from .tables import Tables
from .taking import TAKEN_PAGES, Taker

log = logging.getLogger(__name__)

FILE_PAGES = 1_024  # pages of a file at most; of TAKEN_PAGES the rows are in memory meanwhile
SMALL_FILES = 8  # so many files may be less than half full; then they are made into one
DEAD = 0.25  # share of its pages that may be gone before a file is made anew
MENDED_PAGES = 2_000  # whose codes are made when a library is opened, in a few seconds


def update_codes(tables: Tables, manifest: Manifest) -> None:
    """Make the codes of all pages that have none. The caller holds the write lock.

    Files that are broken, of another version or kind, mostly gone, or many and small go, once
    those that replace them are there: whoever searches meanwhile finds codes or scores exactly.
    """
    if _stamped(tables.layout) == _stamp(tables, manifest):
        return
    _update(tables, manifest, read_contents(tables), CodeShelf(tables.layout))


def mend_codes(tables: Tables, manifest: Manifest) -> None:
    """The same on opening a library: at once if few pages are concerned, and nobody writes.

    Otherwise the next change does it. Until then, pages without codes are scored exactly.
    """
    if _stamped(tables.layout) == _stamp(tables, manifest):
        return
    with suppress(LibraryBusy, OSError), writing(tables.layout):  # OSError: it may only be read
        contents, shelf = read_contents(tables), CodeShelf(tables.layout)
        missing = max((len(shelf.of(kind, contents).missing) for kind in manifest.codes), default=0)
        if missing > MENDED_PAGES:
            log.warning("%d pages have no codes: index again, or add, and they get them", missing)
            return
        _update(tables, manifest, contents, shelf)


def _update(tables: Tables, manifest: Manifest, contents: Contents, shelf: CodeShelf) -> None:
    tables.layout.codes.mkdir(exist_ok=True)
    kept: set[str] = set()
    for kind in manifest.codes:
        coded = shelf.of(kind, contents)
        stay = _worth_keeping(coded.parts)
        pages = np.ones(len(contents), dtype=bool)
        for part in stay:
            pages[part.where[part.where >= 0]] = False
        kept |= {part.file.path.name for part in stay}
        kept |= _write(tables, kind, contents, np.flatnonzero(pages), manifest.dim)
    for path in tables.layout.codes.iterdir():
        if path.name not in kept:
            path.unlink()
    tables.layout.codes_stamp.write_text(json.dumps(_stamp(tables, manifest)), encoding="utf-8")


def _stamp(tables: Tables, manifest: Manifest) -> dict[str, object]:
    """What there is now."""
    folder = tables.layout.codes
    files = folder.glob("*.codes") if folder.is_dir() else ()
    return {
        "documents": tables.documents.version,
        "kinds": {kind: KINDS[kind].version for kind in manifest.codes},
        "files": {path.name: path.stat().st_size for path in files},
    }


def _stamped(layout: Layout) -> object:
    """What there was when the codes were last brought in step; None if that is not known."""
    with suppress(OSError, ValueError):
        return json.loads(layout.codes_stamp.read_text(encoding="utf-8"))
    return None


def _worth_keeping(parts: list[Part]) -> list[Part]:
    live = [part for part in parts if (part.where < 0).sum() <= DEAD * len(part.where)]
    large = [part for part in live if 2 * len(part.where) >= FILE_PAGES]
    return live if len(live) - len(large) <= SMALL_FILES else large


def _write(tables: Tables, kind: str, contents: Contents, pages: np.ndarray, dim: int) -> set[str]:
    """Write codes of these pages, and return the names of the files."""
    taker, written, folder = Taker(tables, dim), set(), tables.layout.codes
    used = [int(path.stem.rpartition("-")[2]) for path in folder.glob("*.codes")]
    for number, start in enumerate(
        range(0, len(pages), FILE_PAGES), start=max(used, default=0) + 1
    ):
        sound, parts = [], list[Arrays]()
        for first in range(start, min(start + FILE_PAGES, len(pages)), TAKEN_PAGES):
            last = min(first + TAKEN_PAGES, start + FILE_PAGES)
            some, rows = _sound(taker, contents, pages[first:last])
            if len(some):
                parts.append(KINDS[kind].encode(rows, parts[0] if parts else None))
                sound.append(some)
        if not parts:
            continue
        few, arrays = np.concatenate(sound), joined(parts)
        owners, counts = np.unique(contents.owner[few], return_counts=True)
        entries = [contents.entries[owner] for owner in owners.tolist()]
        documents = [
            (entry.document.id, entry.written, count)
            for entry, count in zip(entries, counts.tolist(), strict=True)
        ]
        path = folder / f"{kind}-{number:06d}.codes"
        numbers = contents.numbers[few].astype(np.int32)
        arrays = {"numbers": numbers, **arrays}
        write_code_file(path, kind, KINDS[kind].version, documents, arrays)
        written.add(path.name)
        log.info("codes %r of %d pages", kind, len(few))
    return written


def _sound(
    taker: Taker, contents: Contents, pages: Int[np.ndarray, " k"]
) -> tuple[Int[np.ndarray, " m"], Packed]:
    """Those of the pages that can have codes, and their rows. A library that is damaged is for
    `check` to tell of; it must not keep anything else from being done."""
    try:
        rows = taker.take(contents, pages)
    except EngineError as error:
        log.warning("no codes of %d pages: %s", len(pages), error)
        return pages[:0], Packed(np.zeros((0, taker.dim), np.float16), np.zeros(1, np.int64))
    broken = np.flatnonzero(~np.isfinite(rows.rows).all(axis=1))
    wrong = np.unique(np.searchsorted(rows.offsets, broken, side="right") - 1)
    if not len(wrong):
        return pages, rows
    log.warning("no codes of %d pages whose rows are not finite: run `quire doctor`", len(wrong))
    kept = np.setdiff1d(np.arange(len(pages)), wrong)
    return pages[kept], rows.select(kept)
