"""Linux system calls that Python's standard library does not offer (to all of 3.9 ... 3.14).

Most functions here make no system call, they describe one: do() makes it at once, and Calls makes many of them one
after the other, in another process if need be.

Numbers are from the kernel's unistd.h of the architecture. Everything goes through ctypes.PyDLL, which keeps the
interpreter lock: after clone() in the child no other thread exists that could release it.
"""

import ctypes
import errno
import fcntl
import os
import resource
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
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

_AT_FDCWD = -100
_MOVE_MOUNT_F_EMPTY_PATH = 4
_AT_RECURSIVE = 0x8000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 1, 2, 4, 8

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_READ, _PR_CAPBSET_DROP = 23, 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_GET_TID_ADDRESS = 40
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_SOCK_FPROG = "HxxxxxxQ"
_CAPABILITY_VERSION_3 = 0x20080522
_NS_GET_PARENT = 0xB702  # ioctl_ns(2), since Linux 4.9

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1

_NUMBERS = {
    "x86_64": dict(
        capset=126,
        chdir=80,
        close=3,
        dup3=292,
        getppid=110,
        ioctl=16,
        mount=165,
        openat=257,
        pivot_root=155,
        ppoll=271,
        prctl=157,
        prlimit64=302,
        read=0,
        seccomp=317,
        sethostname=170,
        setns=308,
        setpgid=109,
        setresgid=119,
        setresuid=117,
        signalfd4=289,
        socket=41,
        statx=332,
        umount2=166,
        unshare=272,
        wait4=61,
        write=1,
    ),
    "aarch64": dict(
        capset=91,
        chdir=49,
        close=57,
        dup3=24,
        getppid=173,
        ioctl=29,
        mount=40,
        openat=56,
        pivot_root=41,
        ppoll=73,
        prctl=167,
        prlimit64=261,
        read=63,
        seccomp=277,
        sethostname=161,
        setns=268,
        setpgid=154,
        setresgid=149,
        setresuid=147,
        signalfd4=74,
        socket=198,
        statx=291,
        umount2=39,
        unshare=97,
        wait4=260,
        write=64,
    ),
}
# These came after the numbers were unified.
_CLONE3, _CLOSE_RANGE, _MOVE_MOUNT, _MOUNT_SETATTR = 435, 436, 429, 442
_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF = 444, 446

# As it was before a package may have put another one in its place.
_yield = os.sched_yield

ARCHITECTURE = os.uname().machine
_SYSCALLS = _NUMBERS.get(ARCHITECTURE, {})

_libc = ctypes.PyDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_libc_fork = _libc.fork
_prctl = _libc.prctl
_prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
_before_fork = ctypes.pythonapi.PyOS_BeforeFork
_after_fork_child = ctypes.pythonapi.PyOS_AfterFork_Child
_after_fork_parent = ctypes.pythonapi.PyOS_AfterFork_Parent
for _function in (_before_fork, _after_fork_child, _after_fork_parent):
    _function.restype = None


def require_architecture():
    """Raises on a machine whose system-call numbers are not known here."""
    if not _SYSCALLS:
        raise OSError(errno.ENOSYS, "no system-call table for " + ARCHITECTURE)


def _failed(what, number):
    return OSError(number, "%s: %s" % (what, os.strerror(number)))


def _check(result, what):
    if result < 0:
        raise _failed(what, ctypes.get_errno())
    return result


def _call(what, name, *arguments):
    """Describes a system call: what it does, for people, and what syscall(2) is to be given."""
    return what, (_SYSCALLS[name], *arguments)


def do(call):
    """Makes a system call now. Returns its result; raises OSError if it fails."""
    what, arguments = call
    return _check(_syscall(*arguments), what)


class Calls:
    """System calls that one process lays out and its child makes.

    A forked child copies each page that it writes to, a fault each, and Python writes into all that it looks at: it
    counts references. Going through this list looks at little but the list.
    """

    def __init__(self):
        self._calls = []
        self._labels = []
        self._muted = None
        self._errno = 0
        self.broken_at = None  # which of them failed in the last run

    def add(self, step, *calls):
        """Adds calls. The step is what they are a part of, for the report of a failure."""
        for what, arguments in calls:
            self._calls.append(arguments)
            self._labels.append((step, what))

    def extend(self, other):
        """Adds those of another one."""
        self._calls += other._calls
        self._labels += other._labels

    def run(self):
        """Makes the calls, up to the first that fails. Raises nothing: see check."""
        self.broken_at = None
        for arguments in self._calls:
            if _syscall(*arguments) < 0:
                self._errno = ctypes.get_errno()
                self.broken_at = self._calls.index(arguments)
                break

    def mute(self):
        """Writes to what making the calls would write to, whose pages are the process's own then.

        A run makes none now.
        """
        for arguments in self._calls:
            list(arguments)
        self._muted, self._calls = self._calls, [nothing()[1]]

    def unmute(self):
        """A run makes the calls again."""
        self._calls = self._muted

    def check(self):
        """Raises OSError if a call failed, with its step as an attribute."""
        if self.broken_at is not None:
            step, what = self._labels[self.broken_at]
            error = _failed(what, self._errno)
            error.step = step
            raise error


