"""Streams are counted: each holds a connection, and some a thread."""

from collections.abc import AsyncIterator

from .desk import Desk
from .refusals import Refusal


def counted(desk: Desk, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same stream. Raises Refusal when there are too many already."""
    if desk.streams >= desk.settings.streams:
        raise Refusal(503, "busy", "too many answers are being written: try again in a moment")
    desk.streams += 1

    async def counting() -> AsyncIterator[bytes]:
        try:
            async for piece in stream:
                yield piece
        finally:
            desk.streams -= 1
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()

    return counting()
