"""Threads that score, with one thread of torch's each.

A matrix product that OpenMP splits waits for its slowest part. On two cores that something else
also uses, two such threads made 92 ms into 2.5 s. Threads that take whole blocks from one queue
never wait for each other: a core that is busy elsewhere only takes fewer blocks.
"""

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from typing import Any, TypeVar

import numpy as np

Item = TypeVar("Item")
Result = TypeVar("Result")

_pools: dict[int, ThreadPoolExecutor] = {}
_lock = threading.Lock()
os.register_at_fork(after_in_child=_pools.clear)  # threads do not survive a fork


def each(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None
) -> list[Result]:
    """[work(item) for item in items], by `threads` threads; results in the order of the items.

    None means as many as torch would use. `work` may call torch and is then computed by the
    thread that calls it, alone. The first exception is raised, once no other item is worked on.
    """
    import torch

    count = torch.get_num_threads() if threads is None else threads
    if count < 1:
        raise ValueError(f"threads={threads!r}: use at least 1, or None for as many as torch uses")
    waiting = list(items)
    results: list[Any] = [None] * len(waiting)
    places = iter(range(len(waiting)))  # shared: each place is taken once
    failed = threading.Event()

    def take() -> None:
        for place in places:
            if failed.is_set():
                return
            results[place] = work(waiting[place])

    # One task a thread, not one an item: to hand over an item and its result takes 0.1 ms.
    futures = [_pool(count).submit(take) for _ in range(min(count, len(waiting)))]
    try:
        for future in as_completed(futures):
            future.result()
    except BaseException:
        failed.set()
        wait(futures)  # what they write to must outlive them
        raise
    return results


def _pool(count: int) -> ThreadPoolExecutor:
    import torch

    with _lock:
        if count not in _pools:
            before = torch.get_num_threads()
            ready = threading.Barrier(count)

            def alone() -> None:
                ready.wait()  # so that each thread is set, none twice
                torch.set_num_threads(1)
                torch.get_num_threads()  # else the first product here takes up the common number

            pool = ThreadPoolExecutor(count, thread_name_prefix="quire-score")
            for start in [pool.submit(alone) for _ in range(count)]:
                start.result()
            # The number of OpenMP's threads belongs to each thread, but torch also keeps what was
            # set last for threads to come: that one is put back.
            torch.set_num_threads(before)
            _pools[count] = pool
        return _pools[count]


_own = threading.local()


def scratch(name: str, shape: tuple[int, int], kind: Any) -> Any:
    """A torch tensor of this thread's own to write into; what it held before is lost.

    Fresh memory costs a page fault for each 4 KiB, which is a third of the time of a block.
    """
    import torch

    size = shape[0] * shape[1]
    kept = getattr(_own, name, None)
    if kept is None or kept.dtype != kind or kept.numel() < size:
        kept = torch.empty(size, dtype=kind)
        setattr(_own, name, kept)
    return kept[:size].view(shape)


class _Alias:
    """The memory of an array, without its ban on writing."""

    def __init__(self, array: np.ndarray) -> None:
        self._owner = array
        told = array.__array_interface__
        self.__array_interface__ = {**told, "data": (told["data"][0], False)}


def tensor(array: np.ndarray) -> Any:
    """A torch tensor over the same memory, only to be read.

    torch warns about arrays that may not be written to (mapped files, Arrow's columns), and numpy
    widens float16 four times slower than torch does.
    """
    import torch

    return torch.from_numpy(array if array.flags.writeable else np.asarray(_Alias(array)))
