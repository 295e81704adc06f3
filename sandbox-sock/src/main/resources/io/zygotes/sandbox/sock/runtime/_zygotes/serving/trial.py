"""A trial: whether this machine lets sandboxes be made, found out before anybody waits for one.

A child of the warden becomes a zygote in all that the kernel looks at: its ids, its namespaces, no capability, the
filter. What takes most of a zygote's start is left out, an interpreter of its own and the arrangement of its memory: it
forks one leaf, from the warden's program, and ends. The leaf takes every step of a leaf's set-up, and runs nothing.
"""

import json
import os

from .. import wire
from ..linux import clone
from ..linux.calls import do
from ..linux.privileges import set_dumpable
from ..protocol import CHANNEL, FRAME_READY, KEY_SECCOMP, LINE_END, STEP_FORK
from ..setup.child import Child
from ..setup.last import base_filter

_LINE_END = LINE_END.encode()


def main(request):
    """Serves one request for a leaf. Never returns, in neither of both processes."""
    try:
        if request[KEY_SECCOMP]:
            do(base_filter())
        do(set_dumpable(False))
        control = wire.over(CHANNEL, wire.PACKETS)
        wire.send_frame(CHANNEL, FRAME_READY, json.dumps({}).encode())
        data, numbers = wire.receive_request(control)
        common, *own = data.split(_LINE_END)
        child = Child(wire.parse(common), own, numbers, control)
        _fork(child)
        child.close()
        while True:
            wire.receive_request(control)  # up to the end, as a zygote lives on
    except (wire.Closed, ConnectionError):
        os._exit(0)  # the worker hung up


def _fork(child):
    try:
        if clone.clone(child.how, child.first) != 0:
            return
    except OSError as error:
        wire.send_failure(child.channel, STEP_FORK, error)
        return
    child.go()
    wire.send(CHANNEL, wire.ready(0, 0))
    # The worker must not hear of its end before it has read that.
    wire.receive_frame(CHANNEL)
