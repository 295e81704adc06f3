"""The system-call filters: what a sandbox may ask of the kernel.

Two programs, because the kernel runs every installed one and the strictest answer wins:

*base* is an allow list that also looks at arguments. A zygote, or a fresh sandbox, installs it before any third-party
code is imported, and every child inherits it for nothing. It still lets through what is needed to set up a child
sandbox, and of these calls no more than that.

*final* takes those set-up calls away. A leaf installs it as the last step before f.py is imported. It is small, so
that installing it costs little.

Numbers: asm/unistd_64.h (x86_64), asm-generic/unistd.h (aarch64), Linux 6.18. What is allowed follows Moby's default
profile, less what a Python function has no use for: io_uring, keyrings, inotify and fanotify (they see others' opens
of shared package files), ptrace and its kin, memory policy, performance counters, sync and syncfs (they make the whole
machine write to its disks), asynchronous I/O (the machine has a fixed number of its requests for all), I/O priority.
"""

import errno
import struct

_ALLOWED = {
    "x86_64": """
    read=0 write=1 open=2 close=3 stat=4 fstat=5 lstat=6 poll=7 lseek=8 mprotect=10 munmap=11 brk=12
    rt_sigaction=13 rt_sigprocmask=14 rt_sigreturn=15 pread64=17 pwrite64=18 readv=19 writev=20 access=21
    pipe=22 select=23 sched_yield=24 mremap=25 msync=26 mincore=27 shmat=30 shmctl=31 dup=32
    dup2=33 pause=34 nanosleep=35 getitimer=36 alarm=37 setitimer=38 getpid=39 sendfile=40 connect=42 accept=43
    sendto=44 recvfrom=45 sendmsg=46 recvmsg=47 shutdown=48 bind=49 listen=50 getsockname=51 getpeername=52
    getsockopt=55 fork=57 vfork=58 execve=59 exit=60 wait4=61 kill=62 uname=63 semget=64
    semop=65 semctl=66 shmdt=67 msgget=68 msgsnd=69 msgrcv=70 msgctl=71 flock=73
    truncate=76 ftruncate=77 getdents=78 getcwd=79 chdir=80 fchdir=81 rename=82 mkdir=83 rmdir=84 creat=85 link=86
    unlink=87 symlink=88 readlink=89 chmod=90 fchmod=91 chown=92 fchown=93 lchown=94 umask=95 gettimeofday=96
    getrlimit=97 getrusage=98 sysinfo=99 times=100 getuid=102 getgid=104 geteuid=107 getegid=108 setpgid=109
    getppid=110 getpgrp=111 setsid=112 getgroups=115 getresuid=118 getresgid=120 getpgid=121 getsid=124 capget=125
    rt_sigpending=127 rt_sigtimedwait=128 rt_sigqueueinfo=129 rt_sigsuspend=130 sigaltstack=131 utime=132 mknod=133
    statfs=137 fstatfs=138 getpriority=140 setpriority=141 sched_setparam=142 sched_getparam=143
    sched_setscheduler=144 sched_getscheduler=145 sched_get_priority_max=146 sched_get_priority_min=147
    sched_rr_get_interval=148 mlock=149 munlock=150 mlockall=151 munlockall=152 arch_prctl=158
    gettid=186 readahead=187 setxattr=188 lsetxattr=189 fsetxattr=190 getxattr=191
    lgetxattr=192 fgetxattr=193 listxattr=194 llistxattr=195 flistxattr=196 removexattr=197 lremovexattr=198
    fremovexattr=199 tkill=200 time=201 futex=202 sched_setaffinity=203 sched_getaffinity=204
    epoll_create=213 getdents64=217 set_tid_address=218
    restart_syscall=219 semtimedop=220 timer_create=222 timer_settime=223 timer_gettime=224
    timer_getoverrun=225 timer_delete=226 clock_gettime=228 clock_getres=229 clock_nanosleep=230 exit_group=231
    epoll_wait=232 epoll_ctl=233 tgkill=234 utimes=235 mq_open=240 mq_unlink=241 mq_timedsend=242
    mq_timedreceive=243 mq_notify=244 mq_getsetattr=245 waitid=247 ioprio_get=252 openat=257
    mkdirat=258 mknodat=259 fchownat=260 futimesat=261 newfstatat=262 unlinkat=263 renameat=264 linkat=265
    symlinkat=266 readlinkat=267 fchmodat=268 faccessat=269 pselect6=270 ppoll=271 set_robust_list=273
    get_robust_list=274 splice=275 tee=276 vmsplice=278 utimensat=280 epoll_pwait=281
    signalfd=282 timerfd_create=283 eventfd=284 fallocate=285 timerfd_settime=286 timerfd_gettime=287 accept4=288
    signalfd4=289 eventfd2=290 epoll_create1=291 dup3=292 pipe2=293 preadv=295 pwritev=296 rt_tgsigqueueinfo=297
    recvmmsg=299 sendmmsg=307 getcpu=309 sched_setattr=314 sched_getattr=315 renameat2=316
    getrandom=318 execveat=322 membarrier=324 mlock2=325 copy_file_range=326 preadv2=327
    pwritev2=328 pkey_mprotect=329 pkey_alloc=330 pkey_free=331 statx=332 rseq=334
    pidfd_send_signal=424 pidfd_open=434 close_range=436 openat2=437 faccessat2=439 epoll_pwait2=441 futex_waitv=449
    fchmodat2=452 futex_wake=454 futex_wait=455 futex_requeue=456 mseal=462
""",
    "aarch64": """
    setxattr=5 lsetxattr=6 fsetxattr=7 getxattr=8
    lgetxattr=9 fgetxattr=10 listxattr=11 llistxattr=12 flistxattr=13 removexattr=14 lremovexattr=15 fremovexattr=16
    getcwd=17 eventfd2=19 epoll_create1=20 epoll_ctl=21 epoll_pwait=22 dup=23 dup3=24 fcntl=25
    ioprio_get=31 flock=32 mknodat=33 mkdirat=34 unlinkat=35 symlinkat=36 linkat=37 renameat=38
    statfs=43 fstatfs=44 truncate=45 ftruncate=46 fallocate=47 faccessat=48 chdir=49 fchdir=50 fchmod=52 fchmodat=53
    fchownat=54 fchown=55 openat=56 close=57 pipe2=59 getdents64=61 lseek=62 read=63 write=64 readv=65 writev=66
    pread64=67 pwrite64=68 preadv=69 pwritev=70 sendfile=71 pselect6=72 ppoll=73 signalfd4=74 vmsplice=75 splice=76
    tee=77 readlinkat=78 fstatat=79 fstat=80 timerfd_create=85
    timerfd_settime=86 timerfd_gettime=87 utimensat=88 capget=90 exit=93 exit_group=94 waitid=95 set_tid_address=96
    futex=98 set_robust_list=99 get_robust_list=100 nanosleep=101 getitimer=102 setitimer=103 timer_create=107
    timer_gettime=108 timer_getoverrun=109 timer_settime=110 timer_delete=111 clock_gettime=113 clock_getres=114
    clock_nanosleep=115 sched_setparam=118 sched_setscheduler=119 sched_getscheduler=120 sched_getparam=121
    sched_setaffinity=122 sched_getaffinity=123 sched_yield=124 sched_get_priority_max=125
    sched_get_priority_min=126 sched_rr_get_interval=127 restart_syscall=128 kill=129 tkill=130 tgkill=131
    sigaltstack=132 rt_sigsuspend=133 rt_sigaction=134 rt_sigprocmask=135 rt_sigpending=136 rt_sigtimedwait=137
    rt_sigqueueinfo=138 rt_sigreturn=139 setpriority=140 getpriority=141 getresuid=148 getresgid=150 times=153
    setpgid=154 getpgid=155 getsid=156 setsid=157 getgroups=158 uname=160 getrlimit=163 getrusage=165
    umask=166 getcpu=168 gettimeofday=169 getpid=172 getppid=173 getuid=174 geteuid=175 getgid=176
    getegid=177 gettid=178 sysinfo=179 mq_open=180 mq_unlink=181 mq_timedsend=182 mq_timedreceive=183 mq_notify=184
    mq_getsetattr=185 msgget=186 msgctl=187 msgrcv=188 msgsnd=189 semget=190 semctl=191 semtimedop=192 semop=193
    shmctl=195 shmat=196 shmdt=197 bind=200 listen=201 accept=202 connect=203
    getsockname=204 getpeername=205 sendto=206 recvfrom=207 getsockopt=209 shutdown=210 sendmsg=211
    recvmsg=212 readahead=213 brk=214 munmap=215 mremap=216 execve=221 mprotect=226 msync=227
    mlock=228 munlock=229 mlockall=230 munlockall=231 mincore=232 rt_tgsigqueueinfo=240 accept4=242
    recvmmsg=243 wait4=260 sendmmsg=269 sched_setattr=274 sched_getattr=275 renameat2=276
    getrandom=278 execveat=281 membarrier=283 mlock2=284 copy_file_range=285 preadv2=286
    pwritev2=287 pkey_mprotect=288 pkey_alloc=289 pkey_free=290 statx=291 rseq=293
    pidfd_send_signal=424 pidfd_open=434 close_range=436 openat2=437 faccessat2=439 epoll_pwait2=441 futex_waitv=449
    fchmodat2=452 futex_wake=454 futex_wait=455 futex_requeue=456 mseal=462
""",
}

