"""The steps that turn a fresh child process into a sandbox.

A child is made by clone3(2) straight into its namespaces and its cgroup, by a zygote or by the warden. It has all
capabilities in its own user namespace then, and none outside. The order of the steps:

    hello         the worker learns the process id from the kernel and checks it, beside the next steps descriptors
    its own channel and output, and no others identity      uid and gid maps; a mount can belong to the sandbox's own
    uid only after them mounts        of its own: scratch folder and /proc group         a process group of its own:
    signals and priorities can be given to a whole group (kill(2), setpriority(2)) name          of the host, as it
    sees it; and its network, if that is its own bounding set  emptied: no program that it starts gets a capability
    orders        what the worker wants it to be: code and packages to mount, then go. A spare leaf waits here. Where
    the worker knew all that ahead, it came with the request, and only the go is waited for cgroup space  after go,
    when the worker has put the process under its limits, so that it sees its own as the root limits        that the
    process sets itself capabilities  all gone scope         no signal and no abstract socket reaches out of it, where
    the kernel has Landlock for that filter        last, because it forbids most of the above

What comes before orders is laid out as system calls before the fork, and so is what comes after them.
"""

import functools
import json
import os
import resource
import sys
import traceback

from . import kernel, seccomp, wire

# The first uid of every zygote's user namespace, as seen inside; what it maps to on the host differs.
FIRST_ID = 1000

_TMPFS_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV
_PROC_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC

# As it was before a package may have put another one in its place.
_close = os.close

# Of a child with standard streams and channel alone.
_UNUSED = wire.CHANNEL + 1

HANDLER = "/handler"  # where a leaf's code is
MOST_NAME_BYTES = 64  # of a host: uname(2)
_MOST_ID_BYTES = 64
# Limits are those of lambdas: most have the same.
_MOST_KNOWN = 32

_PENDING_SIGNALS = 1024
_LOCKED_BYTES = 8 << 20


def final_filter():
    return kernel.install_filter(seccomp.final_program(kernel.ARCHITECTURE))


def _clone_flags(request, is_fresh):
    """For a sandbox of this kind. Zygotes share the warden's pid namespace: see design notes."""
    flags = kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
    if request["kind"] != "zygote":
        flags |= kernel.CLONE_NEWPID
    if request["private_network"]:
        flags |= kernel.CLONE_NEWNET
    if not is_fresh:
        # The child belongs to the warden, which tells the worker when it ends; the zygote may be gone by then.
        flags |= kernel.CLONE_PARENT
    return flags


