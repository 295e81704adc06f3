"""The warden: pid 1 of the worker's sandboxes.

It starts as root on the host, builds the base root that every sandbox inherits, and then lives in a user namespace in
which it is root and outside of which it is nobody. It makes fresh sandboxes, writes the id maps of forked zygotes,
reaps what ends, and ends when the worker does: the kernel then kills everything in its pid namespace.
"""

import json
import os
import resource
import select
import signal
import socket
import sys

from . import kernel, setup, wire
from .kernel import do

# Two paths as long as Linux takes them, in which each byte may be six in JSON.
_LARGEST_ENTRY = 1 << 16
_MASK_OPTIONS = "size=4k,nr_inodes=8,mode=755"
_PROC_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
_ENDS = (signal.SIGCHLD,)
_SIGNAL_BYTES = 128  # of signalfd_siginfo, signalfd(2); of one kind only one waits to be read
_READ_ONLY = kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV


def _build_root(root, entries):
    """Makes the base root below a folder. What each entry means stands in BaseRoot.java, which lists them."""
    do(kernel.mount("tmpfs", root, "tmpfs", kernel.MS_NOSUID, "size=4m,nr_inodes=16384,mode=755"))
    for kind, path, *more in entries:
        target = root + path
        if kind == "folder":
            os.makedirs(target, exist_ok=True)
        elif kind == "link":
            os.symlink(more[0], target)
        elif kind == "text":
            with open(target, "w") as file:
                file.write(more[0])
        elif kind == "tree":
            os.makedirs(target, exist_ok=True)
            do(kernel.mount(more[0], target, "", kernel.MS_BIND | kernel.MS_REC))
            do(kernel.set_mount_attributes(target, _READ_ONLY, True))
        elif kind == "file":
            open(target, "w").close()
            do(kernel.mount(more[0], target, "", kernel.MS_BIND))
            do(kernel.set_mount_attributes(target, _READ_ONLY, False))
        elif kind == "device":
            open(target, "w").close()
            do(kernel.mount(more[0], target, "", kernel.MS_BIND))
            do(kernel.set_mount_attributes(target, kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NOEXEC, False))
        elif kind == "mask":
            do(
                kernel.mount(
                    "tmpfs", target, "tmpfs", kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV, _MASK_OPTIONS
                )
            )
        else:
            raise ValueError("unknown entry of the base root: " + kind)
    do(kernel.mount("proc", root + "/proc", "proc", _PROC_FLAGS, "subset=pid,hidepid=2"))
    do(kernel.set_mount_attributes(root, kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NODEV, False))


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


def _receive_instructions(control):
    """What to be, with one message for each entry of the base root: no message holds as many paths as may come."""
    instructions, descriptors = wire.receive_message(control, _LARGEST_ENTRY)
    count = instructions["entries"]
    instructions["entries"] = [wire.receive_message(control, _LARGEST_ENTRY)[0]["entry"] for _ in range(count)]
    return instructions, descriptors


def _boot(control, instructions, descriptors):
    """As root on the host: builds the base root, enters it, and forks the warden proper. Returns in the warden."""
    root = instructions["root"]
    processes = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        _allow_core_limit()
    do(kernel.unshare(kernel.CLONE_NEWNS))
    do(kernel.mount("", "/", "", kernel.MS_REC | kernel.MS_PRIVATE))
    _build_root(root, instructions["entries"])
    os.chdir(root)
    do(kernel.pivot_root(".", "."))
    do(kernel.unmount(".", kernel.MNT_DETACH))
    os.chdir("/")
    os.setgroups([])
    gate, release = os.pipe()
    flags = kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID | kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
    # The worker is the warden's parent, so that it can wait for it.
    pid = kernel.clone(kernel.HowToClone(flags | kernel.CLONE_PARENT, descriptors[0]))
    if pid == 0:
        os.close(release)
        if not os.read(gate, 1):
            os._exit(70)
        os.close(gate)
        os.close(processes)
        os.setsid()  # the worker's terminal, and what is typed there, is nothing to sandboxes
        return
    folder = "/proc/self/fd/%d/%d" % (processes, pid)
    # The magic links of /proc are those of the base root's own proc, which shows the same processes to root.
    setup.map_ids(folder, 0, instructions["first_id"], instructions["ids"])
    os.write(release, b"x")
    os._exit(0)


