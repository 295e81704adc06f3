"""The system-call filters: what a sandbox may ask of the kernel.

Two programs, because the kernel runs every installed one and the strictest answer wins:

*base* is an allow list that also looks at arguments. A zygote, or a fresh sandbox, installs it before any third-party
code is imported, and every child inherits it for nothing. It still lets through what is needed to set up a child
sandbox, and of these calls no more than that.

*final* takes those set-up calls away. A leaf installs it as the last step before f.py is imported. It is small, so
that installing it costs little.

What needs no look at arguments stands in seccomp_lists.py. Numbers are those of Linux 6.18.
"""

import errno
import struct

from .seccomp_lists import ALLOWED, ALLOWED_EVERYWHERE, SET_UP, SET_UP_EVERYWHERE

_MOUNT = {"x86_64": 165, "aarch64": 40}
_UNSHARE = {"x86_64": 272, "aarch64": 97}
_CLONE = {"x86_64": 56, "aarch64": 220}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_SOCKET_PAIR = {"x86_64": 53, "aarch64": 199}
_PERSONALITY = {"x86_64": 135, "aarch64": 92}
_IOCTL = {"x86_64": 16, "aarch64": 29}
_FCNTL = {"x86_64": 72, "aarch64": 25}
_FADVISE = {"x86_64": 221, "aarch64": 223}
_MMAP = {"x86_64": 9, "aarch64": 222}
_MADVISE = {"x86_64": 28, "aarch64": 233}
_GET_SEGMENT = {"x86_64": 29, "aarch64": 194}
_MEMFD_CREATE = {"x86_64": 319, "aarch64": 279}
_SET_OPTION = {"x86_64": 54, "aarch64": 208}
_PRCTL = {"x86_64": 157, "aarch64": 167}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_LIMIT = {"x86_64": 160, "aarch64": 164}
_LIMIT = {"x86_64": 302, "aarch64": 261}
# Whatever a sandbox may write to is in memory; what it may only read, it has not changed: there is nothing to wait for.
# Passed on, each call would have the disk empty its cache, thousands of times a second (fsync, fdatasync,
# sync_file_range).
_FLUSHES = {"x86_64": (74, 75, 277), "aarch64": (82, 83, 84)}
_CLONE3 = 435
_AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
_X32_BIT = 0x40000000

# Every CLONE_NEW* flag of clone(2); NEWTIME has no bit there.
_NAMESPACE_FLAGS = 0x7E020000
_CLONE_NEWCGROUP = 0x02000000
# A child mounts with these flags (first.py), MS_NOSUID with MS_NODEV, MS_NOEXEC or both, binds what hides a part of
# /proc (MS_BIND), and does nothing else: no remounts, no changes of what propagates. A bind shows nothing that was
# hidden, because mounts that come from outside of a user namespace are locked to each other (mount_namespaces(7)).
_MOUNT_FLAGS = (6, 10, 14, 4096)
# AF_UNIX, AF_INET, AF_INET6
_SOCKET_FAMILIES = (1, 2, 10)
# AF_NETLINK with NETLINK_ROUTE, by which getifaddrs(3), if_nameindex(3) and the look for address families of
# getaddrinfo(3) ask for interfaces. To change one takes a capability.
_NETLINK, _NETLINK_TYPES, _ROUTE = 16, (2, 3), (0,)
# SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, without the flags in the higher bits
_SOCKET_TYPES, _SOCKET_TYPE_MASK = (1, 2, 5), 0xF
# The family's own choice, TCP, UDP
_SOCKET_PROTOCOLS = (0, 6, 17)
# A program is told of every open in a folder, as by inotify: fcntl(2).
_F_NOTIFY = 1026
# Throws pages of a file that others use out of memory: posix_fadvise(2).
_FADV_DONTNEED = 4
# TIOCSTI and TIOCLINUX put characters into a terminal's input, ioctl_tty(2).
_TERMINAL_INPUT = (0x5412, 0x541C)

# Huge pages are set aside for whom the operator meant them, and no limit of a cgroup's memory counts them.
_MAP_HUGETLB, _MFD_HUGETLB, _SHM_HUGETLB = 0x40000, 4, 0o4000
# Pages that are merged with those of others tell by the time that a write takes who else has them: madvise(2).
_MADV_MERGEABLE = 12
# PR_SET_SECCOMP: compiled filters take room from a store that all of the machine share, and without room there nobody
# can be locked down. PR_SCHED_CORE keeps others off the second half of a processor core. PR_SET_MEMORY_MERGE does to
# all memory what MADV_MERGEABLE does to some. PR_SET_CHILD_SUBREAPER: a zygote would inherit its leaves in place of
# the warden, who could not tell the worker of their end.
_REFUSED_PRCTL = (22, 36, 62, 67)
# SO_ATTACH_FILTER, SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_EBPF, for the same reason; SO_ZEROCOPY,
# whose pages are counted for all leaves of a zygote together.
_SOL_SOCKET, _REFUSED_OPTIONS = 1, (26, 50, 51, 52, 60)
# TCP_ULP puts protocols of the kernel's own, such as TLS, into a connection: much code, of no use here.
_SOL_TCP, _REFUSED_TCP_OPTIONS = 6, (31,)

