"""Mounts: mount(2), move_mount(2), mount_setattr(2), pivot_root(2)."""

import struct

from .calls import describe
from .numbers import MOUNT_SETATTR, MOVE_MOUNT

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 1, 2, 4, 8

_AT_FDCWD = -100
_MOVE_MOUNT_F_EMPTY_PATH = 4
_AT_RECURSIVE = 0x8000


def mount(source, target, kind, flags, options=""):
    """Mounts a file system of this kind; without one, binds the source, or changes what propagates."""
    return describe(
        "mount %s on %s" % (kind or source, target),
        "mount",
        source.encode(),
        target.encode(),
        kind.encode(),
        flags,
        options.encode(),
    )


def mount_proc(target):
    """Mounts a /proc that shows the processes of others to nobody."""
    return mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "subset=pid,hidepid=2")


def unmount(target, flags=0):
    """Takes a mount away."""
    return describe("umount " + target, "umount2", target.encode(), flags)


def pivot_root(new_root, put_old):
    """Makes a mount the root, and mounts the old root elsewhere."""
    return describe("pivot_root " + new_root, "pivot_root", new_root.encode(), put_old.encode())


def move_mount(tree, target):
    """Attaches a detached mount tree, held by a descriptor, to a folder or file."""
    return (
        "move_mount to " + target,
        (MOVE_MOUNT, tree, b"", _AT_FDCWD, target.encode(), _MOVE_MOUNT_F_EMPTY_PATH),
    )


def set_attributes(target, attributes, recursive):
    """Adds attributes to a mount, and to all mounts below it if recursive. mount_setattr(2), since Linux 5.12."""
    flags = _AT_RECURSIVE if recursive else 0
    args = struct.pack("4Q", attributes, 0, 0, 0)
    return "mount_setattr " + target, (MOUNT_SETATTR, _AT_FDCWD, target.encode(), flags, args, len(args))
