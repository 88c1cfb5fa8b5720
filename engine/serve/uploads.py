"""Documents that came over the network: in the library's own folder, each under its id."""

import hashlib
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ..store.layout import Layout
from ..store.names import safe_name

CHUNK = 1 << 20


class Uploads:
    """What was sent lies at uploads/<id>/<name>, where id is made from the bytes; only the name
    comes from outside, and `safe_name` has been over it."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.uploads

    def keep(self, given: str, content: BinaryIO) -> Path:
        """Store what can be read from `content`, whole or not at all; where it lies now.

        Raises OSError when the disk is full.
        """
        self._folder.mkdir(exist_ok=True)
        digest = hashlib.sha256()
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as draft:
            try:
                while chunk := content.read(CHUNK):
                    digest.update(chunk)
                    draft.write(chunk)
                draft.close()
                place = self._folder / digest.hexdigest()[:32] / safe_name(given)
                place.parent.mkdir(exist_ok=True)
                Path(draft.name).replace(place)
            except BaseException:
                with suppress(OSError):
                    Path(draft.name).unlink()
                raise
        return place

    def forget(self, document: str) -> None:
        """Remove what was sent with these bytes, if anything was. `document` is an id that the
        library or `keep` has made."""
        shutil.rmtree(self._folder / document, ignore_errors=True)

    def drop(self, place: Path) -> None:
        """Remove one file that `keep` stored, and its folder if that is empty now."""
        with suppress(OSError):
            place.unlink()
            place.parent.rmdir()
