"""No network for the processes that read files: the kernel refuses them the sockets.

A filter on system calls (seccomp) that this process and all that it starts keep for good. It needs
no rights, unlike a network namespace, which containers often forbid. Sockets of the machine's own
(AF_UNIX) stay allowed: LibreOffice talks to itself through one.
"""

import ctypes
import errno
import platform
import socket
import struct

# Machine -> what the kernel calls it, and the number of socket(2) there.
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_IO_URING_SETUP = 425  # would open sockets without that call; the same number everywhere
_FOREIGN_ABI = 0x40000000  # x32 on x86_64 has its own numbers from here on
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def forbid_network() -> bool:
    """Take this process off the network. False where the system knows no such filter."""
    if platform.system() != "Linux" or platform.machine() not in _MACHINES:
        return False
    steps = _steps(*_MACHINES[platform.machine()])
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in steps))
    program = _Program(len(steps), ctypes.addressof(code))
    call = ctypes.CDLL(None, use_errno=True).prctl
    if call(_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return not call(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)


def _steps(architecture: int, socket_call: int) -> list[tuple[int, int, int, int]]:
    """(code, jump if true, jump if false, value); jumps count the steps that are left out."""
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, 7, architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 5, 0, _FOREIGN_ABI),
        (_EQUAL, 4, 0, _IO_URING_SETUP),
        (_EQUAL, 0, 2, socket_call),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, 0, 1, socket.AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
