"""What stays on the GPU from one search to the next."""

import logging
from typing import TYPE_CHECKING

from ..score.int8 import Int8Codes
from ..score.packed import Packed

if TYPE_CHECKING:
    from ..score.cuda import OnDevice

log = logging.getLogger(__name__)

SHARE = 0.8  # of the memory that is free, at most


class Residence:
    """Moves rows or codes to a device once, if they fit; on a CPU there is nothing to move."""

    def __init__(self, device: str, memory: int | None) -> None:
        self._device = device
        self._memory = memory
        self._kept: dict[int, tuple[Packed | Int8Codes, OnDevice]] = {}

    def of(self, pages: Packed | Int8Codes) -> "OnDevice | None":
        """The pages on the device; None on a CPU, or when they do not fit (the log says so)."""
        if self._device == "cpu":
            return None
        kept = self._kept.get(id(pages))
        if kept is not None and kept[0] is pages:
            return kept[1]
        import torch

        from ..score.cuda import OnDevice

        if isinstance(pages, Packed):  # a library has one array of rows: another one was before
            codes = {k: v for k, v in self._kept.items() if not isinstance(v[0], Packed)}
            self._kept = codes
        size = pages.codes.nbytes if isinstance(pages, Int8Codes) else pages.rows.nbytes
        if size + sum(moved.nbytes for _, moved in self._kept.values()) > self._room():
            self._kept.clear()  # what came before may be of a library that has changed
            if size > self._room():
                return None
        try:
            moved = OnDevice.load(pages, self._device)
        except RuntimeError as error:
            log.warning("%s does not take %d bytes (%s)", self._device, size, error)
            if isinstance(error, torch.OutOfMemoryError):
                self._kept.clear()
            return None
        self._kept[id(pages)] = (pages, moved)
        return moved

    def _room(self) -> int:
        if self._memory is not None:
            return self._memory
        import torch

        free, _ = torch.cuda.mem_get_info(self._device)
        return int(SHARE * free) + sum(moved.nbytes for _, moved in self._kept.values())
