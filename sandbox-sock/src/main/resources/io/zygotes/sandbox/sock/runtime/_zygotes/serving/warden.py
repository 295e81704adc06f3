"""The warden: pid 1 of the worker's sandboxes.

It starts as root on the host, builds the base root that every sandbox inherits (boot.py), and then lives in a user
namespace in which it is root and outside of which it is nobody. It makes fresh sandboxes, writes the id maps of forked
zygotes, reaps what ends, and ends when the worker does: the kernel then kills everything in its pid namespace.
"""

import os
import select
import signal
import socket
import sys

from .. import tuning, wire
from ..linux import clone, files, mounts, namespaces, privileges
from ..linux.calls import Text, do
from ..linux.endings import restore_signals
from ..linux.numbers import require_architecture
from ..protocol import (
    CHANNEL,
    KEY_ENVIRONMENT,
    KEY_ERRNO,
    KEY_ERROR,
    KEY_FAILED,
    KEY_ID,
    KEY_KIND,
    KEY_MAP,
    KEY_NAME,
    KEY_OP,
    KEY_PYTHON,
    KEY_READY,
    KEY_TRIAL,
    KIND_ZYGOTE,
    MOST_NAME_BYTES,
    OP_DISPOSE,
    OP_MAP,
    OP_SPAWN,
    PATH_RUNTIME,
    PATH_TMP,
    SIGNALLED,
    START_VARIABLE,
    TUNING_VARIABLE,
)
from ..setup.child import Child
from . import handover, id_maps, trial
from .boot import boot, receive_instructions

_ENDS = (signal.SIGCHLD,)
_SIGNAL_BYTES = 128  # of signalfd_siginfo, signalfd(2); of one kind only one waits to be read
_NOT_STARTED = 70  # exit code: EX_SOFTWARE of sysexits.h
# The path begins with the folder that it is started in, which may be a lambda's: nothing must be imported from there.
_PROGRAM = "import sys; sys.path[0] = %r; from _zygotes.serving import fresh; fresh.main()" % PATH_RUNTIME
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": PATH_TMP, START_VARIABLE: "1"}
# What the interpreter and the C library read when they start. None of it leads them to other code.
_AT_START = (
    "LANG",
    "LC_",
    "MALLOC_",
    "PYTHONASYNCIODEBUG",
    "PYTHONCOERCECLOCALE",
    "PYTHONDEBUG",
    "PYTHONDEVMODE",
    "PYTHONFAULTHANDLER",
    "PYTHONHASHSEED",
    "PYTHONINTMAXSTRDIGITS",
    "PYTHONIOENCODING",
    "PYTHONMALLOC",
    "PYTHONNODEBUGRANGES",
    "PYTHONOPTIMIZE",
    "PYTHONPROFILEIMPORTTIME",
    "PYTHONTRACEMALLOC",
    "PYTHONUNBUFFERED",
    "PYTHONUTF8",
    "PYTHONVERBOSE",
    "PYTHONWARNDEFAULTENCODING",
)


