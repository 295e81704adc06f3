"""Forks, straight into namespaces and a cgroup, or as the C library does it."""

import ctypes
import os
import signal
import struct

from .. import tuning
from .calls import Calls, check, failed, libc, syscall
from .numbers import CLONE3, NUMBERS

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

_PR_GET_TID_ADDRESS = 40
_AT_FDCWD = -100
# statx(2): a mask, a size and attributes come before the number of links.
_STATX_NLINK, _STATX_BYTES = 4, 256

_libc_fork = libc.fork
_prctl = libc.prctl
_prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
_before_fork = ctypes.pythonapi.PyOS_BeforeFork
_after_fork_child = ctypes.pythonapi.PyOS_AfterFork_Child
_after_fork_parent = ctypes.pythonapi.PyOS_AfterFork_Parent
for _function in (_before_fork, _after_fork_child, _after_fork_parent):
    _function.restype = None

# Bound as it was before a package may have put another one in its place.
_let_child_go_first = os.sched_yield if tuning.CHILD_FIRST else lambda: None

_thread_id = ctypes.c_ulong()
_links = struct.Struct("16xI").unpack_from
_status = ctypes.create_string_buffer(_STATX_BYTES)
_look_at_tasks = NUMBERS.get("statx"), _AT_FDCWD, b"/proc/self/task", 0, _STATX_NLINK, _status


def _tid_address():
    """Where glibc keeps the thread id of this thread, so that the child's copy can be corrected by the kernel."""
    if not _thread_id.value:  # the same in every child
        _prctl(_PR_GET_TID_ADDRESS, ctypes.addressof(_thread_id), 0, 0, 0)
    return _thread_id.value


class HowToClone:
    """The arguments of clone3(2): flags, and the version 2 cgroup that the child is born into, or -1."""

    def __init__(self, flags, cgroup):
        self.flags = flags
        tid = _tid_address()
        if tid:
            flags |= _CLONE_CHILD_SETTID | _CLONE_CHILD_CLEARTID
        if cgroup >= 0:
            flags |= _CLONE_INTO_CGROUP
        # With CLONE_PARENT the signal is that of the caller's own creation, and naming another one is refused.
        signal_number = 0 if flags & CLONE_PARENT else signal.SIGCHLD
        fields = struct.pack("11Q", flags, 0, tid, 0, signal_number, 0, 0, 0, 0, 0, max(cgroup, 0))
        self.cgroup = cgroup
        self.call = CLONE3, ctypes.create_string_buffer(fields, len(fields)), len(fields)

    def without_clone_parent(self):
        """The same for a child of the process itself."""
        return HowToClone(self.flags & ~CLONE_PARENT, self.cgroup)


_NO_CALLS = Calls()


def clone(how, first=_NO_CALLS):
    """Forks with clone3(2), straight into namespaces and a cgroup. Returns 0 in the child.

    The child makes the first Calls before anything else; whoever gets the 0 has to check() them.
    It goes around glibc's fork and so around pthread_atfork handlers: only for a process with one thread.
    """
    _before_fork()
    pid = syscall(*how.call)
    if pid == 0:
        first.run()
        _after_fork_child()
        return 0
    # A request waits for the child, and nobody for this process: where both got the same processor, the child goes
    # first.
    _let_child_go_first()
    _after_fork_parent()
    if pid < 0:
        raise failed("clone3", ctypes.get_errno())
    return pid


def fork():
    """Forks by the C library, which runs the handlers that libraries registered for that. Returns 0 in the child.

    As os.fork, which since 3.12 warns of threads at each call: on the worker's log or to a package's own hook, and from
    3.15 on with an exception, where a package made errors of warnings.
    """
    _before_fork()
    pid = _libc_fork()
    if pid == 0:
        _after_fork_child()
        return 0
    number = ctypes.get_errno()
    _after_fork_parent()
    if pid < 0:
        raise failed("fork", number)
    return pid


def await_end(child):
    """Waits for a process that this one forked."""
    try:
        os.waitpid(child, 0)
    except ChildProcessError:
        pass  # a package's handler for SIGCHLD waited for it, or ignores all ends (sigaction(2))


def threads():
    """Number of threads of this process: its task folder has two links more (proc(5))."""
    check(syscall(*_look_at_tasks), "statx of /proc/self/task")
    return _links(_status)[0] - 2
