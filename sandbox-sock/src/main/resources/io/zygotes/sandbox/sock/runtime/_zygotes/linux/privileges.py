"""What a process may do: capabilities, system-call filters, Landlock scopes, resource limits; and who may trace it."""

import ctypes
import resource
import signal
import struct

from .calls import describe, libc, syscall
from .files import close
from .numbers import LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_READ, _PR_CAPBSET_DROP = 23, 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_SOCK_FPROG = "HxxxxxxQ"
_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1, 4

_prctl = libc.prctl
_prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4


def set_dumpable(on):
    """Whether others with the same uid may trace this process, and who owns its files in /proc."""
    return describe("prctl PR_SET_DUMPABLE", "prctl", _PR_SET_DUMPABLE, 1 if on else 0, 0, 0, 0)


def end_with_parent():
    """This process is killed when the thread ends that it is a child of. A change of its ids undoes that (prctl(2))."""
    return describe("prctl PR_SET_PDEATHSIG", "prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def set_no_new_privileges():
    """No program that is started later gets more rights than this process has."""
    return describe("prctl PR_SET_NO_NEW_PRIVS", "prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def empty_bounding_set():
    """No program that is started later can get a capability: one call for each that this kernel knows."""
    calls = []
    while _prctl(_PR_CAPBSET_READ, len(calls), 0, 0, 0) >= 0:
        calls.append(describe("prctl PR_CAPBSET_DROP", "prctl", _PR_CAPBSET_DROP, len(calls)))
    return calls


def drop_capabilities():
    """Gives up the ambient, effective, permitted and inheritable set."""
    return (
        describe("prctl PR_CAP_AMBIENT", "prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0),
        describe("capset", "capset", struct.pack("Ii", _CAPABILITY_VERSION_3, 0), bytes(24)),
    )


def install_filter(program):
    """Installs a seccomp program, packed sock_filter records; no new privileges must be set before.

    The flag keeps speculative store bypass as it is (Linux 4.17): kernels before 5.16 would otherwise slow the process
    down.
    """
    fields = struct.calcsize(_SOCK_FPROG)
    memory = ctypes.create_string_buffer(fields + len(program))
    struct.pack_into(_SOCK_FPROG, memory, 0, len(program) // 8, ctypes.addressof(memory) + fields)
    memory[fields:] = program
    return describe("seccomp", "seccomp", _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_SPEC_ALLOW, memory)


# landlock(7): no file or network rights are handled; abstract sockets and signals stay inside. Since Linux 6.12.
_SCOPE = struct.pack("3Q", 0, 0, 3) if syscall(LANDLOCK_CREATE_RULESET, None, 0, 1) >= 6 else None


def keep_to_itself(number):
    """Forbids this process and its children to connect to abstract sockets of others, and to signal them.

    Does nothing where the kernel cannot. No new privileges must be set before. The number is as in files.overwrite.
    """
    if _SCOPE is None:
        return ()
    return (
        ("landlock_create_ruleset", (LANDLOCK_CREATE_RULESET, _SCOPE, len(_SCOPE), 0)),
        ("landlock_restrict_self", (LANDLOCK_RESTRICT_SELF, number, 0)),
        close(number),
    )


class Limit:
    """A resource limit, hard and soft, as a call of prlimit(2) whose value may be set after it was laid out."""

    def __init__(self, which):
        self._hard = resource.getrlimit(which)[1]
        self._pair = ctypes.create_string_buffer(16)
        self.call = describe("prlimit", "prlimit64", 0, which, self._pair, None)

    def set(self, value):
        """Makes it this value, or what the limit is already, if that is lower."""
        if self._hard != resource.RLIM_INFINITY:
            value = min(value, self._hard)
        struct.pack_into("2Q", self._pair, 0, value, value)
        return self
