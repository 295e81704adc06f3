"""Runs, in a zygote, the Python code that its children will run, before the first fork.

Since 3.11 the interpreter writes into code objects while they are new (PEP 659), and much is imported, cached or
allocated the first time only. All of that lands in pages that a child would have to copy, one fault each, at every
start; after a rehearsal it lies in the zygote. Calls that set sandboxes up are refused here, for want of capabilities:
that does not matter, the code on the way to them is what is rehearsed.
"""

import importlib.util
import json
import marshal
import os
import resource
import socket

from . import kernel, leaf, setup, wire

_TIMES = 12

# As long as a real one.
_REQUEST = json.dumps(
    {"kind": "leaf", "name": "leaf-0000", "private_network": False, "seccomp": True, "scope": True, "uid": 10000}
).encode()
_EVENT = b'{"rehearsal": [1, 2.5, "three", null]}'
_CODE = "/tmp/rehearsal.pyc"
_NOTHING = -1
_NO_NUMBER = 1 << 30  # of a descriptor: more than any process may have open (nr_open, proc_sys_fs(5))


class _Stage:
    """Sockets and descriptors with numbers that nobody else uses, in place of a child's."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.channel, *self.outputs = [os.dup(self.theirs.fileno()) for _ in range(3)]

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.ours.close()
        self.theirs.close()
        for number in (self.channel, *self.outputs):
            os.close(number)


def _set_up(stage):
    """The steps of a leaf, but for those that would change this process. Each goes as far as the kernel lets it here."""
    wire.send_frame(stage.ours.fileno(), wire.GO, b'{"mounts": [], "open_files": 1024, "file_bytes": 1048576}')
    steps = setup.Setup(json.loads(_REQUEST), [stage.theirs.fileno(), 0, _NOTHING, _NOTHING], stage.channel, stage.outputs)
    for step in (
        steps.hello,
        steps.descriptors,
        steps.map_itself,
        steps.mounts,
        lambda: kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID, "subset=pid"),
        lambda: kernel.close_from(_NO_NUMBER),
        lambda: os.setpgid(0, 0),
        lambda: kernel.set_host_name("rehearsal"),
        steps.orders,
        lambda: kernel.set_mount_attributes("/nothing", 0, False),
        lambda: setup.lower_limit(resource.RLIMIT_RTPRIO, 0),
        kernel.set_no_new_privileges,
        kernel.drop_capabilities,
        lambda: os.close(kernel.scope() or os.dup(0)),
        lambda: os.chdir("/"),
        leaf.reseed,
        lambda: exec(leaf.byte_code(_CODE), {}),
    ):
        try:
            step()
        except OSError:
            pass
    wire.receive_frame(stage.ours.fileno())


def _call(stage):
    wire.send_frame(stage.ours.fileno(), wire.CALL, _EVENT)
    leaf.serve(stage.theirs.fileno(), lambda event: event, False)
    wire.receive_frame(stage.ours.fileno())


def run():
    """Rehearses. Leaves nothing behind but warm code."""
    code = compile("def f(event):\n    return event\n", "f.py", "exec")
    with open(_CODE, "wb") as file:
        file.write(importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + bytes(8) + marshal.dumps(code))
    try:
        with _Stage() as stage:
            for _ in range(_TIMES):
                _set_up(stage)
                _call(stage)
    finally:
        kernel.set_dumpable(False)
        os.unlink(_CODE)


class Request:
    """What a zygote does with a request up to the fork, for practice.

    A fork makes all memory of the zygote read-only for the moment, and each page that it writes to on the way to the next
    fork costs it a fault. After a practice, which nobody waits for, those pages are its own again.
    """

    def __init__(self):
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for _ in range(_TIMES):
            self.run()

    def run(self):
        socket.send_fds(self._ours, [_REQUEST], [0])
        request, descriptors = wire.receive_message(self._theirs)
        kernel.prepare_clone(setup.namespaces(request) | kernel.CLONE_PARENT, 0)
        kernel.threads()
        for descriptor in descriptors:
            os.close(descriptor)

    def detach(self):
        """In a child: the numbers of the sockets mean something else soon."""
        self._ours.detach()
        self._theirs.detach()
