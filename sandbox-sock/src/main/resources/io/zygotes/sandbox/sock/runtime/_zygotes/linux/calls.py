"""Makes system calls, one at once or many in a row.

Everything goes through ctypes.PyDLL, which keeps the interpreter lock: after clone() in the child no other thread
exists that could release it.
"""

import ctypes
import os
import struct

from .numbers import NUMBERS

libc = ctypes.PyDLL(None, use_errno=True)
# Bound to a name in each module that makes calls on the way of a request: to find a name in another module writes to
# that module's count of references, which lies on one more page that zygote and leaf have to copy.
syscall = libc.syscall
syscall.restype = ctypes.c_long
_last_error = ctypes.get_errno


def failed(what, number):
    """The exception for a call that failed with this errno."""
    return OSError(number, "%s: %s" % (what, os.strerror(number)))


def check(result, what):
    """Returns the result of a call that was just made; raises OSError if it failed."""
    if result < 0:
        raise failed(what, _last_error())
    return result


def describe(what, name, *arguments):
    """Describes a system call: what it does, for people, and what syscall(2) is to be given."""
    return what, (NUMBERS[name], *arguments)


def do(call):
    """Makes a system call now. Returns its result; raises OSError if it fails."""
    what, arguments = call
    return check(syscall(*arguments), what)


class Calls:
    """System calls that one process lays out and its child makes.

    A forked child copies each page that it writes to, a fault each, and Python writes into all that it looks at: it
    counts references. Going through this list looks at little but the list.
    """

    def __init__(self):
        self._calls = []
        self._labels = []
        self._muted = None
        self._errno = 0
        self.broken_at = None  # which of them failed in the last run

    def add(self, step, *calls):
        """Adds calls. The step is what they are a part of, for the report of a failure."""
        for what, arguments in calls:
            self._calls.append(arguments)
            self._labels.append((step, what))

    def extend(self, other):
        """Adds those of another one."""
        self._calls += other._calls
        self._labels += other._labels

    def run(self):
        """Makes the calls, up to the first that fails. Raises nothing: see check."""
        self.broken_at = None
        for arguments in self._calls:
            if syscall(*arguments) < 0:
                self._errno = _last_error()
                self.broken_at = self._calls.index(arguments)
                break

    def mute(self):
        """Writes to what making the calls would write to, whose pages are the process's own then.

        A run makes none of them until unmute is called.
        """
        for arguments in self._calls:
            list(arguments)
        self._muted, self._calls = self._calls, [nothing()[1]]

    def unmute(self):
        """A run makes the calls again."""
        self._calls = self._muted

    def check(self):
        """Raises OSError if a call failed, with its step as an attribute."""
        if self.broken_at is not None:
            step, what = self._labels[self.broken_at]
            error = failed(what, self._errno)
            error.step = step
            raise error


class Text:
    """What a call is to write, set or changed after the call was laid out."""

    def __init__(self, most_bytes):
        layout = struct.Struct("N%ds" % most_bytes)
        self._memory = ctypes.create_string_buffer(layout.size)
        self._pack, self._most_bytes = layout.pack_into, most_bytes
        self.length = ctypes.c_size_t.from_buffer(self._memory)
        self.data = (ctypes.c_char * most_bytes).from_buffer(self._memory, layout.size - most_bytes)

    def set(self, text):
        """Makes it this text, which is bytes."""
        if len(text) > self._most_bytes:
            raise ValueError("%r is longer than %d bytes" % (text, self._most_bytes))
        self._pack(self._memory, 0, len(text), text)
        return self


def nothing():
    """A call that changes nothing."""
    return describe("getppid", "getppid")
