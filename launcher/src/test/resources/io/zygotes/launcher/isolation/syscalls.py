"""1.4 System-call surface, and what is counted for all of the machine or for all of a zygote's leaves (U)."""

import ctypes
import fcntl
import mmap
import os
import socket
import struct

from probe import X86, call, in_child

_FAMILIES = {
    "AF_ALG": 38,
    "AF_VSOCK": 40,
    "AF_PACKET": 17,
    "AF_KEY": 15,
    "AF_BLUETOOTH": 31,
    "AF_TIPC": 30,
    "AF_SMC": 43,
    "AF_XDP": 44,
    "AF_CAN": 29,
    "AF_RDS": 21,
    "AF_QIPCRTR": 42,
    "AF_MCTP": 45,
}


# A page of its own to try things on.
_MAPPED = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
_PAGES = ctypes.addressof(ctypes.c_char.from_buffer(_MAPPED))


def _socket(family, kind=socket.SOCK_DGRAM, protocol=0):
    socket.socket(family, kind, protocol).close()


def _run_from_memory():
    """An ELF file without a place in the file system."""
    program = os.memfd_create("program")
    with open("/usr/bin/grep", "rb") as source:
        os.write(program, source.read())
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writer, 1)
        try:
            os.execve(program, ["grep", "-E", "^(NoNewPrivs|Seccomp):", "/proc/self/status"], {})
        finally:
            os._exit(1)
    os.close(writer)
    with open(reader) as output:
        answer = output.read().split()
    os.waitpid(pid, 0)
    os.close(program)
    return " ".join(answer)


def _notify():
    folder = os.open("/usr/lib", os.O_RDONLY)
    try:
        fcntl.fcntl(folder, 1026, 1)  # F_NOTIFY, DN_ACCESS
    finally:
        os.close(folder)


def _numbers(ranges):
    numbers = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def _differences(golden):
    """Tries each of the numbers 0 ... 470 with bad arguments in a child. Those that are to be refused and are not, and
    those that are refused and should not be, but for futex, to which the arguments are an unknown operation, and for
    calls that are younger than the oldest kernel."""
    refused = set()
    for number in range(471):
        answer = in_child(lambda number=number: call(number, -1, -1, -1, -1, -1, -1), 1)()
        if answer in ("EPERM", "ENOSYS"):
            refused.add(number)
    return sorted(golden - refused), sorted(number for number in refused - golden - {202} if number < 424)


_FILTER = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000), 8)  # lets everything pass
_PROGRAM = struct.pack("HxxxxxxQ", 1, ctypes.addressof(_FILTER))


