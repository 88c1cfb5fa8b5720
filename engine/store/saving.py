"""Page images are written while the next pages are encoded: to pack one takes 45 ms."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from .images import save_image
from .layout import Layout

if TYPE_CHECKING:
    from PIL.Image import Image

THREADS = 2
MOST = 8  # images that wait: 4.5 MB each


class Saver:
    """Saves images of pages in threads of its own. What fails is raised by a later call."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._pool = ThreadPoolExecutor(THREADS, "quire-images")  # ends with the last reference
        self._due: deque[Future[str]] = deque()

    def save(self, document: str, number: int, image: "Image") -> "Future[str]":
        """Soon; the result is its seal. Waits while there is too much to do."""
        while len(self._due) >= MOST:
            self._due.popleft().result()
        due = self._pool.submit(save_image, self._layout, document, number, image)
        self._due.append(due)
        return due

    def finish(self) -> None:
        """Wait until all is on the disk."""
        while self._due:
            self._due.popleft().result()

    def give_up(self) -> None:
        """Let nothing be written any more; what failed does not matter now."""
        for one in self._due:
            one.cancel()
        while self._due:
            one = self._due.popleft()
            with suppress(Exception):
                if not one.cancelled():
                    one.result()
