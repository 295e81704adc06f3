"""What the attack lambdas share: runs one attack and writes down how it ended.

A row is {"id", "what", "got", "allowed", "open"}: got is "done" or the attack's answer if it succeeded, the name of the
errno if the kernel refused it, the name of the signal if it killed the process that tried. open marks attacks that
nothing but the system-call filter stops: without it they must end in another way, which proves that the probe works.
"""

import ctypes
import errno
import os
import platform
import signal

X86 = platform.machine() == "x86_64"
# x86_64 and aarch64; what came after Linux 5.1 has one number for both. None: no such call there.
NUMBERS = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "ptrace": (101, 117),
    "unshare": (272, 97),
    "setns": (308, 268),
    "clone": (56, 220),
    "getpid": (39, 172),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "clock_settime": (227, 112),
    "settimeofday": (164, 170),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "syslog": (103, 116),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "ustat": (136, None),
    "sysfs": (139, None),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    "shmget": (29, 194),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "msgget": (68, 186),
    "ioprio_set": (251, 30),
    "prlimit64": (302, 261),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "personality": (135, 92),
    "mbind": (237, 235),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "vhangup": (153, 58),
    "chroot": (161, 51),
    "sync": (162, 81),
    "syncfs": (306, 267),
    "io_setup": (206, 0),
    "io_destroy": (207, 1),
    "prctl": (157, 167),
    "mmap": (9, 222),
    "memfd_create": (319, 279),
    "madvise": (28, 233),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "sync_file_range": (277, 84),
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_open": 434,
    "clone3": 435,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
    "process_mrelease": 448,
    "cachestat": 451,
    "statmount": 457,
    "listmount": 458,
}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def call(name, *arguments):
    """A raw system call, by name or number. Raises OSError, and LookupError if this machine has no such call."""
    number = NUMBERS.get(name, name)
    if isinstance(number, tuple):
        number = number[0 if X86 else 1]
    if number is None:
        raise OSError(errno.ENOSYS, "no such call on this machine")
    converted = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = _libc.syscall(ctypes.c_long(number), *converted)
    if result < 0:
        raise OSError(ctypes.get_errno(), str(name))
    return result


def outcome(attack):
    """How an attack ends, in a word."""
    try:
        answer = attack()
    except OSError as error:
        return errno.errorcode.get(error.errno, "errno %s" % error.errno)
    except BaseException as error:
        return "%s: %s" % (type(error).__name__, error)
    return "done" if answer is None else str(answer)


def in_child(attack, seconds=10):
    """The outcome in a child process, which may die of it."""

    def attempt():
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                signal.alarm(seconds)
                os.write(writer, outcome(attack).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with open(reader, "rb") as answers:
            answer = answers.read().decode()
        status = os.waitpid(pid, 0)[1]
        if os.WIFSIGNALED(status):
            return signal.Signals(os.WTERMSIG(status)).name
        return answer or "exited %d" % os.WEXITSTATUS(status)

    return attempt


class Report:
    """Collects rows."""

    def __init__(self, event):
        self.event = event
        self.zygote = bool(event.get("zygote"))
        self.rows = []

    def check(self, row, what, attack, *allowed, open=False, zygote=()):
        """zygote: what may be the outcome, too, for a package that is imported in a zygote."""
        allowed = list(allowed) + (list(zygote) if self.zygote else [])
        self.rows.append({"id": row, "what": what, "got": outcome(attack), "allowed": allowed, "open": open})
