"""Server-sent events: what they look like, and how they come out of a thread."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

log = logging.getLogger(__name__)
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
MEDIA_TYPE = "text/event-stream"
BEAT = 15.0  # seconds without an event after which a comment keeps the line open
Event = tuple[str, Any]


def event(name: str, value: Any) -> bytes:
    """One event with JSON data. Line breaks in it are escapes, so it is one line."""
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=True)}\n\n".encode()


async def from_thread(
    pool: ThreadPoolExecutor,
    produce: Callable[[], Iterator[Event]],
    on_error: Callable[[Exception], Event],
) -> AsyncIterator[bytes]:
    """The events of a blocking iterator, run in `pool`.

    When the client goes away the iterator is closed at its next event; the event loop never waits
    for it.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | None] = asyncio.Queue()
    gone = threading.Event()

    def hand(value: Event | None) -> None:
        if not gone.is_set():
            loop.call_soon_threadsafe(queue.put_nowait, value)

    def work() -> None:
        events = produce()
        try:
            for value in events:
                if gone.is_set():
                    return
                hand(value)
        except Exception as error:
            hand(on_error(error))
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()
            hand(None)

    pool.submit(work)
    try:
        while True:
            try:
                value = await asyncio.wait_for(queue.get(), BEAT)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if value is None:
                return
            yield event(*value)
    finally:
        gone.set()
