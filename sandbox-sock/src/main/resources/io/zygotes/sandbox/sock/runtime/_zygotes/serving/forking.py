"""Forks a sandbox from a zygote, whatever its packages did before."""

import os

from .. import wire
from ..linux.clone import await_end, clone, fork, threads
from ..protocol import CHANNEL, STEP_FORK


def fork_child(child):
    """Forks a child that is laid out. Returns 0 in it."""
    if threads() == 1:  # asked at the last moment: a signal handler of a package could have started one
        return clone(child.how, child.first)
    return _fork_with_threads(child)


def _fork_with_threads(child):
    """With threads only fork(2) by the C library is safe: it runs the handlers that libraries registered for it.

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
    """Forks once, if there are threads.

    If a thread holds what a handler for forks waits for, it hangs here, where imports have a deadline.
    """
    if threads() > 1:
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