def main():
    """Becomes the warden and serves. The worker's socket is descriptor CHANNEL."""
    # Java's own pipes to programs that it started at the same moment are not closed on exec. It waits for their ends,
    # and would wait for as long as this process lives.
    do(files.close_from(CHANNEL + 1))
    control = socket.socket(fileno=CHANNEL)
    os.umask(0o022)  # sandboxes read what is made here as somebody else, and get the same
    try:
        instructions, descriptors = receive_instructions(control)
        require_architecture()
        boot(instructions, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        # So that the files of its children in /proc are theirs, and it can write their maps.
        do(privileges.set_dumpable(True))
        do(mounts.mount_proc("/proc"))
        for mask in mounts.mask_proc("/proc"):
            do(mask)
        do(namespaces.set_host_name(Text(MOST_NAME_BYTES).set(b"zygotes")))
        do(privileges.set_no_new_privileges())
        # Should the worker go while this process is stopped, so that it does not see the end of the socket.
        do(privileges.end_with_parent())
    except BaseException as error:
        wire.send_message(control, {KEY_FAILED: "%s: %s" % (type(error).__name__, error)})
        os._exit(_NOT_STARTED)
    _Warden(control, instructions[KEY_PYTHON]).serve()


class _Warden:
    def __init__(self, control, python):
        self._control = control
        self._python = python
        self._answers = {OP_SPAWN: self._spawn, OP_MAP: self._map, OP_DISPOSE: self._dispose}

    def serve(self):
        restore_signals()
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
        ends = files.signals(signal.SIGCHLD)
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        wire.send_message(self._control, {KEY_READY: True})
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(ends, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == ends:
                    os.read(ends, _SIGNAL_BYTES)
                    self._reap()
                else:
                    self._receive()

    def _receive(self):
        try:
            request, descriptors, sender = wire.receive_message(self._control)
        except (wire.Closed, ConnectionError):
            os._exit(0)  # the worker is gone, and everything here goes with us
        answer = {KEY_ID: request[KEY_ID]}
        try:
            self._answers[request[KEY_OP]](request, descriptors, sender)
        except OSError as error:
            answer[KEY_ERROR] = str(error)
            answer[KEY_ERRNO] = error.errno
        wire.send_message(self._control, answer)

    def _reap(self):
        """Tells the worker about each that ended, while the kernel still knows its id, and lets it go."""
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            status = ended.si_status if ended.si_code == os.CLD_EXITED else SIGNALLED + ended.si_status
            wire.send_end(self._control, status, ended.si_pid)
            os.waitpid(ended.si_pid, 0)

    def _spawn(self, request, descriptors, _):
        """Makes a fresh sandbox."""
        try:
            self._fork(request, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _fork(self, request, descriptors):
        gate, release = os.pipe()
        try:
            own = request[KEY_NAME].encode(), b"", b""
            child = Child(request, own, descriptors, self._control, (gate, release))
            pid = clone.clone(child.how, child.first)
            if pid == 0:
                self._become(child, request)
            id_maps.write("/proc/%d" % pid, *request[KEY_MAP])
            os.write(release, b"x")
        finally:
            os.close(gate)
            os.close(release)

    def _become(self, child, request):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the worker's own program blocks some, and has handed that on
        instructions = child.go()
        try:
            if KEY_TRIAL in request:
                trial.main(request)
            self._run_python(request, instructions)
        except BaseException as error:
            child.fail("interpreter", error)

    def _run_python(self, request, instructions):
        handover.leave(request, instructions)
        environment = dict(_ENVIRONMENT)
        for name, value in instructions.get(KEY_ENVIRONMENT, {}).items():
            if name.startswith(_AT_START):
                environment[name] = value
        if TUNING_VARIABLE in os.environ:
            environment[TUNING_VARIABLE] = os.environ[TUNING_VARIABLE]
        if request[KEY_KIND] == KIND_ZYGOTE and tuning.BOUND_FUNCTIONS:
            # Else each child would look up the C functions that its zygote never called (ld.so(8)).
            environment["LD_BIND_NOW"] = "1"
        os.execve(self._python, [self._python, "-c", _PROGRAM], environment)

    def _map(self, request, _, sender):
        """Writes the id maps of a forked zygote, which only a process in the parent zygote's user namespace can."""
        process = "/proc/%d" % sender
        child = os.open(process + "/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        parent = namespaces.parent_user_namespace(child)
        mapper = os.fork()
        if mapper == 0:
            code = 1
            try:
                do(namespaces.setns(parent, clone.CLONE_NEWUSER))
                id_maps.write(process, *request[KEY_MAP])
                code = 0
            except OSError as error:
                print("id map of %s: %s" % (process, error), file=sys.stderr, flush=True)
            finally:
                os._exit(code)
        os.close(child)
        os.close(parent)
        if os.waitpid(mapper, 0)[1] != 0:
            raise OSError("cannot write the id maps of process %s" % process)

    def _dispose(self, _, descriptors, __):
        """Closes files that a sandbox sent to the worker.

        The last close of a socket may wait for its peer (SO_LINGER of socket(7)); only that of a process that is ending
        never does (PF_EXITING in inet_release of the kernel). So somebody holds copies until all others have closed
        theirs, and ends.
        """
        gate, release = os.pipe()
        if os.fork() == 0:
            os.close(release)
            for reading in (gate, descriptors[0]):
                while os.read(reading, 1):
                    pass
            os._exit(0)
        os.close(gate)
        for descriptor in descriptors:
            os.close(descriptor)
        os.close(release)
