"""Linux system calls that Python's standard library does not offer (to all of 3.9 ... 3.14).

Numbers are from the kernel's unistd.h of the architecture. Everything goes through ctypes.PyDLL, which keeps the
interpreter lock: after clone() in the child no other thread exists that could release it.
"""

import ctypes
import errno
import fcntl
import os
import platform
import signal
import socket
import struct

CLONE_NEWNS = 0x00020000
CLONE_PARENT = 0x00008000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
_CLONE_CHILD_CLEARTID = 0x00200000
_CLONE_CHILD_SETTID = 0x01000000
_CLONE_INTO_CGROUP = 0x200000000  # since Linux 5.7

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

_AT_FDCWD = -100
_MOVE_MOUNT_F_EMPTY_PATH = 4
_AT_RECURSIVE = 0x8000
_AT_EMPTY_PATH = 0x1000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 1, 2, 4, 8

_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_GET_TID_ADDRESS = 40
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_NS_GET_PARENT = 0xB702  # ioctl_ns(2), since Linux 4.9

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

_NUMBERS = {
    "x86_64": {"pivot_root": 155, "seccomp": 317, "capset": 126},
    "aarch64": {"pivot_root": 41, "seccomp": 277, "capset": 91},
}
# These came after the numbers were unified.
_CLONE3, _CLOSE_RANGE, _MOVE_MOUNT, _MOUNT_SETATTR = 435, 436, 429, 442
_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF = 444, 446

# As they were before a package may have put others in their place.
_close, _yield = os.close, os.sched_yield

ARCHITECTURE = platform.machine()
_SYSCALLS = _NUMBERS.get(ARCHITECTURE)

_libc = ctypes.PyDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_prctl = _libc.prctl
_prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
# For options with one argument; converting the unused ones takes longer than the call.
_short_prctl = ctypes.PyDLL(None, use_errno=True).prctl
_mmap = _libc.mmap
_mmap.restype = ctypes.c_void_p
_mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
_MAP_PRIVATE, _MAP_FIXED, _MAP_ANONYMOUS = 0x02, 0x10, 0x20
_madvise = _libc.madvise
_madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_mincore = _libc.mincore
_mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
_MADV_COLLAPSE = 25
_HUGE = 2 << 20  # what an entry of the second level maps, with pages of 4 KiB
_FULL_ENOUGH = 0.85  # of a block; the rest becomes memory that nobody asked for
PAGE = os.sysconf("SC_PAGESIZE")
_residency = ctypes.create_string_buffer(_HUGE // PAGE)
_before_fork = ctypes.pythonapi.PyOS_BeforeFork
_after_fork_child = ctypes.pythonapi.PyOS_AfterFork_Child
_after_fork_parent = ctypes.pythonapi.PyOS_AfterFork_Parent
for _function in (_before_fork, _after_fork_child, _after_fork_parent):
    _function.restype = None


def require_architecture():
    """Raises on a machine whose system-call numbers are not known here."""
    if _SYSCALLS is None:
        raise OSError(errno.ENOSYS, "no system-call table for " + ARCHITECTURE)


def _failed(what):
    number = ctypes.get_errno()
    return OSError(number, "%s: %s" % (what, os.strerror(number)))


def _check(result, what):
    if result < 0:
        raise _failed(what)
    return result


def _tid_address():
    """Where glibc keeps the thread id of this thread, so that the child's copy can be corrected by the kernel."""
    address = ctypes.c_ulong()
    if _prctl(_PR_GET_TID_ADDRESS, ctypes.addressof(address), 0, 0, 0) != 0:
        return 0
    return address.value


_clone_args = ctypes.create_string_buffer(88)


def prepare_clone(flags, cgroup):
    """Lays the arguments of clone3(2) out in memory."""
    tid = _tid_address()
    if tid:
        flags |= _CLONE_CHILD_SETTID | _CLONE_CHILD_CLEARTID
    if cgroup >= 0:
        flags |= _CLONE_INTO_CGROUP
    # With CLONE_PARENT the signal is that of the caller's own creation, and naming another one is refused.
    signal_number = 0 if flags & CLONE_PARENT else signal.SIGCHLD
    struct.pack_into("11Q", _clone_args, 0, flags, 0, tid, 0, signal_number, 0, 0, 0, 0, 0, max(cgroup, 0))


def clone(flags, cgroup=-1):
    """Forks with clone3(2), straight into namespaces and a version 2 cgroup. Returns 0 in the child.

    It goes around glibc's fork and so around pthread_atfork handlers: only for a process with one thread.
    """
    prepare_clone(flags, cgroup)
    _before_fork()
    pid = _syscall(_CLONE3, _clone_args, 88)
    if pid == 0:
        _after_fork_child()
        return 0
    # A request waits for the child, and nobody for this process: where both got the same processor, the child goes first.
    _yield()
    error = _failed("clone3") if pid < 0 else None
    _after_fork_parent()
    if error:
        raise error
    return pid


def make_memory_private():
    """Turns memory that this process would share with its children into memory that they get copies of.

    What a package mapped that way while it was imported would be written and read by all leaves of a zygote.
    """
    with open("/proc/self/maps") as file:
        maps = [line.split(None, 2) for line in file]
    for addresses, permissions, _ in maps:
        if permissions[1:4:2] != "ws":
            continue
        start, end = (int(address, 16) for address in addresses.split("-"))
        content = ctypes.string_at(start, end - start)
        protection = sum(bit for letter, bit in zip("rwx", (1, 2, 4)) if letter in permissions)
        mapped = _mmap(start, end - start, protection, _MAP_PRIVATE | _MAP_FIXED | _MAP_ANONYMOUS, -1, 0)
        if mapped != start:
            raise _failed("mmap over shared memory")
        ctypes.memmove(start, content, end - start)


def make_pages_huge():
    """Has the kernel put memory that is in use throughout into huge pages: a fork then copies fewer page-table entries.

    A generator: each step may take some milliseconds. Does nothing where the kernel cannot (MADV_COLLAPSE, Linux 6.1).
    """
    with open("/proc/self/maps") as file:
        maps = [line.split() for line in file]
    for fields in maps:
        # Anonymous and writable. The stack changes all the time.
        if fields[1] != "rw-p" or fields[4] != "0" or fields[-1] == "[stack]":
            continue
        start, end = (int(address, 16) for address in fields[0].split("-"))
        for block in range(-(-start // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE):
            if _resident_pages(block) * PAGE >= _FULL_ENOUGH * _HUGE:
                yield _madvise(block, _HUGE, _MADV_COLLAPSE)


def _resident_pages(start):
    """How many pages of a block of this size are in memory."""
    _check(_mincore(start, _HUGE, _residency), "mincore")
    return sum(_residency.raw)  # of each byte only the lowest bit is defined, and the others are 0 (mincore(2))


def threads():
    """Number of threads of this process: its task folder has two links more (proc(5))."""
    return os.stat("/proc/self/task").st_nlink - 2


def unshare(flags):
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd, kind):
    _check(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)), "setns")


