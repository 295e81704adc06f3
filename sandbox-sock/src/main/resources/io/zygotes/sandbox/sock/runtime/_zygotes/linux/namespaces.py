"""Namespaces of users, hosts and networks, and process groups."""

import fcntl
import socket
import struct

from .calls import describe
from .files import close

_NS_GET_PARENT = 0xB702  # ioctl_ns(2), since Linux 4.9
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1


def unshare(flags):
    """Moves the process into new namespaces; flags are those of clone.py."""
    return describe("unshare 0x%x" % flags, "unshare", flags)


def setns(descriptor, kind):
    """Moves the process into a namespace that a descriptor holds; kind is one of the flags of clone.py."""
    return describe("setns", "setns", descriptor, kind)


def parent_user_namespace(descriptor):
    """A descriptor of the parent of a user namespace; asks for it now."""
    return fcntl.ioctl(descriptor, _NS_GET_PARENT)


def set_ids(number):
    """Gives the process this uid and gid, real, effective and saved ones."""
    return (
        describe("setresgid", "setresgid", number, number, number),
        describe("setresuid", "setresuid", number, number, number),
    )


def set_host_name(name):
    """Sets the name of the host; the name is a Text."""
    return describe("sethostname", "sethostname", name.data, name.length)


def loopback_up(number):
    """Switches the loopback device of a new network namespace on; number as in files.overwrite."""
    return (
        describe("socket", "socket", socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0),
        # Of its flags only this one can be changed here (netdevice(7)).
        describe("switch lo on", "ioctl", number, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP)),
        close(number),
    )


def own_process_group():
    """Makes the process the first of a process group."""
    return describe("setpgid", "setpgid", 0, 0)
