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

from . import kernel, leaf, setup, wire

_TIMES = 12

# As long as real ones.
_LIMITS = [1024, 1 << 28]
_ORDERS = json.dumps({"open_files": 1024, "file_bytes": 1 << 28, "mounts": []}).encode()
_COMMON = {"kind": "leaf", "private_network": False, "seccomp": True, "scope": True}
_AHEAD = dict(_COMMON, limits=_LIMITS, mounts=[setup.HANDLER])
_OWN = [b"leaf-0000", b"10000 1000 1", b""]
# What comes with a descriptor for each mount, and four others.
REQUEST = b"\n".join([json.dumps(_AHEAD).encode(), *_OWN])
DESCRIPTORS = 5
_GO = wire.frame(wire.GO)
_EVENT = b'{"rehearsal": [1, 2.5, "three", null]}'
_F = compile("def f(event):\n    return event\n", "f.py", "exec")
_BYTE_CODE = importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + bytes(8) + marshal.dumps(_F)
_CODE = "/tmp/rehearsal.pyc"
_NOTHING = -1
_CALLS = 50


class _Stage:
    """A file and sockets, with numbers that nobody else uses, in place of a child's."""

    def __init__(self):
        with open(_CODE, "wb") as file:
            file.write(_BYTE_CODE)
        self.ours, self.theirs = wire.pair(wire.STREAM)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        os.unlink(_CODE)
        self.ours.close()
        self.theirs.close()


def _set_up(stage, common, go):
    """What a leaf's set-up runs in Python, but for what would change this process."""
    wire.send_frame(stage.ours.fileno(), wire.GO, go)
    steps = setup.Setup(common, _OWN, [stage.theirs.fileno(), 0, _NOTHING, _NOTHING, _NOTHING], stage.theirs)
    steps.first = kernel.Calls()
    steps.first.add("rehearsal", *[kernel.nothing() for _ in range(_CALLS)])
    steps.first.run()
    steps.fail = lambda step, error: None  # the first call after go is refused: this process has no capability
    steps.go(stage.theirs.fileno())
    leaf.reseed()
    exec(leaf.byte_code(_CODE), {})
    return steps


def _call(stage):
    wire.send_frame(stage.ours.fileno(), wire.CALL, _EVENT)
    leaf.is_called()
    leaf.serve(stage.theirs.fileno(), lambda event: event, False, (0, 0))
    wire.receive_frame(stage.ours.fileno())
    wire.receive_frame(stage.ours.fileno())


def run():
    """Rehearses. Leaves nothing behind but warm code."""
    with _Stage() as stage:
        for _ in range(_TIMES):
            steps = _set_up(stage, _COMMON, _ORDERS)
            _set_up(stage, _AHEAD, b"")
            _call(stage)
    for _ in range(_TIMES):
        of_spare(steps)


def of_spare(steps):
    """What a spare leaf can do ahead: the pages that it will write to are its own when its orders come."""
    with _Stage() as stage:
        stage.ours.sendmsg((_GO,), wire.with_descriptors([wire.CHANNEL]))
        steps.rehearse(stage.theirs)
        leaf.rehearse(_CODE)
        _call(stage)
    leaf.reseed()
