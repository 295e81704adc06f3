"""Runs, in a zygote, the Python code that its children will run, before the first fork.

Since 3.11 the interpreter writes into code objects while they are new (PEP 659), and much is imported, cached or
allocated the first time only. All of that lands in pages that a child would have to copy, one fault each, at every
start; after a rehearsal it lies in the zygote. System calls that would change the zygote are replaced by one that
changes nothing, or are refused, for want of capabilities: the code on the way to them is what is rehearsed.
"""

import importlib.util
import json
import marshal
import os
import sys
import types

from .. import wire
from ..linux.calls import Calls, nothing
from ..protocol import (
    CHANNEL,
    DESCRIPTOR_CGROUP,
    DESCRIPTOR_CHANNEL,
    DESCRIPTOR_MOUNT,
    DESCRIPTOR_OUTPUT,
    DESCRIPTOR_SCRATCH,
    FRAME_CALL,
    FRAME_GO,
    KEY_DESCRIPTORS,
    KEY_FILE_BYTES,
    KEY_KIND,
    KEY_LIMITS,
    KEY_MOUNTS,
    KEY_OPEN_FILES,
    KEY_PRIVATE_NETWORK,
    KEY_SCOPE,
    KEY_SECCOMP,
    KIND_LEAF,
    PATH_HANDLER,
    PATH_TMP,
)
from ..setup.child import Child
from ..work import code, entries, leaf

_TIMES = 12

# As long as real ones.
_LIMITS = [1024, 1 << 28]
_ORDERS = json.dumps({KEY_OPEN_FILES: 1024, KEY_FILE_BYTES: 1 << 28, KEY_MOUNTS: []}).encode()
_NAMES = [DESCRIPTOR_CHANNEL, DESCRIPTOR_OUTPUT, DESCRIPTOR_CGROUP, DESCRIPTOR_SCRATCH]
_COMMON = {
    KEY_KIND: KIND_LEAF,
    KEY_PRIVATE_NETWORK: False,
    KEY_SECCOMP: True,
    KEY_SCOPE: True,
    KEY_DESCRIPTORS: _NAMES,
}
_AHEAD = dict(
    _COMMON, **{KEY_LIMITS: _LIMITS, KEY_MOUNTS: [PATH_HANDLER], KEY_DESCRIPTORS: [*_NAMES, DESCRIPTOR_MOUNT]}
)
_OWN = [b"leaf-0000", b"10000 1000 1", b""]
# As a zygote gets it, and how many descriptors come with it.
REQUEST = b"\n".join([json.dumps(_AHEAD).encode(), *_OWN])
DESCRIPTORS = len(_AHEAD[KEY_DESCRIPTORS])

_GO = wire.frame(FRAME_GO)
_HEAD = b"event\n\n0\nPOST\n\n\nhttp\n\n"
_EVENT = wire.with_head(_HEAD, b'{"rehearsal": [1, 2.5, "three", null]}')
_F = compile("def f(event):\n    return event\n", "f.py", "exec")
_BYTE_CODE = importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + bytes(8) + marshal.dumps(_F)
_FILE = PATH_TMP + "/rehearsal.pyc"
_NO_DESCRIPTOR = -1
_CALLS = 50


class _Stage:
    """A file and sockets, with numbers that nobody else uses, in place of a child's."""

    def __init__(self):
        with open(_FILE, "wb") as file:
            file.write(_BYTE_CODE)
        self.ours, self.theirs = wire.pair(wire.STREAM)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        os.unlink(_FILE)
        self.ours.close()
        self.theirs.close()


def run(become, spares):
    """Rehearses, what spare leaves do only if there may be some. Leaves nothing behind but warm code.

    become is what a zygote's child does when it was forked.
    """
    for _ in range(_TIMES):
        _run_once(become, spares)


def _run_once(become, spares):
    with _Stage() as stage:
        child = _set_up(stage, become, _COMMON, _ORDERS)
        _set_up(stage, become, _AHEAD, b"")
        _call(stage)
    if spares:
        run_spare(child)


def run_spare(child):
    """What a spare leaf can do ahead: the pages that it will write to are its own when its orders come."""
    with _Stage() as stage:
        stage.ours.sendmsg((_GO,), wire.with_descriptors([CHANNEL]))
        child.rehearse(stage.theirs)
        wire.send_frame(stage.ours.fileno(), FRAME_CALL, _EVENT)
        leaf.rehearse(stage.theirs.fileno(), _FILE)
        _answered(stage)
        _call(stage)
    code.reseed()


def _set_up(stage, become, common, go):
    """What a leaf's set-up runs in Python, but for what would change this process."""
    wire.send_frame(stage.ours.fileno(), FRAME_GO, go)
    numbers = [stage.theirs.fileno(), 0] + [_NO_DESCRIPTOR] * (len(common[KEY_DESCRIPTORS]) - 2)
    child = Child(common, _OWN, numbers, stage.theirs)
    child.first = Calls()
    child.first.add("rehearsal", *[nothing() for _ in range(_CALLS)])
    child.first.pack()
    child.first.run()
    child.fail = lambda step, error: None  # the first call after go is refused: this process has no capability
    child.speaks_at = stage.theirs.fileno()
    become(child)
    code.reseed()
    module = types.ModuleType("f")
    exec(code.byte_code(_FILE), module.__dict__)
    entries.module()
    entries.find(module, None)
    return child


def _call(stage):
    wire.send_frame(stage.ours.fileno(), FRAME_CALL, _EVENT)
    leaf.is_called()
    leaf.serve(stage.theirs.fileno(), entries.Function(lambda event: event).handle, True, (0, 0), len(sys.modules))
    _answered(stage)


def _answered(stage):
    """Reads that a leaf is ready, and its answer."""
    for _ in range(2):
        wire.receive_frame(stage.ours.fileno())
