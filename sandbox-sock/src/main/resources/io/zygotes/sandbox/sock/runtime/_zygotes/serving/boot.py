"""How the warden comes to be: as root on the host it builds the base root of all sandboxes, and enters it."""

import errno
import os
import resource
import stat
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

_ROOT_OPTIONS = "size=8m,nr_inodes=65536,mode=755"
_DEVICES_OPTIONS = "size=32k,nr_inodes=32,mode=755"
_NOTHING_OPTIONS = "size=4k,nr_inodes=2,mode=755"
_MASK_FLAGS = mounts.MS_NOSUID | mounts.MS_NODEV
_MASK_OPTIONS = "size=32k,nr_inodes=8,mode=755"
_READ_ONLY = mounts.MOUNT_ATTR_RDONLY | mounts.MOUNT_ATTR_NOSUID | mounts.MOUNT_ATTR_NODEV
_DEVICE = mounts.MOUNT_ATTR_NOSUID | mounts.MOUNT_ATTR_NOEXEC
_NEW_NAMESPACES = clone.CLONE_NEWUSER | clone.CLONE_NEWPID | clone.CLONE_NEWNS | clone.CLONE_NEWIPC | clone.CLONE_NEWUTS
# What mknod(2), and opening what it made, say where a node is nothing but a name.
_NOT_MADE = (errno.EPERM, errno.EACCES)
# A folder that is empty in the end.
_ASIDE = "/mnt"
_NOT_BOOTED = 70  # exit code: EX_SOFTWARE of sysexits.h


def receive_instructions(control):
    """What to be, with one message for each entry of the base root: no message holds as many paths as may come."""
    instructions, descriptors, _ = wire.receive_message(control, LARGEST_ENTRY)
    count = instructions[KEY_ENTRIES]
    instructions[KEY_ENTRIES] = [wire.receive_message(control, LARGEST_ENTRY)[0][KEY_ENTRY] for _ in range(count)]
    return instructions, descriptors


def boot(instructions, cgroup, settings):
    """As root on the host: builds the base root, enters it, and forks the warden proper. Returns in the warden.

    settings is a detached mount: what becomes /etc.
    """
    root = instructions[KEY_ROOT]
    processes = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        _allow_core_limit()
    do(namespaces.unshare(clone.CLONE_NEWNS))
    do(mounts.mount("", "/", "", mounts.MS_REC | mounts.MS_PRIVATE))
    _build_root(root, instructions[KEY_ENTRIES], settings)
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
    os.fchdir(processes)
    id_maps.write(str(pid), 0, instructions[KEY_FIRST_ID], instructions[KEY_IDS])
    os.write(release, b"x")
    os._exit(0)


def _build_root(root, entries, settings):
    """Makes the base root below a folder. What each entry means stands in protocol.py; BaseRoot.java lists them."""
    do(mounts.mount("tmpfs", root, "tmpfs", mounts.MS_NOSUID, _ROOT_OPTIONS))
    texts = {}
    for kind, path, *more in entries:
        _make_entry(kind, root + path, texts, *more)
    if os.path.ismount(root + "/dev"):
        do(mounts.set_attributes(root + "/dev", mounts.MOUNT_ATTR_RDONLY | _DEVICE, False))
    _attach_settings(settings, root + "/etc", root + _ASIDE)
    _hide_proc(root + _ASIDE)
    do(mounts.set_attributes(root, mounts.MOUNT_ATTR_RDONLY | mounts.MOUNT_ATTR_NODEV, False))


def _attach_settings(settings, target, aside):
    """The worker goes on writing to it through its own descriptor of the mount; what sandboxes see is read-only."""
    do(mounts.move_mount(settings, aside))
    do(mounts.mount(aside, target, "", mounts.MS_BIND))
    do(mounts.set_attributes(target, _READ_ONLY, False))
    do(mounts.unmount(aside, mounts.MNT_DETACH))


def _hide_proc(folder):
    """Mounts a whole /proc where nobody gets at it, under a folder with nothing in it.

    The kernel lets an unprivileged user namespace mount a /proc only where one is mounted that has nothing over it
    (mount_too_revealing() in fs/namespace.c), and that which sandboxes see has masks.
    """
    os.mkdir(folder + "/proc")
    do(mounts.mount_proc(folder + "/proc"))
    do(mounts.mount("tmpfs", folder, "tmpfs", _MASK_FLAGS | mounts.MS_RDONLY, _NOTHING_OPTIONS))


def _make_device(target, source):
    """A node of its own. All are in one file system: each mount costs every sandbox a little.

    In some containers root may not make nodes; then the host's is mounted.
    """
    if not os.path.ismount(os.path.dirname(target)):
        do(mounts.mount("tmpfs", os.path.dirname(target), "tmpfs", mounts.MS_NOSUID, _DEVICES_OPTIONS))
    status = os.stat(source)
    try:
        os.mknod(target, stat.S_IFCHR, status.st_rdev)
        os.chmod(target, 0o666)  # whatever the umask is
        os.close(os.open(target, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError as error:
        if error.errno not in _NOT_MADE:
            return  # made, and not to be opened by this process, which has no terminal
        if not os.path.lexists(target):
            open(target, "w").close()
        do(mounts.mount(source, target, "", mounts.MS_BIND))
        do(mounts.set_attributes(target, _DEVICE, False))


def _make_text(target, text, texts):
    """A file. Those with the same content are one, because each takes a page of memory."""
    same = texts.setdefault(text, target)
    if same != target:
        os.link(same, target)
    else:
        with open(target, "w") as file:
            file.write(text)


def _make_entry(kind, target, texts, source=None, *more):
    if kind == ENTRY_FOLDER:
        os.makedirs(target, exist_ok=True)
    elif kind == ENTRY_LINK:
        os.symlink(source, target)
    elif kind == ENTRY_TEXT:
        _make_text(target, source, texts)
    elif kind == ENTRY_TREE:
        os.makedirs(target, exist_ok=True)
        do(mounts.mount(source, target, "", mounts.MS_BIND | mounts.MS_REC))
        do(mounts.set_attributes(target, _READ_ONLY, True))
    elif kind == ENTRY_FILE:
        open(target, "w").close()
        do(mounts.mount(source, target, "", mounts.MS_BIND))
        do(mounts.set_attributes(target, _READ_ONLY, False))
    elif kind == ENTRY_DEVICE:
        _make_device(target, source)
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
