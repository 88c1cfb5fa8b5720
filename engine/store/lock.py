"""One writer at a time, any number of readers.

The locks are the kernel's (flock): they end with the process that holds them, however it ends, so
there is no stale lock to recover. The text in the file only serves the message.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import LibraryBusy
from .layout import Layout


@contextmanager
def writing(layout: Layout) -> Iterator[None]:
    """Hold the library for writing. Raises LibraryBusy at once if another holds it."""
    handle = os.open(layout.write_lock, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _lock(handle, fcntl.LOCK_EX, layout)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def unchanging(layout: Layout) -> Iterator[None]:
    """Keep writers out, without being one: also of a library that may only be read. Raises
    LibraryBusy at once if somebody is writing."""
    try:
        handle = os.open(layout.write_lock, os.O_RDONLY)
    except FileNotFoundError:  # nobody has ever written, or the library is a copy
        yield
        return
    try:
        _lock(handle, fcntl.LOCK_SH, layout)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, how: int, layout: Layout) -> None:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 64, 0).decode("ascii", "replace").strip() or "unknown"
        raise LibraryBusy(
            f"process {holder} is writing to {layout.root}: wait until it is done, then try "
            "again (searching works meanwhile)"
        ) from None


@contextmanager
def reading(layout: Layout) -> Iterator[None]:
    """Keep a writer from removing old versions of the tables meanwhile. Never waits for long."""
    handle = os.open(layout.read_lock, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


@contextmanager
def nobody_reading(layout: Layout) -> Iterator[bool]:
    """True, and no reader can start inside the block; or False at once if one is reading."""
    handle = os.open(layout.read_lock, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except BlockingIOError:
            alone = False
        yield alone
    finally:
        os.close(handle)
