"""How the reading process is kept small and mortal, by the kernel alone.

While MuPDF works no line of Python runs in its process, neither a thread nor a signal
handler. So every bound here is a default action of the kernel: a signal that ends the
process, or an allocation that is refused.
"""

import fcntl
import os
import resource
import signal
from contextlib import suppress
from pathlib import Path


def die_with(pipe: int) -> None:
    """End this process, and its group, as soon as nobody holds the other end of a pipe (Linux).

    Not PR_SET_PDEATHSIG: it fires when the *thread* that started us ends. Elsewhere the
    process ends when it next reads a request, at the latest when `die_after` strikes.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    with suppress(OSError):  # not every system knows this for pipes
        fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)


def die_after(seconds: float) -> None:
    """End this process by SIGALRM unless called again in time; 0 takes it back."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def address_space() -> int:
    """Bytes of address space in use; 0 where the system does not tell (not Linux)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def limit_memory(growth: int) -> None:
    """Refuse allocations beyond `growth` more bytes of address space, where that is known."""
    used = address_space()
    if used:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        total = used + growth if hard == resource.RLIM_INFINITY else min(used + growth, hard)
        resource.setrlimit(resource.RLIMIT_AS, (total, hard))


def no_core_dumps() -> None:
    """A crash on a user's file must not leave its content in a core file."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def limit_files(size: int) -> None:
    """End this process by SIGXFSZ when a file that it writes, also one in memory, grows larger."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    bound = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bound, hard))
