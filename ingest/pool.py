"""Reading processes that wait for the next document: starting one takes half a second."""

import atexit
import os
import threading

from .child import Child


class Pool:
    """Idle children, for any thread. A child is lent to one reader at a time."""

    def __init__(self, keep: int = 4) -> None:
        """keep: how many idle children are kept at most."""
        self._keep = keep
        self._idle: list[Child] = []
        self._lock = threading.Lock()

    def take(self) -> Child:
        """An idle child, else a new one."""
        while True:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            if child is None:
                return Child()
            if child.alive:
                return child
            child.kill()  # it ended by itself after a long time without work

    def give_back(self, child: Child) -> None:
        """A child with nothing open and no reply due."""
        with self._lock:
            if child.alive and len(self._idle) < self._keep:
                self._idle.append(child)
                return
        child.kill()

    def close(self) -> None:
        """End all idle children."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.kill()

    def forget(self) -> None:
        """In a forked copy of this process: the children belong to the original."""
        self._lock = threading.Lock()  # another thread may have held it during the fork
        idle, self._idle = self._idle, []
        for child in idle:
            child.disown()


POOL = Pool()
atexit.register(POOL.close)
os.register_at_fork(after_in_child=POOL.forget)
