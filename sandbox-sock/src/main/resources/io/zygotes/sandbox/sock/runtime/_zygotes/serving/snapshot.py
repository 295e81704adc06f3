"""The zygote of a function: makes the process the function's, has its code run, and looks at what that left.

The examination of packages (examination.py) sees threads, timers, open files, random numbers and the like. Code of a
function can leave more: child processes, locks that it holds, files that are too many to be carried over.
"""

import _thread
import gc
import os
import resource
import socket
import stat
import sys

from ..linux import privileges
from ..linux.calls import do
from ..linux.clone import threads
from ..linux.endings import let_signals_end_this_process
from ..protocol import KEY_ENVIRONMENT, KEY_FILE_BYTES, KEY_OPEN_FILES, KEY_PROCESSORS, KEY_SHADOWED, PATH_HOST
from ..work import answers, function, leaf
from .examination import MOST_BYTES, MOST_FILES, open_descriptors

# Numbers that an examination reserves, and those that come with requests, are beside those of the function.
_FEWEST_OPEN_FILES = 256
_LOCK, _REENTRANT = type(_thread.allocate_lock()), type(_thread.RLock())


class Snapshot:
    """One zygote's way from a bare process to a function that was imported and can be forked."""

    def __init__(self, instructions, told, one_thread):
        """told is what the worker says of the function.

        one_thread are the variables by which libraries start no threads.
        """
        self._instructions = instructions
        self._told = told
        self._one_thread = one_thread
        self._before = open_descriptors()
        # A reference to each, so that no other lock gets its place in memory.
        self._held = list(_held_locks())

    def take(self):
        """Runs the function's code. Returns why it cannot be forked, or None."""
        told = self._told
        _limit(resource.RLIMIT_NOFILE, max(self._instructions[KEY_OPEN_FILES], _FEWEST_OPEN_FILES))
        _limit(resource.RLIMIT_FSIZE, told[KEY_FILE_BYTES])
        let_signals_end_this_process()  # and its leaves; here, so that handlers of the function stay
        leaf.become({KEY_ENVIRONMENT: self._instructions[KEY_ENVIRONMENT], KEY_SHADOWED: told.get(KEY_SHADOWED, ())})
        # Libraries in C look there, and the function does not: what it sees is its own environment.
        for name, value in self._one_thread.items():
            os.putenv(name, value)
        function.prepare(told, told.get(KEY_PROCESSORS, 1))
        for name in self._one_thread:
            if name in os.environ:
                os.putenv(name, os.environ[name])
            else:
                os.unsetenv(name)
        return self._reason()

    def _reason(self):
        loop = answers.end_loop()
        gc.collect()
        return (
            _reason_of_children() or self._reason_of_sockets() or loop or self._reason_of_locks() or _reason_of_files()
        )

    def _reason_of_sockets(self):
        for number in sorted(open_descriptors() - self._before):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return "it keeps %s open" % _described(number)
            if "lock:" in _text("/proc/self/fdinfo/%d" % number):
                return "it holds a lock on %s" % os.readlink("/proc/self/fd/%d" % number)
        return None

    def _reason_of_locks(self):
        if threads() > 1:
            return None  # those are told of, and have locks
        known = {id(lock) for lock in self._held}
        for lock, name in _held_locks().items():
            if id(lock) not in known:
                return "it holds a lock (%s)" % name
        return None


def _limit(which, value):
    """As a leaf has it. Children of this process have the same."""
    do(privileges.Limit(which).set(value).call)


def _described(number):
    """A socket, by whom it is connected with."""
    copy = socket.socket(fileno=os.dup(number))
    try:
        try:
            return "a connection to %s" % _address(copy.getpeername())
        except OSError:
            return "a socket at %s" % _address(copy.getsockname())
    finally:
        copy.close()


def _address(name):
    return "%s port %s" % name[:2] if isinstance(name, tuple) else (os.fsdecode(name) or "another one")


def _reason_of_children():
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    names = []
    for number in _text("/proc/self/task/%d/children" % os.getpid()).split():
        names.append(_text("/proc/%s/comm" % number).strip() or number)
    return "it leaves child processes%s" % (" (%s)" % ", ".join(sorted(names)) if names else "")


def _reason_of_files():
    """More than is carried over to each leaf, or something that is no file."""
    count = files = size = 0
    for folder, folders, others in os.walk(PATH_HOST):
        for name in folders + others:
            path = os.path.join(folder, name)
            try:
                found = os.lstat(path)
            except OSError:
                continue  # gone again
            if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode) or stat.S_ISLNK(found.st_mode)):
                return "it leaves %s, which is no file" % path
            count += 1
            if stat.S_ISREG(found.st_mode):
                files += 1
                size += found.st_size
    if count > MOST_FILES or size > MOST_BYTES:
        return "it leaves %d files with %d bytes in /tmp, of which each leaf would get a copy" % (files, size)
    return None


def _text(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def _held_locks():
    """Locks of Python that somebody holds, each with a name for people.

    The collector does not list locks themselves.
    """
    threading = sys.modules.get("threading")
    passed_over = set()
    if threading is not None:
        # Locks that stand for running threads: here, for this one.
        passed_over.add(id(getattr(threading, "_shutdown_locks", None)))
        passed_over.add(id(vars(threading._main_thread)))
        passed_over.add(id(threading._main_thread))
    modules = {id(vars(module)): name for name, module in list(sys.modules.items()) if type(module) is type(sys)}
    held = {}
    # The collector does not list what it leaves alone, which may be a module that this process was forked with.
    for holder in gc.get_objects() + [
        vars(module) for module in list(sys.modules.values()) if type(module) is type(sys)
    ]:
        if id(holder) in passed_over:
            continue
        for found in gc.get_referents(holder):
            if _is_held(found):
                held[found] = _name_in(holder, found, modules)
            elif type(found) in (dict, tuple, list) and id(found) not in passed_over and not gc.is_tracked(found):
                for inner in found.values() if type(found) is dict else found:
                    if _is_held(inner):
                        held[inner] = _name_in(found, inner, modules, "a " + type(holder).__name__)
    return held


def _is_held(found):
    kind = type(found)
    if kind is _LOCK:
        return found.locked()
    if kind is _REENTRANT:
        return found._is_owned()
    return kind.__name__ == "SemLock" and kind.__module__ == "_multiprocessing" and found._is_mine()


def _name_in(holder, lock, modules, owner=""):
    if type(holder) is dict:
        attributes, owner = holder, modules.get(id(holder), owner)
    else:
        attributes, owner = getattr(holder, "__dict__", None), "a " + type(holder).__name__
    if type(attributes) is dict:
        for key, value in attributes.items():
            if value is lock:
                return "%s of %s" % (key, owner) if owner else str(key)
    return "of " + (owner or "nobody known")
