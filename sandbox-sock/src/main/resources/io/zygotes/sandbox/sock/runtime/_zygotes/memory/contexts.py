"""Calls C functions in a row, with no Python in between."""

import ctypes
import signal

from .address_space import address_type, function, munmap, new_memory, size_type

_CONTEXT, _STACK = 16 << 10, 48 << 10  # the largest ucontext_t that there is takes 4.5 KiB
# Of ucontext_t, on all architectures: flags, what follows when the function returns, and the stack: address, flags,
# size.
_LINK, _STACK_ADDRESS, _STACK_FLAGS, _STACK_SIZE = 1, 2, 3, 4

# Not in every C library.
_getcontext = function("getcontext", ctypes.c_int, address_type)
_makecontext = function("makecontext", None)
_swapcontext = function("swapcontext", ctypes.c_int, address_type, address_type)


def can_call_in_a_row():
    """Whether this C library has what it takes."""
    return _swapcontext is not None


def call_in_a_row(calls):
    """Calls C functions one after another, with nothing in between: what Python writes to may be what they move.

    Each gets a context of its own (makecontext(3)), which the one before it returns to.
    """
    each = _CONTEXT + _STACK
    size = (len(calls) + 1) * each
    room = new_memory(size)
    if room is None:
        return
    # Handlers of signals would write, too.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        for at, (called, *arguments) in zip(range(room, room + size, each), calls):
            _getcontext(at)
            fields = (ctypes.c_size_t * 5).from_address(at)
            fields[_LINK] = at + each
            fields[_STACK_ADDRESS], fields[_STACK_FLAGS], fields[_STACK_SIZE] = at + _CONTEXT, 0, _STACK
            _makecontext(address_type(at), called, len(arguments), *map(size_type, arguments))
        _swapcontext(room + len(calls) * each, room)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        munmap(room, size)
