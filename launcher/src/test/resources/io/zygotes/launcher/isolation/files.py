"""1.2 and 1.3: namespaces, mounts, files, procfs, sysfs, kernel knobs."""

import os
import stat
import sys
import threading

from probe import call, in_child

_FLAGS = {
    "NEWTIME": 0x80,
    "NEWNS": 0x20000,
    "NEWCGROUP": 0x2000000,
    "NEWUTS": 0x4000000,
    "NEWIPC": 0x8000000,
    "NEWUSER": 0x10000000,
    "NEWPID": 0x20000000,
    "NEWNET": 0x40000000,
}
_AT_FDCWD = -100


def _clone(flag):
    if call("clone", flag | 17, 0, 0, 0, 0) == 0:  # SIGCHLD
        os._exit(0)


def _start_thread():
    answers = []
    thread = threading.Thread(target=lambda: answers.append("started"))
    thread.start()
    thread.join()
    return answers[0]


def _enter(name):
    descriptor = os.open("/proc/self/ns/" + name, os.O_RDONLY)
    try:
        call("setns", descriptor, 0)
    finally:
        os.close(descriptor)


def _climb():
    """chroot, then up and up."""
    os.mkdir("/tmp/climb")
    try:
        os.chroot("/tmp/climb")
    finally:
        os.rmdir("/tmp/climb")


def _seen(paths):
    return [path for path in paths if os.path.lexists(path)]


def _read(path):
    with open(path, "rb") as file:
        return file.read(64)


def _write(path, data=b"0"):
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


def _create(folder):
    path = folder.rstrip("/") + "/planted"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    os.unlink(path)


def _descriptors():
    """Numbers and kinds of open files. A zygote may not list its own folder in /proc."""
    kinds = []
    for number in range(4096):
        try:
            mode = os.fstat(number).st_mode
        except OSError:
            continue
        for test in (stat.S_ISDIR, stat.S_ISCHR, stat.S_ISFIFO, stat.S_ISSOCK, stat.S_ISREG):
            if test(mode):
                kinds.append("%d %s" % (number, test.__name__[4:].lower()))
    return ", ".join(kinds)


def _mount_points():
    with open("/proc/self/mountinfo") as file:
        return sorted({line.split()[4] for line in file})


def _folders(top, depth):
    """Names of folders so many levels down, and of those on the way."""
    found = set()
    for name in os.listdir(top):
        if os.path.isdir(os.path.join(top, name)):
            found.add(name)
            if depth > 1:
                found.update(_folders(os.path.join(top, name), depth - 1))
    return sorted(found)


def _files_below(top):
    return [name for _, _, files in os.walk(top) for name in files]


def _file_systems(top):
    """Of all that is below."""
    return {os.lstat(os.path.join(folder, name)).st_dev for folder, _, names in os.walk(top) for name in names}


def _addresses(path):
    """Those that are not 0, as which the kernel shows them to others than root."""
    with open(path) as file:
        words = [line.split()[0] for line in file]
    return [word for word in words if word.strip("0-")][:3]


def _writable_mounts():
    """Folders that are mount points and can be written to, but for its own."""
    found = []
    for point in _mount_points():
        if point == "/host" or point == "/proc" or not os.path.isdir(point):
            continue
        try:
            _create(point)
            found.append(point)
        except OSError:
            pass
    return found


def _processes():
    return sorted((name for name in os.listdir("/proc") if name.isdigit()), key=int)


def _mentions(paths, words):
    """Which of the words stand in any of the files."""
    found = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                text = file.read()
        except OSError:
            continue
        found += ["%s in %s" % (word, path) for word in words if word.encode() in text]
    return found


def _device(kind, major, minor):
    try:
        os.mknod("/tmp/device", kind | 0o600, os.makedev(major, minor))
    finally:
        if os.path.lexists("/tmp/device"):
            os.unlink("/tmp/device")


def _fifo():
    os.mkfifo("/tmp/fifo")
    os.unlink("/tmp/fifo")


