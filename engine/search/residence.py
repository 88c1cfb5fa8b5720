"""What stays on the GPU from one search to the next."""

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..score.int8 import Int8Codes
from ..score.packed import Packed

if TYPE_CHECKING:
    from ..score.cuda import OnDevice

log = logging.getLogger(__name__)

SHARE = 0.8  # of the memory that is free, at most


class Residence:
    """Moves rows or codes to a device once, if they fit; on a CPU there is nothing to move.

    What does not fit beside what is there stays away: nothing is moved to and fro.
    """

    def __init__(self, device: str, memory: int | None) -> None:
        self._device = device
        self._memory = memory
        self._kept: dict[int, tuple[Packed | Int8Codes, OnDevice]] = {}

    def of(self, pages: Packed | Int8Codes) -> "OnDevice | None":
        """The pages on the device; None on a CPU, or when they do not fit."""
        if self._device == "cpu":
            return None
        kept = self._kept.get(id(pages))
        if kept is not None and kept[0] is pages:
            return kept[1]
        import torch

        from ..score.cuda import OnDevice

        if isinstance(pages, Packed):  # a library has one array of rows: another one was before
            self._keep(lambda other: isinstance(other, Int8Codes))
        size = pages.codes.nbytes if isinstance(pages, Int8Codes) else pages.rows.nbytes
        if size + sum(moved.nbytes for _, moved in self._kept.values()) > self._room():
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

    def only(self, codes: Iterable[object]) -> None:
        """Let go of codes that are none of these: their files are gone."""
        there = {id(one) for one in codes}
        self._keep(lambda other: isinstance(other, Packed) or id(other) in there)

    def _keep(self, wanted: Callable[[object], bool]) -> None:
        self._kept = {key: kept for key, kept in self._kept.items() if wanted(kept[0])}

    def _room(self) -> int:
        if self._memory is not None:
            return self._memory
        import torch

        free, _ = torch.cuda.mem_get_info(self._device)
        return int(SHARE * free) + sum(moved.nbytes for _, moved in self._kept.values())