# A zygote installs the final filter into its children, as privileges.py does (SECCOMP_SET_MODE_FILTER with
# SECCOMP_FILTER_FLAG_SPEC_ALLOW). With another flag the caller gets a descriptor that keeps a filter when its process
# is gone, and so could fill the store of compiled filters.
_FILTER_MODE, _FILTER_FLAGS = 1, 4
# Only 1 keeps the kernel from starting the program that may stand in core_pattern, as root on the host, with the
# memory of a sandbox that crashes: core(5), and do_coredump() in fs/coredump.c. 0 does not. So it stays as first.py
# sets it.
_RLIMIT_CORE = 4

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL_PROCESS = 0x80000000

# linux/bpf_common.h: load a word, compare, mask, return. Offsets are those of struct seccomp_data.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NR, _ARCH, _ARG0, _ARG1, _ARG2, _ARG3 = 0, 4, 16, 24, 32, 40

_LAST_KNOWN = 469  # the highest number of Linux 6.18; what comes later is answered with ENOSYS


def _instruction(code, value, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, value)


def _answer(number):
    return _instruction(_RETURN, _ERRNO | number)


_OK = _instruction(_RETURN, _ALLOW)


def _numbers(*tables):
    return sorted({int(entry.split("=")[1]) for table in tables for entry in table.split()})


def _prologue(architecture):
    """Refuses foreign architectures (int 0x80) and x32 calls, whose numbers mean something else."""
    return [
        _instruction(_LOAD, _ARCH),
        _instruction(_EQUAL, _AUDIT_ARCHITECTURE[architecture], 1, 0),
        _instruction(_RETURN, _KILL_PROCESS),
        _instruction(_LOAD, _NR),
        _instruction(_AT_LEAST, _X32_BIT, 0, 1),
        _answer(errno.ENOSYS),
    ]


def _ranges(numbers):
    start = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield start, last
            start = number
        last = number
    yield start, last


def base_program(architecture):
    """The allow list with the set-up calls in it, as packed sock_filter records."""
    program = _prologue(architecture)
    # Often called first.
    special = [
        (_MMAP, _any_bit(_ARG3, _MAP_HUGETLB)),
        (_FCNTL, _one_of(_ARG1, (_F_NOTIFY,), _answer(errno.EPERM), _OK)),
        (_IOCTL, _one_of(_ARG1, _TERMINAL_INPUT, _answer(errno.EPERM), _OK)),
        (_SOCKET, _socket_or_route()),
        (_SOCKET_PAIR, _one_of(_ARG0, (1,), _OK, _answer(errno.EAFNOSUPPORT))),
        # Advice may be ignored: 0 is success.
        (_FADVISE, _one_of(_ARG3, (_FADV_DONTNEED,), _answer(0), _OK)),
        (_CLONE, _any_bit(_ARG0, _NAMESPACE_FLAGS)),
        (_UNSHARE, _one_of(_ARG0, (_CLONE_NEWCGROUP,), _OK, _answer(errno.EPERM))),
        (_MOUNT, _one_of(_ARG3, _MOUNT_FLAGS, _OK, _answer(errno.EPERM))),
        (_PERSONALITY, _one_of(_ARG0, (0, 0xFFFFFFFF), _OK, _answer(errno.EPERM))),
        (_MADVISE, _one_of(_ARG2, (_MADV_MERGEABLE,), _answer(errno.EINVAL), _OK)),
        (_SET_OPTION, _option()),
        (_PRCTL, _one_of(_ARG0, _REFUSED_PRCTL, _answer(errno.EPERM), _OK)),
        (_MEMFD_CREATE, _any_bit(_ARG1, _MFD_HUGETLB)),
        (_GET_SEGMENT, _any_bit(_ARG2, _SHM_HUGETLB)),
        (_SECCOMP, _filter()),
        (_SET_LIMIT, _one_of(_ARG0, (_RLIMIT_CORE,), _answer(errno.EPERM), _OK)),
        (_LIMIT, _limit()),
    ]
    special += [({architecture: number}, [_answer(0)]) for number in _FLUSHES[architecture]]
    for numbers, body in special:
        program += [_instruction(_EQUAL, numbers[architecture], 0, len(body)), *body]
    always = [ALLOWED[architecture], ALLOWED_EVERYWHERE, SET_UP[architecture], SET_UP_EVERYWHERE]
    for first, last in _ranges(sorted({*_numbers(*always), _CLONE3})):
        program += [_instruction(_AT_LEAST, first, 0, 2), _instruction(_AT_LEAST, last + 1, 1, 0), _OK]
    program += [_instruction(_AT_LEAST, _LAST_KNOWN + 1, 1, 0), _answer(errno.EPERM), _answer(errno.ENOSYS)]
    return b"".join(program)