_thread_id = ctypes.c_ulong()


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
        self.call = _CLONE3, ctypes.create_string_buffer(fields, len(fields)), len(fields)

    def without_clone_parent(self):
        return HowToClone(self.flags & ~CLONE_PARENT, self.cgroup)


_NO_CALLS = Calls()


def clone(how, first=_NO_CALLS):
    """Forks with clone3(2), straight into namespaces and a cgroup. Returns 0 in the child.

    The child makes the first Calls before anything else; whoever gets the 0 has to check() them.
    It goes around glibc's fork and so around pthread_atfork handlers: only for a process with one thread.
    """
    _before_fork()
    pid = _syscall(*how.call)
    if pid == 0:
        first.run()
        _after_fork_child()
        return 0
    # A request waits for the child, and nobody for this process: where both got the same processor, the child goes
    # first.
    _yield()
    _after_fork_parent()
    if pid < 0:
        raise _failed("clone3", ctypes.get_errno())
    return pid


# statx(2): a mask, a size and attributes come before the number of links.
_STATX_NLINK, _STATX_BYTES = 4, 256
_links = struct.Struct("16xI").unpack_from
_status = ctypes.create_string_buffer(_STATX_BYTES)
_look_at_tasks = _SYSCALLS.get("statx"), _AT_FDCWD, b"/proc/self/task", 0, _STATX_NLINK, _status


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
        raise _failed("fork", number)
    return pid


def threads():
    """Number of threads of this process: its task folder has two links more (proc(5))."""
    _check(_syscall(*_look_at_tasks), "statx of /proc/self/task")
    return _links(_status)[0] - 2


def signals(number):
    """A descriptor that can be read when this signal has come, which must be blocked: signalfd(2). Opens it now."""
    mask = struct.pack("Q", 1 << number - 1)
    return do(_call("signalfd", "signalfd4", -1, mask, len(mask), os.O_CLOEXEC))


def unshare(flags):
    return _call("unshare 0x%x" % flags, "unshare", flags)


def setns(fd, kind):
    return _call("setns", "setns", fd, kind)


def parent_user_namespace(fd):
    """A descriptor of the parent of a user namespace; asks for it now."""
    return fcntl.ioctl(fd, _NS_GET_PARENT)


def dup(descriptor, number, inherited):
    """Gives an open file a certain number as well."""
    return _call("dup to %d" % number, "dup3", descriptor, number, 0 if inherited else os.O_CLOEXEC)


def empty_input():
    """Puts a standard input with nothing in it in place of the one that was inherited."""
    # Opening gives the lowest unused number.
    return close(0), _call("open /dev/null", "openat", _AT_FDCWD, b"/dev/null", os.O_RDONLY)


def close_from(first):
    """Closes every descriptor from this number on."""
    return "close from %d" % first, (_CLOSE_RANGE, first, 0xFFFFFFFF, 0)


def close(descriptor):
    return _call("close %d" % descriptor, "close", descriptor)


def read_byte(descriptor):
    """Waits for a byte, or for the end of what can be read."""
    return _call("read", "read", descriptor, ctypes.create_string_buffer(1), 1)


class Text:
    """What a call is to write, set or changed after the call was laid out."""

    def __init__(self, most_bytes):
        layout = struct.Struct("N%ds" % most_bytes)
        self._memory = ctypes.create_string_buffer(layout.size)
        self._pack, self._most_bytes = layout.pack_into, most_bytes
        self.length = ctypes.c_size_t.from_buffer(self._memory)
        self.data = (ctypes.c_char * most_bytes).from_buffer(self._memory, layout.size - most_bytes)

    def set(self, text):
        """The text is bytes."""
        if len(text) > self._most_bytes:
            raise ValueError("%r is longer than %d bytes" % (text, self._most_bytes))
        self._pack(self._memory, 0, len(text), text)
        return self


_POLLIN = 1


def look_for_input(descriptor):
    """Returns a function that tells whether there is something to be read, or the end of it. It does not wait."""
    wanted = ctypes.create_string_buffer(struct.pack("ihh", descriptor, _POLLIN, 0), 8)
    _, arguments = _call("ppoll", "ppoll", wanted, 1, ctypes.create_string_buffer(16), None, 0)
    return lambda: _syscall(*arguments) != 0


def wait_for_any_child():
    """Returns a function that lets go of a child that has ended: its process id, 0 if none has, -1 if there are none.

    os.waitpid makes an exception of the last, and that takes 14 faults in a forked child.
    """
    _, arguments = _call("wait4", "wait4", -1, None, os.WNOHANG, None)
    return lambda: _syscall(*arguments)


def write(descriptor, data):
    return _call("write", "write", descriptor, data, len(data))


def overwrite(path, text, number):
    """Writes a Text into a file that exists; for a process whose lowest unused descriptor is this number."""
    return (
        _call("open " + path, "openat", _AT_FDCWD, path.encode(), os.O_WRONLY | os.O_CLOEXEC),
        _call("write to " + path, "write", number, text.data, text.length),
        close(number),
    )