# Landlock can only take rights away.
_ALLOWED_EVERYWHERE = "landlock_create_ruleset=444 landlock_add_rule=445 landlock_restrict_self=446"

# Needed to set up a child sandbox, and refused once the sandbox is set up.
_SET_UP = {
    "x86_64": "sethostname=170 seccomp=317 capset=126 setresuid=117 setresgid=119",
    "aarch64": "sethostname=161 seccomp=277 capset=91 setresuid=147 setresgid=149",
}
_SET_UP_EVERYWHERE = "move_mount=429 mount_setattr=442"

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
# setup.py mounts with these flags, MS_NOSUID | MS_NODEV and MS_NOEXEC, and no others: no binds, no remounts.
_MOUNT_FLAGS = (6, 14)
# AF_UNIX, AF_INET, AF_INET6
_SOCKET_FAMILIES = (1, 2, 10)
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

# A zygote installs the final filter into its children, as kernel.py does (SECCOMP_SET_MODE_FILTER with
# SECCOMP_FILTER_FLAG_SPEC_ALLOW). With another flag the caller gets a descriptor that keeps a filter when its process
# is gone, and so could fill the store of compiled filters.
_FILTER_MODE, _FILTER_FLAGS = 1, 4
# Only 1 keeps the kernel from starting the program that may stand in core_pattern, as root on the host, with the
# memory of a sandbox that crashes: core(5), and do_coredump() in fs/coredump.c. 0 does not. So it stays as setup.py
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


def supports(architecture):
    return architecture in _ALLOWED


def base_program(architecture):
    """The allow list with the set-up calls in it, as packed sock_filter records."""
    program = _prologue(architecture)
    # Often called first.
    special = [
        (_MMAP, _any_bit(_ARG3, _MAP_HUGETLB)),
        (_FCNTL, _one_of(_ARG1, (_F_NOTIFY,), _answer(errno.EPERM), _OK)),
        (_IOCTL, _one_of(_ARG1, _TERMINAL_INPUT, _answer(errno.EPERM), _OK)),
        (_SOCKET, _socket()),
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
    always = [_ALLOWED[architecture], _ALLOWED_EVERYWHERE, _SET_UP[architecture], _SET_UP_EVERYWHERE]
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
    for number in [*_numbers(_SET_UP[architecture], _SET_UP_EVERYWHERE), _MOUNT[architecture], _UNSHARE[architecture]]:
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
