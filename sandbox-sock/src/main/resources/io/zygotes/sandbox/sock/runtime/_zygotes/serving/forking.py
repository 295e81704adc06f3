"""Forks a sandbox from a zygote, whatever its packages did before."""

import os

from .. import wire
from ..linux import libraries
from ..linux.clone import await_end, clone, fork, threads
from ..protocol import CHANNEL, STEP_FORK

# Libraries that registered handlers for forks, by their paths: of this zygote, and of those that it was forked from.
_with_handlers = set()
_looked_at = set()
# By which a library registers one: what pthread_atfork(3) becomes.
_REGISTERS = b"__register_atfork"
# Of these it is known that their handlers end and start threads and do nothing else; gRPC registers its own with its
# first channel. They are in many zygotes.
_NOT_NEEDED = ("openblas", "pypocketfft", "cygrpc")


def note_libraries():
    """Takes that the libraries which are loaded now are the interpreter's, or were looked at."""
    _looked_at.update(libraries.loaded())


def look_for_handlers():
    """Finds out whether libraries that were loaded since register handlers for forks (pthread_atfork(3)).

    Nobody can ask the C library for them. So each library that names the function by which it is done counts.
    """
    new = libraries.loaded() - _looked_at
    _looked_at.update(new)
    for path in new:
        if not any(known in os.path.basename(path) for known in _NOT_NEEDED) and libraries.names(path, _REGISTERS):
            _with_handlers.add(path)


def fork_child(child):
    """Forks a child that is laid out. Returns 0 in it."""
    if (
        threads() == 1 and not _with_handlers
    ):  # asked at the last moment: a signal handler of a package could have started one
        return clone(child.how, child.first)
    return _fork_by_library(child)


def _fork_by_library(child):
    """fork(2) by the C library runs the handlers that libraries registered for it. With threads only that is safe.

    The process in the middle has one thread, makes the sandbox, and ends, so that the warden inherits the sandbox.
    """
    middle = fork()
    if middle == 0:
        try:
            if clone(child.how.without_clone_parent(), child.first) == 0:
                return 0
        except OSError as error:
            wire.send_failure(child.channel, STEP_FORK, error)
        os._exit(0)
    await_end(middle)
    return middle


def require_forks():
    """Forks once, if there are threads or handlers for forks.

    If a thread holds what a handler for forks waits for, it hangs here, where imports have a deadline.
    """
    if threads() > 1 or _with_handlers:
        child = fork()
        if child == 0:
            os._exit(0)
        await_end(child)


def require_standard_streams():
    """Opens those that a package closed: else their numbers were given to what is made for the next child."""
    for number in range(CHANNEL):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest unused number, which is this one
            os.set_inheritable(number, True)
