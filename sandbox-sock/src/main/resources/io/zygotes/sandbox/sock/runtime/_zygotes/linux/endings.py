"""Signals that end a process end the first one of a pid namespace, too.

The kernel ignores a signal that the first process of a pid namespace has no handler for, unless it comes from outside
(pid_namespaces(7)). So abort(), alarm(2) and kill(2) of itself would do nothing in a leaf, or end it as something else.
Here each such signal gets a handler that ends the process with the exit code that a shell would show for the signal,
which is how the worker hears of the end by a signal, too.

The handler is machine code, because one in Python would run only when the interpreter comes to it. Where there is none
for the machine, or memory must not become code, signals stay as they are.
"""

import ctypes
import os
import signal
import struct

from ..memory import address_space
from .calls import describe, do
from .numbers import ARCHITECTURE

# exit_group(128 + number of the signal).
_CODE = {
    "x86_64": bytes.fromhex("81c780000000 b8e7000000 0f05 f4"),  # add edi, 128; mov eax, 231; syscall; hlt
    "aarch64": struct.pack("<3I", 0x11020000, 0xD2800BC8, 0xD4000001),  # add w0, w0, #128; mov x8, #94; svc #0
}
# Those whose action is to end the process, signal(7); not the ones that a program gets for its own mistakes, which the
# kernel delivers to all.
_ENDING = [
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGABRT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGPIPE,
    signal.SIGALRM,
    signal.SIGTERM,
    signal.SIGXCPU,
    signal.SIGXFSZ,
    signal.SIGVTALRM,
    signal.SIGPROF,
    signal.SIGIO,
    signal.SIGPWR,
]
_OF_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
# Those that glibc uses for threads, and that its own functions refuse to touch.
_OF_C_LIBRARY = (32, 33)
_KERNEL_ACTION_BYTES, _MASK_BYTES = 32, 8  # struct sigaction as the kernel has it (rt_sigaction(2)), all default if 0
_DEFAULT = ctypes.c_void_p(0).value  # SIG_DFL
_SIGACTION_BYTES = 256  # more than struct sigaction has in any C library; the handler is its first field

_sigaction = address_space.libc.sigaction
_getpid = os.getpid  # bound as in wire.py: every sandbox calls it
_handler = None


def _set(number, handler, instead_of):
    """Sets a signal's handler, if it has this one."""
    action = ctypes.create_string_buffer(_SIGACTION_BYTES)
    if _sigaction(number, None, action) == 0 and _address(action) == instead_of:
        fresh = ctypes.create_string_buffer(_SIGACTION_BYTES)
        struct.pack_into("P", fresh, 0, handler or 0)
        _sigaction(number, fresh, None)


def _address(action):
    return struct.unpack_from("P", action)[0] or _DEFAULT


def restore_signals():
    """Ignores no signal any more, but for those that Python itself ignores: children would inherit that.

    Whoever starts the worker may ignore some: a shell does so with what it runs in the background, and nohup. Python
    leaves those alone when it starts. Two more are ignored by what the worker starts programs with, posix_spawn(3) of
    glibc.
    """
    for number in signal.valid_signals():
        if number not in _OF_PYTHON and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    for number in _OF_C_LIBRARY:
        action = ctypes.create_string_buffer(_KERNEL_ACTION_BYTES)
        do(describe("rt_sigaction", "rt_sigaction", number, action, None, _MASK_BYTES))


def let_signals_end_this_process():
    """In what becomes the first process of a pid namespace, or is forked into one. Handlers of others stay."""
    global _handler
    if _handler is None:
        code = _CODE.get(ARCHITECTURE)
        _handler = code and address_space.executable(code)
        if _handler is not None:
            os.register_at_fork(after_in_child=_reset)
    if _handler is not None:
        for number in _ENDING:
            _set(number, _handler, _DEFAULT)


def _reset():
    """In a child of a lambda's: it ends by the signal itself, and its parent sees that."""
    if _getpid() != 1:
        for number in _ENDING:
            _set(number, _DEFAULT, _handler)