def main():
    """The worker's socket is descriptor 3."""
    control = socket.socket(fileno=wire.CHANNEL)
    os.umask(0o022)  # sandboxes read what is made here as somebody else, and get the same
    try:
        instructions, descriptors = _receive_instructions(control)
        kernel.require_architecture()
        _boot(control, instructions, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        do(
            kernel.set_dumpable(True)
        )  # so that the files of its children in /proc are theirs, and it can write their maps
        do(kernel.mount("proc", "/proc", "proc", _PROC_FLAGS, "subset=pid,hidepid=2"))
        do(kernel.set_host_name(kernel.Text(setup.MOST_NAME_BYTES).set(b"zygotes")))
        do(kernel.set_no_new_privileges())
        # Should the worker go while this process is stopped, so that it does not see the end of the socket.
        do(kernel.end_with_parent())
    except BaseException as error:
        wire.send_message(control, {"failed": "%s: %s" % (type(error).__name__, error)})
        os._exit(70)
    _Warden(control, instructions["python"]).serve()


class _Warden:
    def __init__(self, control, python):
        self.control = control
        self.python = python

    def serve(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
        ends = kernel.signals(signal.SIGCHLD)
        self.control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        wire.send_message(self.control, {"ready": True})
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
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
            request, descriptors = wire.receive_message(self.control)
        except (wire.Closed, ConnectionError):
            os._exit(0)  # the worker is gone, and everything here goes with us
        answer = {"id": request["id"]}
        try:
            getattr(self, "_" + request["op"])(request, descriptors)
        except OSError as error:
            answer["error"] = str(error)
            answer["errno"] = error.errno
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        wire.send_message(self.control, answer)

    def _reap(self):
        """Tells the worker about each that ended, while the kernel still knows its id, and lets it go."""
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            status = ended.si_status if ended.si_code == os.CLD_EXITED else 128 + ended.si_status
            wire.send_end(self.control, status, ended.si_pid)
            os.waitpid(ended.si_pid, 0)

    def _spawn(self, request, descriptors):
        """Makes a fresh sandbox."""
        gate, release = os.pipe()
        try:
            own = request["name"].encode(), b"", b""
            steps = setup.Setup(request, own, descriptors, self.control, (gate, release))
            pid = kernel.clone(steps.how, steps.first)
            if pid == 0:
                self._become(steps, request)
            setup.map_ids("/proc/%d" % pid, *request["map"])
            os.write(release, b"x")
        finally:
            os.close(gate)
            os.close(release)

    def _become(self, steps, request):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
        go = steps.go()
        try:
            self._run_python(request, go)
        except BaseException as error:
            steps.fail("interpreter", error)

    def _run_python(self, request, go):
        inherited = os.memfd_create("go", 0)
        with open(os.dup(inherited), "w") as file:
            json.dump([request, go], file)
        os.lseek(inherited, 0, os.SEEK_SET)
        os.dup2(inherited, wire.INHERITED)
        os.closerange(wire.INHERITED + 1, 16)
        os.set_inheritable(wire.CHANNEL, True)
        program = "import sys; sys.path.append('/runtime'); from _zygotes import fresh; fresh.main()"
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp"}
        if request["kind"] == "zygote":
            # Else each child would look up the C functions that its zygote never called (ld.so(8)).
            environment["LD_BIND_NOW"] = "1"
        os.execve(self.python, [self.python, "-I", "-S", "-B", "-c", program], environment)

    def _map(self, request, descriptors):
        """Writes the id maps of a forked zygote, which only a process in the parent zygote's user namespace can."""
        process = "/proc/%d" % request["sender"]
        child = os.open(process + "/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        parent = kernel.parent_user_namespace(child)
        mapper = os.fork()
        if mapper == 0:
            code = 1
            try:
                do(kernel.setns(parent, kernel.CLONE_NEWUSER))
                setup.map_ids(process, *request["map"])
                code = 0
            except OSError as error:
                print("id map of %s: %s" % (process, error), file=sys.stderr, flush=True)
            finally:
                os._exit(code)
        os.close(child)
        os.close(parent)
        if os.waitpid(mapper, 0)[1] != 0:
            raise OSError("cannot write the id maps of process %s" % process)
