"""Ctrl-C: the first time the work ends at the next good place, the second time at once."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from .output import note

_SLICE = 0.2  # seconds until a request is noticed


class Stop:
    """Whether somebody asked for the end. A plain flag: a signal may come while a lock is held."""

    def __init__(self) -> None:
        self.is_asked = False

    def asked(self) -> bool:
        return self.is_asked

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until it is asked for; whether it was."""
        end = time.monotonic() + seconds
        while not self.is_asked and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE))
        return self.is_asked


@contextmanager
def stoppable(said: str) -> Iterator[Stop]:
    """Inside the block Ctrl-C only asks, and is answered; once more is a KeyboardInterrupt.

    Outside the main thread, where no signal arrives, nobody asks.
    """
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_asked:
            raise KeyboardInterrupt
        stop.is_asked = True
        with suppress(RuntimeError):  # in the middle of another line
            note(said)

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