def change_folder(path):
    return _call("chdir " + path, "chdir", path.encode())


def own_process_group():
    return _call("setpgid", "setpgid", 0, 0)


def set_ids(number):
    return _call("setresgid", "setresgid", number, number, number), _call(
        "setresuid", "setresuid", number, number, number
    )


def mount(source, target, kind, flags, options=""):
    return _call(
        "mount %s on %s" % (kind or source, target),
        "mount",
        source.encode(),
        target.encode(),
        kind.encode(),
        flags,
        options.encode(),
    )


def unmount(target, flags=0):
    return _call("umount " + target, "umount2", target.encode(), flags)


def pivot_root(new_root, put_old):
    return _call("pivot_root " + new_root, "pivot_root", new_root.encode(), put_old.encode())


def move_mount(tree, target):
    """Attaches a detached mount tree, held by a descriptor, to a folder or file."""
    return (
        "move_mount to " + target,
        (_MOVE_MOUNT, tree, b"", _AT_FDCWD, target.encode(), _MOVE_MOUNT_F_EMPTY_PATH),
    )


def set_mount_attributes(target, attributes, recursive):
    """Adds attributes to a mount, and to all mounts below it if recursive. mount_setattr(2), since Linux 5.12."""
    flags = _AT_RECURSIVE if recursive else 0
    args = struct.pack("4Q", attributes, 0, 0, 0)
    return "mount_setattr " + target, (_MOUNT_SETATTR, _AT_FDCWD, target.encode(), flags, args, len(args))


def set_host_name(name):
    """The name is a Text."""
    return _call("sethostname", "sethostname", name.data, name.length)


def loopback_up(number):
    """Switches the loopback device of a new network namespace on; number as in overwrite."""
    return (
        _call("socket", "socket", socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0),
        # Of its flags only this one can be changed here (netdevice(7)).
        _call("switch lo on", "ioctl", number, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP)),
        close(number),
    )


class Limit:
    """A resource limit, hard and soft, as a call of prlimit(2) whose value may be set after it was laid out."""

    def __init__(self, which):
        self._hard = resource.getrlimit(which)[1]
        self._pair = ctypes.create_string_buffer(16)
        self.call = _call("prlimit", "prlimit64", 0, which, self._pair, None)

    def set(self, value):
        """The value, or what it is already, if that is lower."""
        if self._hard != resource.RLIM_INFINITY:
            value = min(value, self._hard)
        struct.pack_into("2Q", self._pair, 0, value, value)
        return self


def set_dumpable(on):
    """Whether others with the same uid may trace this process, and who owns its files in /proc."""
    return _call("prctl PR_SET_DUMPABLE", "prctl", _PR_SET_DUMPABLE, 1 if on else 0, 0, 0, 0)


def end_with_parent():
    """This process is killed when the thread ends that it is a child of. A change of its ids undoes that (prctl(2))."""
    return _call("prctl PR_SET_PDEATHSIG", "prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def set_no_new_privileges():
    return _call("prctl PR_SET_NO_NEW_PRIVS", "prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def empty_bounding_set():
    """No program that is started later can get a capability: one call for each that this kernel knows."""
    calls = []
    while _prctl(_PR_CAPBSET_READ, len(calls), 0, 0, 0) >= 0:
        calls.append(_call("prctl PR_CAPBSET_DROP", "prctl", _PR_CAPBSET_DROP, len(calls)))
    return calls


def drop_capabilities():
    """Gives up the ambient, effective, permitted and inheritable set."""
    return (
        _call("prctl PR_CAP_AMBIENT", "prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0),
        _call("capset", "capset", struct.pack("Ii", _CAPABILITY_VERSION_3, 0), bytes(24)),
    )


def install_filter(program):
    """Installs a seccomp program, packed sock_filter records; no new privileges must be set before.

    The flag keeps speculative store bypass as it is (SECCOMP_FILTER_FLAG_SPEC_ALLOW, Linux 4.17): kernels before 5.16
    would otherwise slow the process down.
    """
    fields = struct.calcsize(_SOCK_FPROG)
    memory = ctypes.create_string_buffer(fields + len(program))
    struct.pack_into(_SOCK_FPROG, memory, 0, len(program) // 8, ctypes.addressof(memory) + fields)
    memory[fields:] = program
    return _call("seccomp", "seccomp", 1, 4, memory)


# landlock(7): no file or network rights are handled; abstract sockets and signals stay inside. Since Linux 6.12.
_SCOPE = struct.pack("3Q", 0, 0, 3) if _syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1) >= 6 else None


def keep_to_itself(number):
    """Forbids this process and its children to connect to abstract sockets of others, and to signal them.

    Does nothing where the kernel cannot. No new privileges must be set before. The number is as in overwrite.
    """
    if _SCOPE is None:
        return ()
    return (
        ("landlock_create_ruleset", (_LANDLOCK_CREATE_RULESET, _SCOPE, len(_SCOPE), 0)),
        ("landlock_restrict_self", (_LANDLOCK_RESTRICT_SELF, number, 0)),
        close(number),
    )


def nothing():
    """A call that changes nothing."""
    return _call("getppid", "getppid")
