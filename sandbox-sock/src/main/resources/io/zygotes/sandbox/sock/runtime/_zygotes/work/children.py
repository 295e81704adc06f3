"""Processes that a lambda has started and that have ended.

As the first of its pid namespace a leaf inherits orphans, whose ends nobody asks for: the worker lets go of them,
because each takes one of the processes that the lambda may have. The ends of its own children are for the lambda to
ask for: Popen.poll(), Process.exitcode, and a Pool that replaces its workers would be told that all went well. What
has an object of such a kind is kept, as long as the object is; so are those of os.fork() and pty.fork(), as many as a
lambda that never asks can do without.
"""

import gc
import os
import sys

from ..linux import files

# Ended forks that are kept for the lambda, and forks that are remembered before it is looked which are still there.
_MOST_KEPT, _MOST_REMEMBERED = 3, 256
_LARGEST_LIST = 1 << 16

_has_ended = files.look_for_ended_child()
# Bound before a package may have put something else in their place, and as wire.py says.
_getpid, _open, _read, _close = os.getpid, os.open, os.read, os.close
_forked = []  # process ids of the lambda's own forks, the newest last


def _remember_fork():
    """In a process that has just forked: if it is a leaf, which is the first of its namespace, and no zygote.

    Nobody tells which process it was. The kernel lists a thread's children in the order in which it got them.
    """
    if _getpid() != 1:
        return
    try:
        descriptor = _open("/proc/thread-self/children", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return  # no descriptor is left, or a kernel without CONFIG_PROC_CHILDREN
    try:
        children = _read(descriptor, _LARGEST_LIST).split()
    finally:
        _close(descriptor)
    if children:
        _forked.append(int(children[-1]))
    if len(_forked) > _MOST_REMEMBERED:
        _forget_gone()


os.register_at_fork(after_in_parent=_remember_fork)


def _forget_gone():
    _forked[:] = [pid for pid in _forked if os.path.exists("/proc/%d" % pid)]


def let_go_of_orphans():
    """Waits for those that have ended and that no object of the lambda stands for."""
    if not _has_ended():
        return
    ended = _ended()
    _forget_gone()
    known = _known().union([pid for pid in _forked if pid in ended][-_MOST_KEPT:])
    for pid in ended:
        if pid not in known:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass  # somebody else waited for it just now


def _ended():
    """The process ids of ended children."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as file:
                    # The name of the program, in parentheses, may have any character in it: proc_pid_stat(5).
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue  # gone meanwhile
            if fields[0] == b"Z" and int(fields[1]) == os.getpid():
                found.append(int(name))
    return found


def _known():
    """Process ids that an object of this process stands for."""
    known = set()
    popen = getattr(sys.modules.get("subprocess"), "Popen", None)
    process = getattr(sys.modules.get("multiprocessing.process"), "BaseProcess", None)
    popen, process = (kind if isinstance(kind, type) else None for kind in (popen, process))  # some are replaced
    for found in gc.get_objects():
        # isinstance would ask an object of the lambda what it is: lazy ones would become what they stand for.
        kind = type(found)
        if popen is not None and issubclass(kind, popen):
            known.add(getattr(found, "pid", None))
        elif process is not None and issubclass(kind, process):
            known.add(getattr(getattr(found, "_popen", None), "pid", None))
    return known
