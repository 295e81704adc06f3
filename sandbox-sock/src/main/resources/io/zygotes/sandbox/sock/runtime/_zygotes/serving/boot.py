"""How the warden comes to be: as root on the host it builds the base root of all sandboxes, and enters it."""

import os
import resource
import sys

from .. import wire
from ..linux import clone, mounts, namespaces
from ..linux.calls import do
from ..protocol import (
    ENTRY_DEVICE,
    ENTRY_FILE,
    ENTRY_FOLDER,
    ENTRY_LINK,
    ENTRY_MASK,
    ENTRY_TEXT,
    ENTRY_TREE,
    KEY_ENTRIES,
    KEY_ENTRY,
    KEY_FIRST_ID,
    KEY_IDS,
    KEY_ROOT,
    LARGEST_ENTRY,
)
from . import id_maps

_ROOT_OPTIONS = "size=4m,nr_inodes=16384,mode=755"
_MASK_FLAGS = mounts.MS_NOSUID | mounts.MS_NODEV
_MASK_OPTIONS = "size=32k,nr_inodes=8,mode=755"
_READ_ONLY = mounts.MOUNT_ATTR_RDONLY | mounts.MOUNT_ATTR_NOSUID | mounts.MOUNT_ATTR_NODEV
_DEVICE = mounts.MOUNT_ATTR_NOSUID | mounts.MOUNT_ATTR_NOEXEC
_NEW_NAMESPACES = clone.CLONE_NEWUSER | clone.CLONE_NEWPID | clone.CLONE_NEWNS | clone.CLONE_NEWIPC | clone.CLONE_NEWUTS
_NOT_BOOTED = 70  # exit code: EX_SOFTWARE of sysexits.h


def receive_instructions(control):
    """What to be, with one message for each entry of the base root: no message holds as many paths as may come."""
    instructions, descriptors, _ = wire.receive_message(control, LARGEST_ENTRY)
    count = instructions[KEY_ENTRIES]
    instructions[KEY_ENTRIES] = [wire.receive_message(control, LARGEST_ENTRY)[0][KEY_ENTRY] for _ in range(count)]
    return instructions, descriptors


def boot(instructions, cgroup):
    """As root on the host: builds the base root, enters it, and forks the warden proper. Returns in the warden."""
    root = instructions[KEY_ROOT]
    processes = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        _allow_core_limit()
    do(namespaces.unshare(clone.CLONE_NEWNS))
    do(mounts.mount("", "/", "", mounts.MS_REC | mounts.MS_PRIVATE))
    _build_root(root, instructions[KEY_ENTRIES])
    os.chdir(root)
    do(mounts.pivot_root(".", "."))
    do(mounts.unmount(".", mounts.MNT_DETACH))
    os.chdir("/")
    os.setgroups([])
    gate, release = os.pipe()
    # The worker is the warden's parent, so that it can wait for it.
    pid = clone.clone(clone.HowToClone(_NEW_NAMESPACES | clone.CLONE_PARENT, cgroup))
    if pid == 0:
        os.close(release)
        if not os.read(gate, 1):
            os._exit(_NOT_BOOTED)
        os.close(gate)
        os.close(processes)
        os.setsid()  # the worker's terminal, and what is typed there, is nothing to sandboxes
        return
    folder = "/proc/self/fd/%d/%d" % (processes, pid)
    # The magic links of /proc are those of the base root's own proc, which shows the same processes to root.
    id_maps.write(folder, 0, instructions[KEY_FIRST_ID], instructions[KEY_IDS])
    os.write(release, b"x")
    os._exit(0)


def _build_root(root, entries):
    """Makes the base root below a folder. What each entry means stands in protocol.py; BaseRoot.java lists them."""
    do(mounts.mount("tmpfs", root, "tmpfs", mounts.MS_NOSUID, _ROOT_OPTIONS))
    for kind, path, *more in entries:
        _make_entry(kind, root + path, *more)
    do(mounts.mount_proc(root + "/proc"))
    do(mounts.set_attributes(root, mounts.MOUNT_ATTR_RDONLY | mounts.MOUNT_ATTR_NODEV, False))


def _make_entry(kind, target, source=None, *more):
    if kind == ENTRY_FOLDER:
        os.makedirs(target, exist_ok=True)
    elif kind == ENTRY_LINK:
        os.symlink(source, target)
    elif kind == ENTRY_TEXT:
        with open(target, "w") as file:
            file.write(source)
    elif kind == ENTRY_TREE:
        os.makedirs(target, exist_ok=True)
        do(mounts.mount(source, target, "", mounts.MS_BIND | mounts.MS_REC))
        do(mounts.set_attributes(target, _READ_ONLY, True))
    elif kind in (ENTRY_FILE, ENTRY_DEVICE):
        open(target, "w").close()
        do(mounts.mount(source, target, "", mounts.MS_BIND))
        do(mounts.set_attributes(target, _READ_ONLY if kind == ENTRY_FILE else _DEVICE, False))
    elif kind == ENTRY_MASK:
        do(mounts.mount("tmpfs", target, "tmpfs", _MASK_FLAGS, _MASK_OPTIONS))
        content = [source, *more] if source is not None else []
        for name, text in zip(content[::2], content[1::2]):
            with open(os.path.join(target, name), "w") as file:
                file.write(text)
        do(mounts.set_attributes(target, mounts.MOUNT_ATTR_RDONLY, False))
    else:
        raise ValueError("unknown entry of the base root: " + kind)


def _allow_core_limit():
    """Sandboxes get a limit of 1, which only somebody with CAP_SYS_RESOURCE can reach from 0. See seccomp.py."""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    except ValueError:
        with open("/proc/sys/kernel/core_pattern") as file:
            if file.read(1) in "|@":
                print(
                    "sandboxes that crash are passed to the host's core_pattern: raise the worker's hard limit of "
                    "core files above 0 (LimitCORE=1 in systemd)",
                    file=sys.stderr,
                    flush=True,
                )