def map_ids(process, inside, outside, count):
    """Writes the maps of a user namespace; process is a folder of /proc."""
    line = "%d %d %d" % (inside, outside, count)
    for name, text in (("/setgroups", "deny"), ("/uid_map", line), ("/gid_map", line)):
        descriptor = os.open(process + name, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def _general_limits():
    """Lowers those that are the same for all sandboxes; children inherit them."""
    limits = (
        (resource.RLIMIT_CORE, 1),  # no core files, and no program of the host's that gets one: see seccomp.py
        (resource.RLIMIT_NICE, 0),
        (resource.RLIMIT_RTPRIO, 0),
        (resource.RLIMIT_MSGQUEUE, 0),  # would be counted for all leaves of a zygote together
        (resource.RLIMIT_MEMLOCK, _LOCKED_BYTES),
        # Counted for the zygote's uid as well, so one leaf must not be able to use up what all of them have.
        (resource.RLIMIT_SIGPENDING, _PENDING_SIGNALS),
    )
    return [kernel.Limit(which).set(value).call for which, value in limits]


class Setup:
    """One child's way to its work. Made before the fork, with the system calls of its first and last part laid out."""

    def __init__(self, request, own, descriptors, control, gate=None):
        """request is what it has in common with others; own are the arguments of renew.

        control is a socket object with the number of the child's channel: it serves for that one, too.
        gate is for a fresh sandbox: both ends of a pipe that is written to when its id maps are there.
        """
        self.kind = request["kind"]
        self.is_spare = "spare" in request
        self.step = "orders"
        self.first = kernel.Calls()
        self.descriptors = descriptors
        self.channel, self._output, cgroup, self._scratch, *self._trees = descriptors
        # The worker moves a forked zygote into its cgroup.
        is_moved = self.kind == "zygote" and gate is None
        self.how = kernel.HowToClone(_clone_flags(request, gate is not None), -1 if is_moved else cgroup)
        self._control = control
        self._unsealed = set()
        self._name = kernel.Text(MOST_NAME_BYTES)
        self._ids = kernel.Text(_MOST_ID_BYTES)
        self._last = _Last.of(
            self.kind, request["scope"], request["seccomp"] and gate is None, tuple(request.get("limits", ()))
        )
        self._lay_out_first(request, gate)
        self._knows_ahead = "mounts" in request
        # What most spares are told in the end, with the lowest unused descriptor: it goes without saying.
        self._slot = (_UNUSED,)
        self._usual = kernel.Calls()
        self._usual.add("mounts", kernel.move_mount(_UNUSED, HANDLER), kernel.close(_UNUSED))
        self.renew(*own)

    def renew(self, name, ids, rest):
        """Makes it another child's: its host name, its line for uid_map, and what else it is told ahead, all as
        bytes."""
        self._name.set(name)
        self._ids.set(ids)
        self._rest = rest

    def rehearse(self, control):
        """In a spare, which has the time: takes the usual orders from another socket, and makes none of the calls."""
        kept = self._control, self._slot
        slot = os.dup(wire.CHANNEL)  # the descriptor that comes gets this number
        _close(slot)
        self._control, self._slot = control, (slot,)
        self._usual.mute()
        self._last.calls.mute()
        self._last.run(self._orders())
        self._last.calls.unmute()
        self._usual.unmute()
        _close(slot)
        self._control, self._slot = kept

    def close(self):
        """In the process that forked: lets go of what the child has now."""
        for descriptor in self.descriptors:
            _close(descriptor)

    def _lay_out_first(self, request, gate):
        """Up to the orders. The lowest unused descriptor is known as soon as most are closed."""
        calls, is_zygote = self.first, self.kind == "zygote"
        # The first one, so that what fails after it is told to the worker in the child's own name.
        calls.add("descriptors", kernel.dup(self.channel, wire.CHANNEL, False))
        if gate is not None:
            calls.add("identity", kernel.close(gate[1]), kernel.read_byte(gate[0]))
        calls.extend(_hello())
        calls.add(
            "descriptors", *kernel.empty_input(), kernel.dup(self._output, 1, True), kernel.dup(self._output, 2, True)
        )
        calls.add("mounts", kernel.move_mount(self._scratch, "/host"))
        for tree, target in zip(self._trees, request.get("mounts", ())):
            calls.add("mounts", kernel.move_mount(tree, target))
        calls.add("descriptors", kernel.close_from(_UNUSED))
        if gate is not None:
            calls.add("identity", *kernel.set_ids(request["uid"]), kernel.set_dumpable(True))
            calls.add("limits", *_general_limits())
        elif is_zygote:
            # Another process writes its maps, and the worker says when they are there.
            calls.add("identity", kernel.read_byte(wire.CHANNEL), *kernel.set_ids(FIRST_ID), kernel.set_dumpable(True))
        else:
            # A single line that maps the parent's own id needs no privilege (user_namespaces(7)).
            calls.add("identity", *kernel.overwrite("/proc/self/setgroups", kernel.Text(4).set(b"deny"), _UNUSED))
            for name in ("/proc/self/uid_map", "/proc/self/gid_map"):
                calls.add("identity", *kernel.overwrite(name, self._ids, _UNUSED))
        # Else it would share that of its zygote and of all other leaves, whose processes have the same host uid.
        calls.add("group", kernel.own_process_group())
        calls.add("name", kernel.set_host_name(self._name))
        if request["private_network"]:
            calls.add("network", *kernel.loopback_up(_UNUSED))
        calls.extend(_before_orders(is_zygote))

    def go(self, channel=wire.CHANNEL, meanwhile=lambda: None):
        """In the child: takes the steps up to its work. Returns what the worker said with its go.

        meanwhile is what a child can do that may have to wait for its orders. A failure is told to the worker, and
        ends the process: nothing may unwind into the code that was forked.
        """
        try:
            if self.first.broken_at is not None:
                self.first.check()
            if not self._knows_ahead:
                meanwhile()
                told = self._orders()
            elif wire.receive_frame(channel)[0] == wire.GO:
                told = wire.parse(self._rest) if self._rest else {}
            else:
                raise ValueError("the worker said something else than go")
            self.step = "go"
            self._last.run(told)
            return told
        except BaseException as error:
            self.fail(self.step, error)

    def fail(self, step, error):
        """Tells the worker why there will be no sandbox, and ends the process."""
        # The first call gives the channel the number at which it is from then on.
        channel = self.channel if self.first.broken_at == 0 else wire.CHANNEL
        try:
            tell_failure(channel, getattr(error, "step", step), error)
        finally:
            os._exit(70)

    def _orders(self):
        """Does what the worker says until it says go. Returns the rest of what it says then."""
        kind = wire.MOUNT
        while kind != wire.GO:
            kind, body, trees = wire.receive_order(self._control, self.kind == "zygote")
            if not body:
                self._attach_handler(trees)
                return {}
            instructions = wire.parse(body)
            self._attach(instructions["mounts"], trees)
        for top in self._unsealed:
            kernel.do(kernel.set_mount_attributes(top, kernel.MOUNT_ATTR_RDONLY, False))
        return instructions

    def _attach_handler(self, trees):
        if trees == self._slot:
            self._usual.run()
            if self._usual.broken_at is not None:
                self._usual.check()
        else:
            self._attach([[HANDLER, True]], trees)

    def _attach(self, places, trees):
        for tree, (target, is_folder) in zip(trees, places):
            top = "/" + target.split("/")[1]
            if target != top:
                if top not in self._unsealed:
                    self._unsealed.add(top)
                    kernel.do(kernel.mount("tmpfs", top, "tmpfs", _TMPFS_FLAGS, "size=1m,nr_inodes=4096,mode=755"))
                if is_folder:
                    os.makedirs(target)
                else:
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o444))
            kernel.do(kernel.move_mount(tree, target))
            _close(tree)


