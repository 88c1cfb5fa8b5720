"""Threads for what would block the event loop: one queue for each kind of work."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """search: one, for searches side by side would only share the same cores. explain: heat maps
    and regions, which may wait a second for a page's blocks. draw: pictures. add: whatever writes
    to the library, one job after the other. answer: generators, which mostly wait."""

    def __init__(self, streams: int) -> None:
        self.search = _threads("search", 1)
        self.explain = _threads("explain", 2)
        self.draw = _threads("draw", 2)
        self.add = _threads("add", 1)
        self.answer = _threads("answer", streams)

    def close(self) -> None:
        """Let go of what waits; what runs is not waited for."""
        for pool in (self.search, self.explain, self.draw, self.add, self.answer):
            pool.shutdown(wait=False, cancel_futures=True)


def _threads(name: str, many: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(many, thread_name_prefix=f"quire-{name}")


async def run(
    pool: ThreadPoolExecutor, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """The result of `work`, done in a thread of `pool`."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(pool, lambda: work(*args, **kwargs))
