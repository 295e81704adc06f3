"""One child's way to its work."""

import os

from .. import wire
from ..linux import clone
from ..linux.calls import Text
from ..protocol import (
    CHANNEL,
    DESCRIPTOR_CGROUP,
    DESCRIPTOR_CHANNEL,
    DESCRIPTOR_MOUNT,
    DESCRIPTOR_OUTPUT,
    DESCRIPTOR_SCRATCH,
    FRAME_GO,
    KEY_DESCRIPTORS,
    KEY_KIND,
    KEY_LIMITS,
    KEY_MOUNTS,
    KEY_PRIVATE_NETWORK,
    KEY_SCOPE,
    KEY_SECCOMP,
    KEY_SPARE,
    KIND_ZYGOTE,
    MOST_NAME_BYTES,
)
from . import first
from .last import last_of
from .orders import Orders

_MOST_ID_BYTES = 64  # three numbers
_NOT_SET_UP = 70  # exit code of a process that could not be made a sandbox: EX_SOFTWARE of sysexits.h

# Bound as it was before a package may have put another one in its place.
_close = os.close
_receive_frame, _parse = wire.receive_frame, wire.parse


class Descriptors:
    """What came with a request, by its names."""

    def __init__(self, names, numbers):
        if len(names) != len(numbers):
            raise ValueError("a request came with %d descriptors, and names %s" % (len(numbers), names))
        found = dict(zip(names, numbers))
        self.all = numbers
        self.channel = found[DESCRIPTOR_CHANNEL]
        self.output = found[DESCRIPTOR_OUTPUT]
        self.cgroup = found[DESCRIPTOR_CGROUP]
        self.scratch = found[DESCRIPTOR_SCRATCH]
        self.mounts = [number for name, number in zip(names, numbers) if name == DESCRIPTOR_MOUNT]


def _clone_flags(request, is_fresh):
    """For a sandbox of this kind. Zygotes share the warden's pid namespace: docs/sandbox.md says why."""
    flags = clone.CLONE_NEWUSER | clone.CLONE_NEWNS | clone.CLONE_NEWIPC | clone.CLONE_NEWUTS
    if request[KEY_KIND] != KIND_ZYGOTE:
        flags |= clone.CLONE_NEWPID
    if request[KEY_PRIVATE_NETWORK]:
        flags |= clone.CLONE_NEWNET
    if not is_fresh:
        # The child belongs to the warden, which tells the worker when it ends; the zygote may be gone by then.
        flags |= clone.CLONE_PARENT
    return flags


class Child:
    """A child that is laid out: made before the fork, with the system calls of its first and last part as lists."""

    def __init__(self, request, own, numbers, control, gate=None):
        """request is what it has in common with others, own are the arguments of renew, numbers those of descriptors.

        control is a socket object with the number of the child's channel: it serves for that one, too.
        gate is for a fresh sandbox: both ends of a pipe that is written to when its id maps are there.
        """
        self.kind = request[KEY_KIND]
        self.is_spare = KEY_SPARE in request
        self.step = "orders"
        self._descriptors = descriptors = Descriptors(request[KEY_DESCRIPTORS], numbers)
        self.channel = descriptors.channel
        self.speaks_at = CHANNEL  # from the first call on
        is_zygote = self.kind == KIND_ZYGOTE
        # The worker moves a forked zygote into its cgroup.
        is_moved = is_zygote and gate is None
        self.how = clone.HowToClone(_clone_flags(request, gate is not None), -1 if is_moved else descriptors.cgroup)
        self._orders = Orders(control, is_zygote)
        self._name = Text(MOST_NAME_BYTES)
        self._ids = Text(_MOST_ID_BYTES)
        self._last = last_of(
            self.kind, request[KEY_SCOPE], request[KEY_SECCOMP] and gate is None, tuple(request.get(KEY_LIMITS, ()))
        )
        self.first = first.lay_out(request, is_zygote, descriptors, self._name, self._ids, gate)
        if gate is None:  # others are laid out for one child alone
            self.first.pack()
        self._knows_ahead = KEY_MOUNTS in request
        self.renew(*own)

    def renew(self, name, ids, rest):
        """Makes it another child's: its host name, its line for uid_map, and what else it is told ahead, all as
        bytes."""
        self._name.set(name)
        self._ids.set(ids)
        self._rest = rest

    def close(self):
        """In the process that forked: lets go of what the child has now."""
        for descriptor in self._descriptors.all:
            _close(descriptor)

    def go(self, meanwhile=lambda: None):
        """In the child: takes the steps up to its work. Returns what the worker said with its go.

        meanwhile is what a child can do that may have to wait for its orders. A failure is told to the worker, and
        ends the process: nothing may unwind into the code that was forked.
        """
        try:
            if self.first.broken_at is not None:
                self.first.check()
            if not self._knows_ahead:
                meanwhile()
                told = self._orders.follow()
            elif _receive_frame(self.speaks_at)[0] == FRAME_GO:
                told = _parse(self._rest) if self._rest else {}
            else:
                raise ValueError("the worker said something else than go")
            self.step = "go"
            self._last.run(told)
            return told
        except BaseException as error:
            self.fail(self.step, error)

    def fail(self, step, error):
        """Tells the worker why there will be no sandbox, and ends the process."""
        # The first call gives the channel the number at which it is from then on.
        channel = self.channel if self.first.broken_at == 0 else CHANNEL
        try:
            wire.send_failure(channel, getattr(error, "step", step), error)
        finally:
            os._exit(_NOT_SET_UP)

    def rehearse(self, control):
        """In a spare, which has the time: takes the usual orders from another socket, and makes none of the calls."""
        self._last.calls.mute()
        self._orders.rehearse(control, self._last.run)
        self._last.calls.unmute()
