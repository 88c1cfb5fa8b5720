"""Pictures of pages as they are sent: the stored one as it is, and small ones kept in memory."""

import io
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from ..errors import NoSuchPage
from ..store.images import image_path
from ..store.layout import Layout

SMALL = (400, 560)  # pixels, at most: a card, sharp on a dense screen
KEPT = 64 * 2**20  # bytes of small pictures
MOST_SIZES = 100_000  # that are remembered
TYPES = {".webp": "image/webp", ".png": "image/png"}


class Pictures:
    """Of one library. Pages never change under their document's id, so what is kept stays right."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._small: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0
        self._sizes: dict[tuple[str, int], tuple[int, int]] = {}
        self._lock = Lock()

    def whole(self, document: str, number: int) -> tuple[bytes, str]:
        """The stored picture and its media type. Raises NoSuchPage when it is gone."""
        path = self._path(document, number)
        try:
            return path.read_bytes(), TYPES[path.suffix]
        except OSError as error:
            raise NoSuchPage(f"the picture of page {number} is gone") from error

    def size(self, document: str, number: int) -> tuple[int, int]:
        """Width and height in pixels; (3, 4) where the picture is gone, for a card needs some."""
        key = (document, number)
        if key not in self._sizes:
            if len(self._sizes) >= MOST_SIZES:
                self._sizes.clear()
            self._sizes[key] = self._measure(document, number)
        return self._sizes[key]

    def _measure(self, document: str, number: int) -> tuple[int, int]:
        from PIL import Image

        try:
            with Image.open(self._path(document, number)) as image:
                return image.size
        except (OSError, NoSuchPage):
            return (3, 4)

    def small(self, document: str, number: int) -> bytes:
        """WebP of at most `SMALL`. Raises NoSuchPage."""
        key = (document, number)
        with self._lock:
            if key in self._small:
                self._small.move_to_end(key)
                return self._small[key]
        made = self._shrink(self._path(document, number), number)
        with self._lock:
            if key not in self._small:
                self._small[key] = made
                self._bytes += len(made)
            while self._bytes > KEPT:
                self._bytes -= len(self._small.popitem(last=False)[1])
        return made

    def _shrink(self, path: Path, number: int) -> bytes:
        from PIL import Image

        try:
            with Image.open(path) as image:
                small = image.convert("RGB")
        except OSError as error:
            raise NoSuchPage(f"the picture of page {number} is gone") from error
        small.thumbnail(SMALL, reducing_gap=2.0)
        buffer = io.BytesIO()
        small.save(buffer, format="WEBP", quality=80, method=2)
        return buffer.getvalue()

    def _path(self, document: str, number: int) -> Path:
        path = image_path(self._layout, document, number)
        if path is None:
            raise NoSuchPage(f"the picture of page {number} is gone")
        return path
