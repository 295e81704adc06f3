"""The system calls of a child up to its orders."""

import functools
import os
import resource

from .. import tuning, wire
from ..linux import files, mounts, namespaces, privileges
from ..linux.calls import Calls, Text
from ..protocol import CHANNEL, FIRST_ID, FRAME_HELLO, KEY_MOUNTS, KEY_PRIVATE_NETWORK, KEY_UID, PATH_HOST

# The lowest unused descriptor of a child that has standard streams and its channel alone.
UNUSED = CHANNEL + 1

_PROC, _TERMINALS = "/proc", "/dev/pts"
_PENDING_SIGNALS = 1024
_LOCKED_BYTES = 8 << 20

laid_out_once = functools.lru_cache(maxsize=None) if tuning.KNOWN_REQUESTS else lambda function: function


def lay_out(request, is_zygote, descriptors, name, ids, gate):
    """The calls. The lowest unused descriptor is known as soon as most are closed.

    name and ids are a Text each. gate is that of a fresh sandbox, or None.
    """
    calls = Calls()
    # The first one, so that what fails after it is told to the worker in the child's own name.
    calls.add("descriptors", files.dup(descriptors.channel, CHANNEL, False))
    if gate is not None:
        calls.add("identity", files.close(gate[1]), files.read_byte(gate[0]))
    calls.extend(_hello())
    calls.add(
        "descriptors",
        *files.empty_input(),
        files.dup(descriptors.output, 1, True),
        files.dup(descriptors.output, 2, True),
    )
    calls.add("mounts", mounts.move_mount(descriptors.scratch, PATH_HOST))
    for tree, target in zip(descriptors.mounts, request.get(KEY_MOUNTS, ())):
        calls.add("mounts", mounts.move_mount(tree, target))
    calls.add("descriptors", files.close_from(UNUSED))
    if gate is not None:
        calls.add("identity", *namespaces.set_ids(request[KEY_UID]), privileges.set_dumpable(True))
        calls.add("limits", *_general_limits())
    elif is_zygote:
        # Another process writes its maps, and the worker says when they are there.
        calls.add("identity", files.read_byte(CHANNEL), *namespaces.set_ids(FIRST_ID), privileges.set_dumpable(True))
    else:
        # A single line that maps the parent's own id needs no privilege (user_namespaces(7)).
        calls.add("identity", *files.overwrite("/proc/self/setgroups", Text(4).set(b"deny"), UNUSED))
        for path in ("/proc/self/uid_map", "/proc/self/gid_map"):
            calls.add("identity", *files.overwrite(path, ids, UNUSED))
    # Else it would share that of its zygote and of all other leaves, whose processes have the same host uid.
    calls.add("group", namespaces.own_process_group())
    calls.add("name", namespaces.set_host_name(name))
    if request[KEY_PRIVATE_NETWORK]:
        calls.add("network", *namespaces.loopback_up(UNUSED))
    calls.extend(_before_orders(is_zygote))
    return calls


@laid_out_once
def _hello():
    calls = Calls()
    # So that its files in /proc, uid_map among them, are its own.
    calls.add("hello", privileges.set_dumpable(True), files.write(CHANNEL, wire.frame(FRAME_HELLO)))
    return calls


@laid_out_once
def _before_orders(is_zygote):
    calls = Calls()
    if not is_zygote:
        calls.add("mounts", mounts.mount_proc(_PROC), *mounts.mask_proc(_PROC))
        if os.path.isdir(_TERMINALS):  # a kernel may have none
            calls.add("mounts", mounts.mount_terminals(_TERMINALS))
    calls.add("bounding set", *privileges.empty_bounding_set())
    return calls


def _general_limits():
    """Lowers those that are the same for all sandboxes; children inherit them."""
    limits = (
        (resource.RLIMIT_CORE, 1),  # no core files, and no program of the host's that gets one: see seccomp.py
        (resource.RLIMIT_NICE, 0),
        (resource.RLIMIT_RTPRIO, 0),
        (resource.RLIMIT_MSGQUEUE, 0),  # would be counted for all leaves of a zygote together
        (resource.RLIMIT_MEMLOCK, _LOCKED_BYTES),
        # Counted for the zygote's uid as well, so one leaf must not be able to use up what all of them have.
        (resource.RLIMIT_SIGPENDING, _PENDING_SIGNALS),
    )
    return [privileges.Limit(which).set(value).call for which, value in limits]