@functools.lru_cache(maxsize=None)
def _hello():
    calls = kernel.Calls()
    # So that its files in /proc, uid_map among them, are its own.
    calls.add("hello", kernel.set_dumpable(True), kernel.write(wire.CHANNEL, wire.frame(wire.HELLO)))
    return calls


@functools.lru_cache(maxsize=None)
def _before_orders(is_zygote):
    calls = kernel.Calls()
    if not is_zygote:
        calls.add("mounts", kernel.mount("proc", "/proc", "proc", _PROC_FLAGS, "subset=pid,hidepid=2"))
    calls.add("bounding set", *kernel.empty_bounding_set())
    return calls


class _Last:
    """What comes after the orders. The same for all sandboxes of a kind, but for the limits."""

    @staticmethod
    @functools.lru_cache(maxsize=_MOST_KNOWN)
    def of(kind, scope, final, limits):
        return _Last(kind, scope, final, limits)

    def __init__(self, kind, scope, final, limits):
        """final is whether a leaf installs the last filter here; a fresh one does so when it runs Python anew.

        limits are open files and bytes of a file, if they are known ahead.
        """
        self._open_files = kernel.Limit(resource.RLIMIT_NOFILE)
        self._file_bytes = kernel.Limit(resource.RLIMIT_FSIZE)
        if limits:
            self._set_limits(*limits)
        self.calls = calls = kernel.Calls()
        if kind != "zygote":
            # A zygote forks into cgroups beside its own, which have to be below the root of its cgroup namespace
            # where cgroup2 is mounted with nsdelegate (cgroups(7)): it keeps the worker's.
            calls.add("cgroup space", kernel.unshare(kernel.CLONE_NEWCGROUP))
            # Not of a zygote: its leaves may be allowed more than it needs, and none can raise a limit.
            calls.add("limits", self._open_files.call)
        if kind == "leaf":
            calls.add("limits", self._file_bytes.call)
            calls.add("work folder", kernel.change_folder(HANDLER))
        calls.add("capabilities", kernel.set_no_new_privileges(), *kernel.drop_capabilities())
        if scope:
            calls.add("scope", *kernel.keep_to_itself(_UNUSED))
        if kind == "leaf" and final:
            calls.add("filter", final_filter())

    def _set_limits(self, open_files, file_bytes):
        self._open_files.set(open_files)
        self._file_bytes.set(file_bytes)

    def run(self, told):
        if "open_files" in told:
            self._set_limits(told["open_files"], told.get("file_bytes", 0))  # only leaves get the latter
        self.calls.run()
        if self.calls.broken_at is not None:
            self.calls.check()


def tell_failure(channel, step, error):
    """Tells the worker why there will be no sandbox."""
    report = {
        "step": step,
        "error": "%s: %s" % (type(error).__name__, error),
        "errno": getattr(error, "errno", None),
        "traceback": "".join(traceback.format_exception(type(error), error, error.__traceback__)),
    }
    wire.send_frame(channel, wire.FAILED, json.dumps(report).encode())


def set_environment(variables):
    """Makes this the whole environment. Only what differs is touched: a forked child has most of it already."""
    for name in [name for name in os.environ if name not in variables]:
        del os.environ[name]
    for name, value in variables.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def add_packages(names):
    """Makes packages importable, after the standard library as site-packages would be."""
    for name in names:
        path = "/packages/" + name
        if path not in sys.path:
            sys.path.append(path)


def run(work, go):
    """Runs a sandbox's work. A fork returns to here in the child, with the child's work: stacks do not grow by it."""
    while True:
        try:
            following = work(go)
        except Exception as error:
            tell_failure(wire.CHANNEL, "work", error)
            os._exit(1)
        if following is None:
            return
        work, go = following
