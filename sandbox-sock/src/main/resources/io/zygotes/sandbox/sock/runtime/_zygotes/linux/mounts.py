"""Mounts: mount(2), move_mount(2), mount_setattr(2), pivot_root(2)."""

import os
import stat
import struct

from .calls import describe
from .numbers import MOUNT_SETATTR, MOVE_MOUNT

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 1, 2, 4, 8

# What a container is not shown of /proc: the masked paths of runc.
_MASKED = (
    "acpi",
    "asound",
    "interrupts",
    "kcore",
    "keys",
    "latency_stats",
    "sched_debug",
    "scsi",
    "timer_list",
    "timer_stats",
)
# In a sandbox: nothing, as a file and as a folder.
_NO_FILE, _NO_FOLDER = "/dev/null", "/mnt"
# Each terminal keeps up to 128 KiB of the kernel's memory, which no limit counts.
_MOST_TERMINALS = 32

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
    return mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=2")


def mask_proc(folder):
    """Binds nothing over what a container is not shown of a /proc.

    folder is a /proc that is mounted when this is called. What others than root may not read there needs no mask, as
    little as what they may not write: nobody in a sandbox is the host's root.
    """
    return [
        mount(_NO_FOLDER if stat.S_ISDIR(mode) else _NO_FILE, "%s/%s" % (folder, name), "", MS_BIND)
        for name, mode in ((name, _mode("%s/%s" % (folder, name))) for name in _MASKED)
        if mode & stat.S_IROTH
    ]


def _mode(path):
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0


def mount_terminals(target):
    """Mounts a /dev/pts of its own: pseudo terminals that nobody else sees."""
    options = "newinstance,ptmxmode=0666,mode=600,max=%d" % _MOST_TERMINALS
    return mount("devpts", target, "devpts", MS_NOSUID | MS_NOEXEC, options)


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
