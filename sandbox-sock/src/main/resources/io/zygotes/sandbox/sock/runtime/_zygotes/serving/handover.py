"""What the warden's child leaves to the interpreter that it becomes: the same process, another program."""

import json
import os

from ..protocol import CHANNEL

_INHERITED = CHANNEL + 1  # the descriptor of a file in memory
_CLOSED = 16  # descriptors between the two are closed, and from here on there are none


def leave(request, instructions):
    """Leaves the request for the sandbox and what the worker said with its go, and no descriptors but the usual."""
    inherited = os.memfd_create("go", 0)
    with open(os.dup(inherited), "w") as file:
        json.dump([request, instructions], file)
    os.lseek(inherited, 0, os.SEEK_SET)
    os.dup2(inherited, _INHERITED)
    os.closerange(_INHERITED + 1, _CLOSED)
    os.set_inheritable(CHANNEL, True)


def take():
    """Returns both. Everything but the standard streams and the channel is gone after this, as in a forked sandbox."""
    with open(_INHERITED, "rb") as file:
        request, instructions = json.load(file)
    os.set_inheritable(CHANNEL, False)
    return request, instructions