def parent_user_namespace(fd):
    """A descriptor of the parent of a user namespace."""
    return fcntl.ioctl(fd, _NS_GET_PARENT)


def mount(source, target, kind, flags, options=""):
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _check(result, "mount %s on %s" % (kind or source, target))


def unmount(target, flags=0):
    _check(_libc.umount2(target.encode(), ctypes.c_int(flags)), "umount " + target)


def pivot_root(new_root, put_old):
    _check(_syscall(_SYSCALLS["pivot_root"], new_root.encode(), put_old.encode()), "pivot_root " + new_root)


def move_mount(tree, target):
    """Attaches a detached mount tree, held by a descriptor, to a folder or file."""
    _check(
        _syscall(_MOVE_MOUNT, tree, b"", _AT_FDCWD, target.encode(), _MOVE_MOUNT_F_EMPTY_PATH),
        "move_mount to " + target,
    )


def set_mount_attributes(target, attributes, recursive):
    """Adds attributes to a mount, and to all mounts below it if recursive. mount_setattr(2), since Linux 5.12."""
    flags = _AT_RECURSIVE if recursive else 0
    args = ctypes.create_string_buffer(struct.pack("4Q", attributes, 0, 0, 0), 32)
    _check(_syscall(_MOUNT_SETATTR, _AT_FDCWD, target.encode(), flags, args, 32), "mount_setattr " + target)


def set_host_name(name):
    encoded = name.encode()
    _check(_libc.sethostname(encoded, ctypes.c_size_t(len(encoded))), "sethostname")


def close_from(first):
    """Closes every descriptor from this number on."""
    _check(_syscall(_CLOSE_RANGE, first, 0xFFFFFFFF, 0), "close_range")


def set_dumpable(on):
    """Whether others with the same uid may trace this process, and who owns its files in /proc."""
    _check(_prctl(_PR_SET_DUMPABLE, 1 if on else 0, 0, 0, 0), "prctl PR_SET_DUMPABLE")


def set_no_new_privileges():
    _check(_prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl PR_SET_NO_NEW_PRIVS")


_capability_header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION_3, 0), 8)
_no_capabilities = ctypes.create_string_buffer(24)


def drop_capabilities():
    """Gives up every capability: bounding, ambient, effective, permitted, inheritable set."""
    capability = 0
    drop = _short_prctl
    while drop(_PR_CAPBSET_DROP, capability) == 0:  # EINVAL after the last one this kernel knows
        capability += 1
    if ctypes.get_errno() != errno.EINVAL:
        raise _failed("prctl PR_CAPBSET_DROP %d" % capability)
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    _check(_syscall(_SYSCALLS["capset"], _capability_header, _no_capabilities), "capset")


class Filter:
    """A seccomp program, packed sock_filter records, laid out in memory as the kernel wants it."""

    def __init__(self, program):
        self._code = ctypes.create_string_buffer(program, len(program))
        header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(self._code))
        self.argument = ctypes.create_string_buffer(header, 16)


def install_filter(program):
    """Installs a Filter; no new privileges must be set before.

    The flag keeps speculative store bypass as it is (SECCOMP_FILTER_FLAG_SPEC_ALLOW, Linux 4.17): kernels before 5.16
    would otherwise slow the process down.
    """
    _check(_syscall(_SYSCALLS["seccomp"], 1, 4, program.argument), "seccomp")


def _landlock_version():
    """0 where there is no Landlock, or it is switched off."""
    return max(0, _syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1))


# landlock(7): no file or network rights are handled; abstract sockets and signals stay inside. Since Linux 6.12.
_SCOPE = ctypes.create_string_buffer(struct.pack("3Q", 0, 0, 3), 24) if _landlock_version() >= 6 else None


def scope():
    """The rules of keep_to_itself as a descriptor; None where the kernel has no such thing."""
    if _SCOPE is None:
        return None
    return _check(_syscall(_LANDLOCK_CREATE_RULESET, _SCOPE, 24, 0), "landlock_create_ruleset")


def keep_to_itself():
    """Forbids this process and its children to connect to abstract sockets of others, and to signal them.

    Does nothing where the kernel cannot. No new privileges must be set before.
    """
    rules = scope()
    if rules is not None:
        _check(_syscall(_LANDLOCK_RESTRICT_SELF, rules, 0), "landlock_restrict_self")
        _close(rules)


def loopback_up():
    """Switches the loopback device of a new network namespace on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack_from("H", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request), 16)[0]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))