def _option(level, name, value, kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as any_socket:
        any_socket.setsockopt(level, name, value)


def _prctl(*arguments):
    call("prctl", *arguments)


def _asynchronous():
    context = ctypes.c_ulong(0)
    call("io_setup", 8, ctypes.byref(context))
    call("io_destroy", context.value)


def run(report):
    check = report.check
    check("U01", "asynchronous I/O, of which the machine has so much", _asynchronous, "EPERM", open=True)
    for name, option in (("filter", 26), ("reuseport filter", 51)):
        check("U02", "a %s on a socket" % name, lambda o=option: _option(1, o, _PROGRAM), "EPERM", open=True)
    check(
        "U02", "a filter of system calls by prctl", in_child(lambda: _prctl(22, 2, _PROGRAM, 0, 0)), "EPERM", open=True
    )
    check("U03", "huge pages", lambda: call("mmap", 0, 1 << 21, 3, 0x40022, -1, 0), "EPERM", open=X86)
    check("U03", "huge pages for a file in memory", lambda: call("memfd_create", b"x", 4), "EPERM", open=True)
    check("U04", "sending pages without copying", lambda: _option(1, 60, 1, socket.SOCK_STREAM), "EPERM", open=True)
    check(
        "U05", "protocols of the kernel's own", lambda: _option(6, 31, b"tls", socket.SOCK_STREAM), "EPERM", open=True
    )
    check("U06", "a processor core to itself", in_child(lambda: _prctl(62, 1, 0, 0, 0)), "EPERM", open=True)
    check("U07", "merging its pages with others'", lambda: call("madvise", _PAGES, 4096, 12), "EINVAL")
    check("U07", "merging all of its pages", in_child(lambda: _prctl(67, 1, 0, 0, 0)), "EPERM")
    check("U10", "inheriting others' children", in_child(lambda: _prctl(36, 1, 0, 0, 0)), "EPERM", open=True)
    check("U08", "I/O before that of others", in_child(lambda: call("ioprio_set", 1, 0, 2 << 13)), "EPERM", open=True)
    for name in ("fsync", "fdatasync", "sync_file_range"):
        check("U09", name + ", which would go to the disk", lambda n=name: call(n, -1, 0, 0, 0), "0", open=True)
    for name in ("io_uring_setup", "io_uring_enter", "io_uring_register"):
        check(
            "A40",
            name,
            lambda n=name: call(n, 1, ctypes.create_string_buffer(120), 0, 0, 0),
            "EPERM",
            "ENOSYS",
            open=True,
        )
    for flags in (0, 1):
        check(
            "A41", "userfaultfd(%d)" % flags, lambda f=flags: call("userfaultfd", f), "EPERM", "ENOSYS", open=flags == 1
        )
    for command in (0, 5):
        check(
            "A42", "bpf(%d)" % command, lambda c=command: call("bpf", c, ctypes.create_string_buffer(128), 128), "EPERM"
        )
    software = struct.pack("IIQQQQQ", 1, 112, 0, 0, 0, 0, 0x60) + b"\0" * 64  # exclude_kernel, exclude_hv
    check(
        "A43",
        "perf_event_open of itself",
        lambda: call("perf_event_open", software, 0, -1, -1, 0),
        "EPERM",
        "EACCES",
        open=True,
    )
    check(
        "A43",
        "perf_event_open of a processor",
        lambda: call("perf_event_open", software, -1, 0, -1, 0),
        "EPERM",
        "EACCES",
    )
    check("A44", "add_key", lambda: call("add_key", b"user", b"canary", b"x", 1, -2), "EPERM", open=True)
    check("A44", "request_key", lambda: call("request_key", b"user", b"canary", None, -2), "EPERM", open=True)
    for command, name in ((0, "get"), (1, "join"), (6, "describe"), (8, "link"), (11, "read")):
        check("A44", "keyctl, " + name, lambda c=command: call("keyctl", c, -3, 0, 0, 0), "EPERM", open=command < 2)
    for name, family in _FAMILIES.items():
        check("A45", "socket " + name, lambda f=family: _socket(f), "EAFNOSUPPORT", "EPERM")
    # Of NETLINK_ROUTE it has sockets, to ask for interfaces; to change one takes a capability.
    check("A45", "netlink protocol 0", lambda: (_socket(socket.AF_NETLINK, socket.SOCK_RAW, 0), None)[1], "done")
    for protocol in (2, 4, 6, 9, 12, 15, 16, 20):
        check(
            "A45",
            "netlink protocol %d" % protocol,
            lambda p=protocol: _socket(socket.AF_NETLINK, socket.SOCK_RAW, p),
            "EAFNOSUPPORT",
        )
    for family in (socket.AF_INET, socket.AF_INET6):
        check("A45", "a raw socket", lambda f=family: _socket(f, socket.SOCK_RAW, 1), "EPERM", "EPROTONOSUPPORT")
        for protocol in (1, 33, 58, 132, 136, 262):
            check(
                "A45",
                "internet protocol %d" % protocol,
                lambda f=family, p=protocol: _socket(f, socket.SOCK_STREAM if p == 262 else socket.SOCK_DGRAM, p),
                "EPROTONOSUPPORT",
                "EPERM",
                "EACCES",
                open=protocol == 262,
            )
        check(
            "A45",
            "the sockets that it may have",
            lambda f=family: (_socket(f), _socket(f, socket.SOCK_STREAM), None)[2],
            "done" if family == socket.AF_INET or report.event["ipv6"] else "EAFNOSUPPORT",
        )
    check(
        "A45",
        "a pair of sockets of another family",
        lambda: call(53 if X86 else 199, 16, 3, 0, ctypes.create_string_buffer(8)),
        "EAFNOSUPPORT",
        open=True,
    )
    for name, arguments in (
        ("reboot", (0, 0, 0, 0)),
        ("swapon", (b"/x", 0)),
        ("swapoff", (b"/x",)),
        ("acct", (b"/tmp/x",)),
        ("quotactl", (0, None, 0, None)),
        ("init_module", (None, 0, b"")),
        ("finit_module", (0, b"", 0)),
        ("delete_module", (b"x", 0)),
        ("kexec_load", (0, 0, None, 0)),
        ("clock_settime", (0, b"\0" * 16)),
        ("settimeofday", (b"\0" * 16, None)),
        ("adjtimex", ((1).to_bytes(8, "little") + b"\0" * 256,)),
        ("sethostname", (b"x", 1)),
        ("setdomainname", (b"x", 1)),
        ("syslog", (3, ctypes.create_string_buffer(64), 64)),
        ("iopl", (3,)),
        ("ioperm", (0, 8, 1)),
        ("vhangup", ()),
        ("name_to_handle_at", (-100, b"/usr", ctypes.create_string_buffer(256), ctypes.create_string_buffer(8), 0)),
        ("open_by_handle_at", (-100, ctypes.create_string_buffer(256), 0)),
        ("migrate_pages", (0, 0, None, None)),
        ("move_pages", (0, 0, None, None, None, 0)),
        ("mbind", (0, 0, 0, None, 0, 0)),
        ("process_madvise", (-1, None, 0, 0, 0)),
        ("memfd_secret", (0,)),
        ("cachestat", (0, None, None, 0)),
        ("statmount", (None, None, 0, 0)),
        ("listmount", (None, None, 0, 0)),
        ("quotactl_fd", (0, 0, 0, None)),
        ("process_mrelease", (-1, 0)),
        ("sync", ()),
        ("syncfs", (0,)),
    ):
        allowed = ["EPERM", "ENOSYS"] if name in ("iopl", "ioperm") else ["EPERM"]
        check("A47", name, lambda n=name, a=arguments: call(n, *a), *allowed)
    for name in ("modify_ldt", "uselib", "ustat", "sysfs", "lookup_dcookie", "nfsservctl"):
        check("A49", name, lambda n=name: call(n, 0, None, 0), "EPERM", "ENOSYS", open=name == "modify_ldt" and X86)
    check("A49", "personality that makes memory executable", lambda: call("personality", 0x0400000), "EPERM", open=True)
    check("A50", "a program from memory", _run_from_memory, "NoNewPrivs: 1 Seccomp: 2", open=True)
    # User Mode Linux lacks some of the calls that are to be allowed.
    if X86 and not report.zygote and not report.event["uml"]:
        check(
            "A52",
            "which system calls are refused",
            lambda: _differences(_numbers(report.event["refused"])),
            "([], [])",
            open=True,
        )
    for number in (470, 511, 9999, 0x3FFFFFFF):
        check("A53", "system call %d, which does not exist" % number, lambda n=number: call(n), "ENOSYS")
    check("A66", "inotify", lambda: call("inotify_init1", 0), "EPERM", open=True)
    check("A66", "fanotify", lambda: call("fanotify_init", 0x200, 0), "EPERM", open=True)
    check("A66", "notes of opens in a folder", _notify, "EPERM", open=True)
