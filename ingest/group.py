"""The end of a process that leads a group: everything it started goes with it."""

import os
import signal
import subprocess
import time
from contextlib import suppress

_PAUSE_SECONDS = 0.002


def ends_within(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Whether it ends in time. Its number stays taken, so that `end_group` hits no other."""
    deadline = time.monotonic() + seconds
    while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def end_group(process: "subprocess.Popen[bytes]") -> int:
    """Kill what is left of the group; the exit code of its leader (negative: the signal)."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