def final_program(architecture):
    """Takes the set-up calls away, as packed sock_filter records.

    The numbers are searched by halving: the kernel runs a new filter once for every system call to learn which it
    always allows, and that is on the way of every cold start.
    """
    # An unknown clone3 makes libraries fall back to clone, whose flags can be looked at.
    taken = {_CLONE3: [_answer(errno.ENOSYS)]}
    for number in [*_numbers(SET_UP[architecture], SET_UP_EVERYWHERE), _MOUNT[architecture], _UNSHARE[architecture]]:
        taken[number] = [_answer(errno.EPERM)]
    return b"".join(_prologue(architecture) + _search(sorted(taken.items())))


def _socket():
    """Checks family, type and protocol one after the other."""
    protocol = _one_of(_ARG2, _SOCKET_PROTOCOLS, _OK, _answer(errno.EPROTONOSUPPORT))
    kind = [_instruction(_LOAD, _ARG1), _instruction(_AND, _SOCKET_TYPE_MASK)]
    kind += _compare(_SOCKET_TYPES, [], [_answer(errno.EPROTONOSUPPORT)])
    return [
        _instruction(_LOAD, _ARG0),
        *_compare(_SOCKET_FAMILIES, [], [_answer(errno.EAFNOSUPPORT)]),
        *kind,
        *protocol,
    ]


def _socket_or_route():
    """As _socket, and lets sockets through that ask for interfaces and routes."""
    refused = _answer(errno.EAFNOSUPPORT)
    route = [_instruction(_LOAD, _ARG1), _instruction(_AND, _SOCKET_TYPE_MASK)]
    route += _compare(_NETLINK_TYPES, [], [refused])
    route += _one_of(_ARG2, _ROUTE, _OK, refused)
    return [_instruction(_LOAD, _ARG0), _instruction(_EQUAL, _NETLINK, 0, len(route)), *route, *_socket()]


def _option():
    """Checks level and name of a socket's option."""
    general = _one_of(_ARG2, _REFUSED_OPTIONS, _answer(errno.EPERM), _OK)
    tcp = _one_of(_ARG2, _REFUSED_TCP_OPTIONS, _answer(errno.EPERM), _OK)
    level = [_instruction(_LOAD, _ARG1), _instruction(_EQUAL, _SOL_SOCKET, 0, len(general)), *general]
    return [*level, _instruction(_EQUAL, _SOL_TCP, 0, len(tcp)), *tcp, _OK]


def _filter():
    """Allows filters to be installed as a zygote does it."""
    flags = _one_of(_ARG1, (_FILTER_FLAGS,), _OK, _answer(errno.EPERM))
    return [_instruction(_LOAD, _ARG0), *_compare((_FILTER_MODE,), [], [_answer(errno.EPERM)]), *flags]


def _limit():
    """Limits may be asked for and set, but the one for core files only asked for: its new value is no pointer then."""
    which = [_instruction(_LOAD, _ARG1), *_compare((_RLIMIT_CORE,), [], [_OK])]
    halves = [_instruction(_LOAD, _ARG2), _instruction(_EQUAL, 0, 0, 3)]
    return [*which, *halves, _instruction(_LOAD, _ARG2 + 4), _instruction(_EQUAL, 0, 0, 1), _OK, _answer(errno.EPERM)]


def _any_bit(offset, bits):
    """Refuses if an argument has one of the bits."""
    return [_instruction(_LOAD, offset), _instruction(_ANY_BIT, bits, 0, 1), _answer(errno.EPERM), _OK]


def _one_of(offset, values, then, otherwise):
    """Answers by whether an argument is one of some values."""
    return [_instruction(_LOAD, offset), *_compare(values, [then], [otherwise])]


def _compare(values, then, otherwise):
    """Goes to then if what was loaded is one of the values, else through otherwise, which has to return."""
    last = len(values) - 1
    checks = [_instruction(_EQUAL, v, last - i + len(otherwise), 0) for i, v in enumerate(values)]
    return [*checks, *otherwise, *then]


def _search(cases):
    """Finds the number among the cases, which are sorted, and runs its instructions; allows all others."""
    if len(cases) == 1:
        number, body = cases[0]
        return [_instruction(_EQUAL, number, 0, len(body)), *body, _OK]
    middle = len(cases) // 2
    lower = _search(cases[:middle])
    return [_instruction(_AT_LEAST, cases[middle][0], len(lower), 0), *lower, *_search(cases[middle:])]
