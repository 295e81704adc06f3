"""The steps that turn a fresh child process into a sandbox.

A child is made by clone3(2) straight into its namespaces and its cgroup, by a zygote or by the warden. It has all
capabilities in its own user namespace then, and none outside. The order of the steps:

    hello         the worker learns the process id from the kernel and checks it, beside the next steps
    descriptors   its own channel and output
    identity      uid and gid maps; a mount can belong to the sandbox's own uid only after them
    mounts        of its own: scratch folder and /proc
    close         everything but 0-3
    group         a process group of its own: signals and priorities can be given to a whole group (kill(2), setpriority(2))
    orders        what the worker wants it to be: code and packages to mount, then go. A spare leaf waits here
    cgroup space  after go, when the worker has put the process under its limits, so that it sees its own as the root
    capabilities  all gone
    scope         no signal and no abstract socket reaches out of it, where the kernel has Landlock for that
    filter        last, because it forbids most of the above
"""

import json
import os
import resource
import socket
import sys
import traceback

from . import kernel, seccomp, wire

# The first uid of every zygote's user namespace, as seen inside; what it maps to on the host differs.
FIRST_ID = 1000

_TMPFS_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV
_PROC_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC

# As they were before a package may have put others in their place.
_get_limit, _set_limit, _close, _set_group = resource.getrlimit, resource.setrlimit, os.close, os.setpgid

_PENDING_SIGNALS = 1024
_LOCKED_BYTES = 8 << 20

# Made once in a zygote; forked children have them ready.
FINAL_FILTER = kernel.Filter(seccomp.final_program(kernel.ARCHITECTURE))


def namespaces(request):
    """The clone flags for a sandbox of this kind. Zygotes share the warden's pid namespace: see design notes."""
    flags = kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
    if request["kind"] != "zygote":
        flags |= kernel.CLONE_NEWPID
    if request["private_network"]:
        flags |= kernel.CLONE_NEWNET
    return flags


def write_text(path, text):
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def map_ids(process, inside, outside, count):
    """Writes the maps of a user namespace; process is a folder of /proc."""
    line = "%d %d %d" % (inside, outside, count)
    write_text(process + "/setgroups", "deny")
    write_text(process + "/uid_map", line)
    write_text(process + "/gid_map", line)


def take_identity(number):
    os.setresgid(number, number, number)
    os.setresuid(number, number, number)


def lower_limit(which, value):
    """Sets a resource limit to a value, or leaves it if it is lower already."""
    hard = _get_limit(which)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    _set_limit(which, (value, value))


def lower_all_limits():
    """Those that are the same for all sandboxes; children inherit them."""
    lower_limit(resource.RLIMIT_CORE, 1)  # no core files, and no program of the host's that gets one: see seccomp.py
    lower_limit(resource.RLIMIT_NICE, 0)
    lower_limit(resource.RLIMIT_RTPRIO, 0)
    lower_limit(resource.RLIMIT_MSGQUEUE, 0)  # would be counted for all leaves of a zygote together
    lower_limit(resource.RLIMIT_MEMLOCK, _LOCKED_BYTES)


class Setup:
    """The steps for one child. A failure is told to the worker with the step's name, and ends the process: nothing
    may unwind into the code of the process that was forked."""

    def __init__(self, request, descriptors, channel=wire.CHANNEL, outputs=(1, 2)):
        """What is left of descriptors in the end are channel and outputs, as numbers; only a rehearsal wants others."""
        self.request = request
        self.channel, self.output, self.cgroup, self.scratch = descriptors
        self.last = channel
        self.outputs = outputs
        self.step = "hello"
        self.unsealed = set()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            try:
                tell_failure(self.channel, self.step, error)
            finally:
                os._exit(70)

    def hello(self):
        self.step = "hello"
        kernel.set_dumpable(True)  # so that its files in /proc, uid_map among them, are its own
        wire.send_frame(self.channel, wire.HELLO)

    def descriptors(self):
        self.step = "descriptors"
        os.dup2(self.channel, self.last, inheritable=False)
        self.channel = self.last
        for number in self.outputs:
            os.dup2(self.output, number)

    def map_itself(self):
        """A single line that maps the parent's own id needs no privilege (user_namespaces(7))."""
        self.step = "identity"
        map_ids("/proc/self", self.request["uid"], FIRST_ID, 1)

    def await_maps(self):
        """Of a forked zygote: another process writes them, and the worker says when they are there."""
        self.step = "identity"
        if os.read(self.channel, 1) != b"m":
            raise OSError("the worker did not say that the id maps are written")

    def mounts(self):
        self.step = "mounts"
        kernel.move_mount(self.scratch, "/host")
        if self.request["kind"] != "zygote":
            kernel.mount("proc", "/proc", "proc", _PROC_FLAGS, "subset=pid,hidepid=2")

    def rest(self):
        """Closing, process group, name, network."""
        self.step = "close"
        kernel.close_from(self.channel + 1)
        self.step = "group"
        # Else it would share that of its zygote and of all other leaves, whose processes have the same host uid.
        _set_group(0, 0)
        self.step = "name"
        kernel.set_host_name(self.request["name"])
        if self.request["private_network"]:
            self.step = "network"
            kernel.loopback_up()

    def orders(self):
        """Does what the worker says until it says go. Returns the rest of what it says then."""
        is_zygote = self.request["kind"] == "zygote"
        self.step = "orders"
        channel = wire.over(self.channel, socket.SOCK_SEQPACKET if is_zygote else socket.SOCK_STREAM)
        try:
            kind = wire.MOUNT
            while kind != wire.GO:
                kind, body, trees = wire.receive_order(channel)
                instructions = json.loads(body)
                self._attach(instructions["mounts"], trees)
        finally:
            channel.detach()
        for top in self.unsealed:
            kernel.set_mount_attributes(top, kernel.MOUNT_ATTR_RDONLY, False)
        if not is_zygote:
            # A zygote forks into cgroups beside its own, which have to be below the root of its cgroup namespace
            # where cgroup2 is mounted with nsdelegate (cgroups(7)): it keeps the worker's.
            self.step = "cgroup space"
            kernel.unshare(kernel.CLONE_NEWCGROUP)
        return instructions

    def _attach(self, places, trees):
        self.step = "mounts"
        for tree, (target, is_folder) in zip(trees, places):
            top = "/" + target.split("/")[1]
            if target != top:
                if top not in self.unsealed:
                    self.unsealed.add(top)
                    kernel.mount("tmpfs", top, "tmpfs", _TMPFS_FLAGS, "size=1m,nr_inodes=4096,mode=755")
                if is_folder:
                    os.makedirs(target)
                else:
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o444))
            kernel.move_mount(tree, target)
            _close(tree)

    def limits(self, instructions):
        """Limits that the process sets itself, beside those that are the same for all."""
        self.step = "limits"
        lower_limit(resource.RLIMIT_NOFILE, instructions["open_files"])
        # Counted for the zygote's uid as well, so one leaf must not be able to use up what all of them have.
        lower_limit(resource.RLIMIT_SIGPENDING, _PENDING_SIGNALS)
        if self.request["kind"] == "leaf":
            lower_limit(resource.RLIMIT_FSIZE, instructions["file_bytes"])

    def lock_down(self):
        self.step = "capabilities"
        kernel.set_no_new_privileges()
        kernel.drop_capabilities()
        if self.request["scope"]:
            self.step = "scope"
            kernel.keep_to_itself()

    def final_filter(self):
        if self.request["seccomp"]:
            self.step = "filter"
            kernel.install_filter(FINAL_FILTER)


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
