"""Descriptors, and what is read from them and written to them."""

import ctypes
import os
import struct

from .calls import describe, do, syscall
from .numbers import CLOSE_RANGE

_AT_FDCWD = -100
_POLLIN = 1


_SIGINFO_BYTES = 128  # siginfo_t, sigaction(2)


def dup(descriptor, number, inherited):
    """Gives an open file a certain number as well."""
    return describe("dup to %d" % number, "dup3", descriptor, number, 0 if inherited else os.O_CLOEXEC)


def empty_input():
    """Puts a standard input with nothing in it in place of the one that was inherited."""
    # Opening gives the lowest unused number.
    return close(0), describe("open /dev/null", "openat", _AT_FDCWD, b"/dev/null", os.O_RDONLY)


def close_from(first):
    """Closes every descriptor from this number on."""
    return "close from %d" % first, (CLOSE_RANGE, first, 0xFFFFFFFF, 0)


def close(descriptor):
    """Closes a descriptor."""
    return describe("close %d" % descriptor, "close", descriptor)


def read_byte(descriptor):
    """Waits for a byte, or for the end of what can be read."""
    return describe("read", "read", descriptor, ctypes.create_string_buffer(1), 1)


def write(descriptor, data):
    """Writes bytes."""
    return describe("write", "write", descriptor, data, len(data))


def overwrite(path, text, number):
    """Writes a Text into a file that exists; for a process whose lowest unused descriptor is this number."""
    return (
        describe("open " + path, "openat", _AT_FDCWD, path.encode(), os.O_WRONLY | os.O_CLOEXEC),
        describe("write to " + path, "write", number, text.data, text.length),
        close(number),
    )


def change_folder(path):
    """Makes it the folder that the process works in."""
    return describe("chdir " + path, "chdir", path.encode())


def look_for_ended_child():
    """Returns a function that tells whether a child has ended that nobody waited for. It lets go of none."""
    found = ctypes.create_string_buffer(_SIGINFO_BYTES)
    _, arguments = describe("waitid", "waitid", os.P_ALL, 0, found, os.WEXITED | os.WNOHANG | os.WNOWAIT, None)
    # Of siginfo_t the number of the signal comes first; it is 0 where no child has ended (waitid(2)).
    return lambda: syscall(*arguments) == 0 and found.raw[0] != 0


def look_for_input(descriptor):
    """Returns a function that tells whether there is something to be read, or the end of it. It does not wait."""
    wanted = ctypes.create_string_buffer(struct.pack("ihh", descriptor, _POLLIN, 0), 8)
    _, arguments = describe("ppoll", "ppoll", wanted, 1, ctypes.create_string_buffer(16), None, 0)
    return lambda: syscall(*arguments) != 0


def signals(number):
    """A descriptor that can be read when this signal has come, which must be blocked: signalfd(2). Opens it now."""
    mask = struct.pack("Q", 1 << number - 1)
    return do(describe("signalfd", "signalfd4", -1, mask, len(mask), os.O_CLOEXEC))
