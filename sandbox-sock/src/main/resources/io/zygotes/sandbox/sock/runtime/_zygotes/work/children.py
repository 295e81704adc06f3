"""Processes that a lambda has started and that have ended.

As the first of its pid namespace a leaf inherits orphans, whose ends nobody asks for: the worker lets go of them,
because each takes one of the processes that the lambda may have. The ends of its own children are for the lambda to
ask for: Popen.poll(), Process.exitcode, and a Pool that replaces its workers would be told that all went well. What
has an object of such a kind is kept, as long as the object is.
"""

import gc
import os
import sys

from ..linux import files

_has_ended = files.look_for_ended_child()


def let_go_of_orphans():
    """Waits for those that have ended and that no object of the lambda stands for."""
    if not _has_ended():
        return
    known = _known()
    for pid in _ended():
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
