"""1.1 Identity and privilege."""

import ctypes
import mmap
import os
import resource
import struct

from probe import X86, call, in_child

_libc = ctypes.CDLL(None, use_errno=True)


def _status(*names):
    with open("/proc/self/status") as file:
        lines = dict(line.split(":", 1) for line in file if ":" in line)
    return " ".join(lines[name].strip() for name in names)


def _prctl(*arguments):
    if _libc.prctl(*(ctypes.c_ulong(a) for a in arguments)) < 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _foreign_call():
    """mov eax, 20 (getpid of i386); int 0x80; ret"""
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return "pid %d" % ctypes.CFUNCTYPE(ctypes.c_int)(address)()


def _raise_limit(which):
    hard = resource.getrlimit(which)[1]
    more = 1 << 40 if hard == resource.RLIM_INFINITY else hard + 1
    if hard == resource.RLIM_INFINITY:
        return "no limit"
    call("prlimit64", 0, which, struct.pack("QQ", more, more), None)


def _setuid_program(path):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writer, 1)
        try:
            os.execv(path, [path, "-u"])
        finally:
            os._exit(1)
    os.close(writer)
    with open(reader) as output:
        answer = output.read().strip()
    os.waitpid(pid, 0)
    return "own uid" if answer == str(os.getuid()) else answer


def _memory_of_others():
    _prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE
    opened = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                os.close(os.open("/proc/%s/mem" % name, os.O_RDONLY))
                opened.append(name)
            except OSError:
                pass
    return opened


def run(report):
    check = report.check
    check(
        "A01",
        "no capability in any set",
        lambda: _status("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"),
        " ".join(["0" * 16] * 5),
    )
    check("A01", "no new privileges and a filter", lambda: _status("NoNewPrivs", "Seccomp"), "1 2", open=True)
    check(
        "A02",
        "real, effective and saved ids are one, and not root",
        lambda: len(set(os.getresuid() + os.getresgid())) == 1 and os.getuid() >= 1000,
        "True",
    )
    check("A02", "no supplementary groups", lambda: os.getgroups(), "[]")
    check("A03", "setuid(0)", in_child(lambda: os.setuid(0)), "EPERM", "EINVAL")
    check("A03", "setresuid(0, 0, 0)", in_child(lambda: os.setresuid(0, 0, 0)), "EPERM", "EINVAL")
    check("A03", "setgid(0)", in_child(lambda: os.setgid(0)), "EPERM", "EINVAL")
    check("A03", "setgroups([0])", in_child(lambda: os.setgroups([0])), "EPERM", "EINVAL")
    if "setuid_program" in report.event:
        check(
            "A04", "a program with set-user-id root", lambda: _setuid_program(report.event["setuid_program"]), "own uid"
        )
    check("A06", "prctl(PR_SET_NO_NEW_PRIVS, 0)", lambda: _prctl(38, 0, 0, 0, 0), "EINVAL", "EPERM")
    check("A06", "prctl(PR_SET_SECCOMP, 0)", lambda: _prctl(22, 0, 0, 0, 0), "EINVAL", "EPERM")
    check("A06", "and they are as before", lambda: _status("NoNewPrivs", "Seccomp"), "1 2", open=True)
    if X86:
        if not report.event["uml"]:  # whose kernel has none
            check("A07", "a 32-bit system call", in_child(_foreign_call), "SIGSYS", open=True)
        check("A07", "a system call with the x32 bit", in_child(lambda: call(0x40000000 | 39)), "ENOSYS", "EPERM")
    check(
        "A08",
        "memory of others, when it is dumpable itself",
        in_child(_memory_of_others),
        str([str(os.getpid())]),
        "[]",
    )
    check("A09", "nice(-5)", in_child(lambda: os.nice(-5)), "EPERM", "EACCES")
    check(
        "A09",
        "a real-time scheduler",
        in_child(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
        "EPERM",
    )
    check("A09", "real-time I/O priority", in_child(lambda: call("ioprio_set", 1, 0, 1 << 13)), "EPERM")
    for name in ("NOFILE", "MEMLOCK", "CORE", "FSIZE", "MSGQUEUE", "SIGPENDING", "NICE", "RTPRIO"):
        allowed = ["EPERM"]
        if report.zygote and name in ("FSIZE", "MEMLOCK"):
            allowed.append("no limit")
        check(
            "A09", "raise the hard limit " + name, in_child(lambda which=name: _raise_limit(_LIMITS[which])), *allowed
        )


# The module resource of Python 3.11 lacks some.
_LIMITS = {"NOFILE": 7, "MEMLOCK": 8, "CORE": 4, "FSIZE": 1, "MSGQUEUE": 12, "SIGPENDING": 11, "NICE": 13, "RTPRIO": 14}
