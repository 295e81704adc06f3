"""Processes that a lambda has started and that have ended.

As the first of its pid namespace a leaf inherits orphans, and cannot tell them from its own children, whose ends are
for the lambda to ask for: Popen.poll(), Process.exitcode, and a Pool that replaces its workers would be told that all
went well. So ended ones are kept, which takes a process of the lambda's limit each, until there are many. Then those go
first that nobody in this process knows, the oldest first.
"""

import gc
import os
import sys

from ..linux import files

# Of the usual limit of 64 processes.
_MOST_KEPT = 16

_has_ended = files.look_for_ended_child()


def let_go_of_orphans():
    """Waits for ended children, if there are many."""
    if not _has_ended():
        return
    ended = _ended()
    if len(ended) > _MOST_KEPT:
        known = _known()
        ended.sort(key=lambda child: (child[1] in known, child[0]))
        for _, pid in ended[: len(ended) - _MOST_KEPT]:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass  # somebody else waited for it just now


def _ended():
    """When each of them was started, and its process id."""
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
                found.append((int(fields[19]), int(name)))
    return found


def _known():
    """Process ids that an object of this process stands for."""
    known = set()
    popen = getattr(sys.modules.get("subprocess"), "Popen", None)
    process = getattr(sys.modules.get("multiprocessing.process"), "BaseProcess", None)
    for found in gc.get_objects():
        if popen is not None and isinstance(found, popen):
            known.add(getattr(found, "pid", None))
        elif process is not None and isinstance(found, process):
            known.add(getattr(getattr(found, "_popen", None), "pid", None))
    return known