def run(report):
    check, event = report.check, report.event
    check("A10", "unshare(NEWUSER)", in_child(lambda: call("unshare", _FLAGS["NEWUSER"])), "EPERM", open=True)
    for name, flag in _FLAGS.items():
        if name != "NEWTIME":  # has no bit in clone(2)
            check("A11", "clone(%s)" % name, in_child(lambda f=flag: _clone(f)), "EPERM", open=name == "NEWUSER")
        if name != "NEWUSER":
            check("A12", "unshare(%s)" % name, in_child(lambda f=flag: call("unshare", f)), "EPERM")
    # A zygote forks with it: its arguments, which a filter cannot see, are then the kernel's to judge.
    check("A11", "clone3", in_child(lambda: call("clone3", None, 88)), "ENOSYS", open=True, zygote=["EFAULT"])
    check("A11", "a thread", _start_thread, "started")
    check("A13", "mount a tmpfs", in_child(lambda: call("mount", b"x", b"/tmp", b"tmpfs", 0, None)), "EPERM")
    check("A13", "mount by a bind", in_child(lambda: call("mount", b"/usr", b"/tmp", None, 4096, None)), "EPERM")
    check("A13", "umount2", in_child(lambda: call("umount2", b"/handler", 2)), "EPERM")
    check("A13", "pivot_root", in_child(lambda: call("pivot_root", b"/tmp", b"/tmp")), "EPERM")
    check("A13", "move_mount", in_child(lambda: call("move_mount", _AT_FDCWD, b"/usr", _AT_FDCWD, b"/tmp", 0)), "EPERM")
    check("A13", "open_tree", in_child(lambda: call("open_tree", _AT_FDCWD, b"/", 0)), "EPERM", open=True)
    check("A13", "open_tree, a copy", in_child(lambda: call("open_tree", _AT_FDCWD, b"/", 1)), "EPERM")
    check("A13", "fsopen", in_child(lambda: call("fsopen", b"ext4", 0)), "EPERM")
    check("A13", "fsconfig", in_child(lambda: call("fsconfig", 0, 0, b"x", None, 0)), "EPERM", open=True)
    check("A13", "fsmount", in_child(lambda: call("fsmount", 0, 0, 0)), "EPERM")
    check("A13", "fspick", in_child(lambda: call("fspick", _AT_FDCWD, b"/", 0)), "EPERM")
    check(
        "A13",
        "mount_setattr",
        in_child(lambda: call("mount_setattr", _AT_FDCWD, b"/usr", 0, b"\0" * 32, 32)),
        "EPERM",
        zygote=["done"],
    )
    check(
        "A13",
        "mount_setattr, writable again",
        in_child(
            lambda: call("mount_setattr", _AT_FDCWD, b"/usr", 0, (0).to_bytes(8, "little") + b"\1" + b"\0" * 23, 32)
        ),
        "EPERM",
    )
    for name in ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts"):
        check(
            "A15", "setns to its own namespace " + name, in_child(lambda n=name: _enter(n)), "EPERM", zygote=["EACCES"]
        )
    check("A16", "chroot", in_child(_climb), "EPERM")
    # Copies that the worker made: no file of the kernel's, and nothing about anything but processors.
    check("A17", "what is in /sys", lambda: sorted(os.listdir("/sys")), "['class', 'devices']")
    check("A17", "what is in /sys/class", lambda: _files_below("/sys/class"), "[]")
    check(
        "A17",
        "what is in /sys/devices",
        lambda: _folders("/sys/devices", 2),
        "['cpu', 'node', 'system']",
        "['cpu', 'system']",
    )
    check("A17", "files of the kernel in /sys", lambda: _file_systems("/sys") - {os.stat("/").st_dev}, "set()")
    canaries = [
        event["canary"],
        "/../../../.." + event["canary"],
        "/proc/1/root" + event["canary"],
        "/proc/self/cwd/../../../../../.." + event["canary"],
        "/proc/self/root/.." + event["canary"],
    ]
    check("A17", "a file of the host, by any path", lambda: _seen(canaries), "[]")
    # The interpreter may lie in a folder of a user; then the way to it is there, and nothing else of it.
    check(
        "A17",
        "the old root, users and secrets of the host",
        lambda: [
            path
            for path in _seen(
                [
                    "/etc/shadow",
                    "/etc/gshadow",
                    "/root",
                    "/home",
                    "/old_root",
                    "/oldroot",
                    "/run",
                    "/var",
                    "/boot",
                    "/.pivot",
                    "/etc/ssh",
                    "/etc/machine-id",
                ]
            )
            if not sys.base_prefix.startswith(path + "/") or len(os.listdir(path)) > 1
        ],
        "[]",
    )
    own = "0 chr, 1 fifo, 2 fifo, 3 sock"
    # The numbers that a zygote's packages never get, so that a leaf's own descriptors can lie there: /dev/null.
    kept = "".join(", %d chr" % number for number in range(4, 32))
    check("A18", "open files", _descriptors, own, zygote=[own + kept])
    for folder in ("/", "/usr", "/usr/lib", "/etc", "/handler", "/packages", "/runtime", "/dev", "/mnt", "/bin"):
        check("A20", "write to " + folder, lambda f=folder: _create(f), "EROFS")
    check("A20", "write to any mount but its own", _writable_mounts, "[]")
    check("A20", "write to its own files", lambda: _create("/tmp"), "done")
    check("A21", "remount writable", in_child(lambda: call("mount", None, b"/usr", None, 32 | 4096, None)), "EPERM")
    check("A22", "make a character device", lambda: _device(stat.S_IFCHR, 1, 1), "EPERM")
    check("A22", "make a block device", lambda: _device(stat.S_IFBLK, 254, 0), "EPERM")
    check("A22", "make a pipe with a name", _fifo, "done")
    check(
        "A23",
        "what is in /dev",
        lambda: sorted(os.listdir("/dev")),
        str(
            [
                "fd",
                "full",
                "null",
                "ptmx",
                "pts",
                "random",
                "shm",
                "stderr",
                "stdin",
                "stdout",
                "tty",
                "urandom",
                "zero",
            ]
        ),
    )
    for device in ("vda", "sda", "kmsg", "kvm", "fuse", "net/tun", "loop-control", "mem", "vsock", "console", "tty0"):
        check("A23", "open /dev/" + device, lambda d=device: os.open("/dev/" + d, os.O_RDONLY), "ENOENT", "ENOTDIR")
    # There is none but those that the sandbox makes, in a file system of its own.
    check("A23", "open the worker's terminal", lambda: os.open("/dev/tty", os.O_RDONLY), "ENXIO")
    check("A23", "terminals of others", lambda: os.listdir("/dev/pts"), "['ptmx']", zygote=["[]"])
    for path in (
        "sys/kernel/core_pattern",
        "sys/kernel/modprobe",
        "sys/kernel/hotplug",
        "sysrq-trigger",
        "sys/fs/binfmt_misc/register",
        "sys/vm/drop_caches",
        "sys/kernel/hostname",
    ):
        # The files of a container's /proc, which belong to the host's root.
        check("A30", "write /proc/" + path, lambda p=path: _write("/proc/" + p), "EACCES", "ENOENT")
    check("A30", "write /sys/kernel/uevent_helper", lambda: _write("/sys/kernel/uevent_helper"), "ENOENT")
    # What runc masks, what the kernel shows to root alone, and what it shows others without what is secret in it.
    for path in (
        "kcore",
        "keys",
        "timer_list",
        "timer_stats",
        "kmsg",
        "sched_debug",
        "latency_stats",
        "mounts/../kcore",
        "vmallocinfo",
        "slabinfo",
        "pagetypeinfo",
        "kpageflags",
        "interrupts",
        "1/root/etc/shadow",
    ):
        check("A31", "read /proc/" + path, lambda p=path: _read("/proc/" + p), "b''", "EACCES", "ENOENT", "ENOTDIR")
    for path in ("acpi", "asound", "scsi"):
        check("A31", "list /proc/" + path, lambda p=path: os.listdir("/proc/" + p), "[]", "ENOENT")
    check("A31", "addresses of the kernel", lambda: _addresses("/proc/kallsyms"), "[]", "ENOENT")
    check("A31", "addresses of memory", lambda: _addresses("/proc/iomem"), "[]", "ENOENT")
    check(
        "A31",
        "names of others in what the kernel shows of the machine",
        lambda: _mentions(["/proc/sysvipc/shm", "/proc/locks", "/proc/key-users"], event["forbidden"]),
        "[]",
    )
    for path in ("meminfo", "stat", "cpuinfo", "uptime", "loadavg"):
        check("A31", "read /proc/%s, as programs do" % path, lambda p=path: len(_read("/proc/" + p)) > 0, "True")
    check("A31", "read /sys/firmware", lambda: os.listdir("/sys/firmware"), "ENOENT")
    for value in (b"-1000", b"-1"):
        check(
            "A32",
            "oom_score_adj " + value.decode(),
            lambda v=value: _write("/proc/self/oom_score_adj", v),
            "EACCES",
            "EPERM",
        )
    # The worker needs CAP_SYS_RESOURCE to set a floor; some containers lack it.
    check(
        "A32",
        "oom_score_adj 0",
        lambda: _write("/proc/self/oom_score_adj", b"0"),
        "EACCES",
        "EPERM",
        *([] if event["expendable"] else ["done"]),
    )
    if report.zygote:
        # Zygotes share the warden's pid namespace and see nobody but themselves there.
        check("A34", "memory of the warden", lambda: os.open("/proc/1/mem", os.O_RDWR), "ENOENT", "EACCES", "EPERM")
        check("A35", "processes", lambda: _processes() == [str(os.getpid())] or _processes(), "True", "[]")
    else:
        check("A34", "its own parent", os.getppid, "0")
        check("A35", "processes", lambda: _processes() == [str(os.getpid())] or _processes(), "True")
        check("A35", "it is the first of its own", os.getpid, "1")
        check(
            "A36",
            "its own cgroup is the root",
            lambda: sorted({line.rstrip().split(":", 2)[2] for line in open("/proc/self/cgroup")}),
            "['/']",
        )
    check(
        "A36",
        "the environment",
        lambda: sorted(set(os.environ) - {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}),
        str(["HOME", "LANG", "PATH", "USER"]),
    )
    check(
        "A36",
        "names of others in what the kernel shows",
        lambda: _mentions(
            [
                "/proc/self/" + name
                for name in (
                    "mountinfo",
                    "mounts",
                    "mountstats",
                    "cgroup",
                    "environ",
                    "cmdline",
                    "maps",
                    "net/unix",
                    "stat",
                    "status",
                )
            ],
            event["forbidden"],
        ),
        "[]",
    )
    check(
        "A37",
        "the cgroup file system",
        lambda: [line for line in open("/proc/self/mountinfo") if " - cgroup" in line],
        "[]",
    )
    check("A37", "limits of memory", lambda: _write("/sys/fs/cgroup/memory.max"), "ENOENT")
