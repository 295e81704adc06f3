"""Runs, in a zygote, the Python code that its children will run, before the first fork.

Since 3.11 the interpreter writes into code objects while they are new (PEP 659), and much is imported, cached or
allocated the first time only. All of that lands in pages that a child would have to copy, one fault each, at every
start; after a rehearsal it lies in the zygote. Calls that set sandboxes up are refused here, for want of capabilities:
that does not matter, the code on the way to them is what is rehearsed.
"""

import json
import os
import resource
import socket

from . import kernel, leaf, setup, wire

_TIMES = 12

# As long as a real one.
_REQUEST = json.dumps(
    {"kind": "leaf", "name": "leaf-0000", "private_network": False, "seccomp": True, "uid": 10000, "fresh": False}
).encode()

_NOTHING = -1


def _calls():
    return (
        lambda: setup.map_ids("/dev/null", 1, 1, 1),
        lambda: kernel.move_mount(_NOTHING, "/host"),
        lambda: kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID, "subset=pid"),
        lambda: kernel.set_host_name("rehearsal"),
        lambda: kernel.unshare(0),
        lambda: kernel.drop_capabilities(),
        lambda: kernel.set_no_new_privileges(),
        lambda: setup.lower_limit(resource.RLIMIT_CORE, 0),
        lambda: os.close(os.dup(0)),
        lambda: os.chdir("/"),
        lambda: leaf.reseed(),
        lambda: leaf.byte_code(),
    )


def run():
    """Rehearses. Leaves nothing behind but warm code."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        order = {"mounts": [], "environment": dict(os.environ), "packages": [], "open_files": 1, "file_bytes": 1}
        body = json.dumps(order).encode()
        calls = _calls()
        for _ in range(_TIMES):
            for call in calls:
                try:
                    call()
                except OSError:
                    pass
            wire.send_frame(ours.fileno(), wire.GO, body)
            instructions = json.loads(wire.receive_order(theirs)[1])
            setup.set_environment(instructions["environment"])
            setup.add_packages(instructions["packages"])
            wire.send_frame(ours.fileno(), wire.CALL, b'{"rehearsal": [1, 2.5, "three", null]}')
            status, reply = leaf.answer(lambda event: event, wire.receive_frame(theirs.fileno())[1])
            wire.send_reply(ours.fileno(), status, reply)
            wire.receive_frame(theirs.fileno())


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
