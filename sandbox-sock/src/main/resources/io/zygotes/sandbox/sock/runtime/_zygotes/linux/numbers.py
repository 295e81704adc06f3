"""Numbers of system calls, from the kernel's unistd.h of each architecture."""

import errno
import os

_OF_ARCHITECTURES = {
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
        rt_sigaction=13,
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
        waitid=247,
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
        rt_sigaction=134,
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
        waitid=95,
        write=64,
    ),
}
# These came after the numbers were unified.
CLONE3, CLOSE_RANGE, MOVE_MOUNT, MOUNT_SETATTR = 435, 436, 429, 442
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446

ARCHITECTURE = os.uname().machine
NUMBERS = _OF_ARCHITECTURES.get(ARCHITECTURE, {})


def require_architecture():
    """Raises on a machine whose system-call numbers are not known here."""
    if not NUMBERS:
        raise OSError(errno.ENOSYS, "no system-call table for " + ARCHITECTURE)
