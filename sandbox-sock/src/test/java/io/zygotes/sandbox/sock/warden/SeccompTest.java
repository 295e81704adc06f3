package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs the system-call filters on made-up calls, as the kernel would: seccomp(2), Documentation/networking/filter. */
class SeccompTest {

    private static final int EPERM = 1;
    private static final int EINVAL = 22;
    private static final int ENOSYS = 38;
    private static final int EPROTONOSUPPORT = 93;
    private static final int EAFNOSUPPORT = 97;

    private static final long ALLOWED = 0x7FFF0000L;
    private static final long KILLED = 0x80000000L;

    private static final int X86_64 = 0xC000003E;
    private static final int I386 = 0x40000003;
    private static final int AARCH64 = 0xC00000B7;
    private static final int ARM = 0x40000028;

    /** The numbers of asm/unistd_64.h and asm-generic/unistd.h for what is tried here. */
    private enum Machine {
        X86_64_KERNEL(
                "x86_64",
                X86_64,
                I386,
                Map.ofEntries(
                        Map.entry("read", 0),
                        Map.entry("mmap", 9),
                        Map.entry("ioctl", 16),
                        Map.entry("socket", 41),
                        Map.entry("connect", 42),
                        Map.entry("socketpair", 53),
                        Map.entry("clone", 56),
                        Map.entry("execve", 59),
                        Map.entry("kill", 62),
                        Map.entry("fcntl", 72),
                        Map.entry("sync", 162),
                        Map.entry("fadvise64", 221),
                        Map.entry("syncfs", 306),
                        Map.entry("ptrace", 101),
                        Map.entry("setuid", 105),
                        Map.entry("capset", 126),
                        Map.entry("personality", 135),
                        Map.entry("pivot_root", 155),
                        Map.entry("chroot", 161),
                        Map.entry("mount", 165),
                        Map.entry("umount2", 166),
                        Map.entry("swapon", 167),
                        Map.entry("reboot", 169),
                        Map.entry("sethostname", 170),
                        Map.entry("init_module", 175),
                        Map.entry("futex", 202),
                        Map.entry("exit_group", 231),
                        Map.entry("kexec_load", 246),
                        Map.entry("add_key", 248),
                        Map.entry("keyctl", 250),
                        Map.entry("inotify_add_watch", 254),
                        Map.entry("openat", 257),
                        Map.entry("unshare", 272),
                        Map.entry("perf_event_open", 298),
                        Map.entry("fanotify_init", 300),
                        Map.entry("prlimit64", 302),
                        Map.entry("setrlimit", 160),
                        Map.entry("name_to_handle_at", 303),
                        Map.entry("open_by_handle_at", 304),
                        Map.entry("setns", 308),
                        Map.entry("process_vm_readv", 310),
                        Map.entry("kcmp", 312),
                        Map.entry("seccomp", 317),
                        Map.entry("getrandom", 318),
                        Map.entry("bpf", 321),
                        Map.entry("userfaultfd", 323),
                        Map.entry("rseq", 334),
                        Map.entry("madvise", 28),
                        Map.entry("setsockopt", 54),
                        Map.entry("fsync", 74),
                        Map.entry("fdatasync", 75),
                        Map.entry("prctl", 157),
                        Map.entry("shmget", 29),
                        Map.entry("io_setup", 206),
                        Map.entry("io_submit", 209),
                        Map.entry("ioprio_set", 251),
                        Map.entry("sync_file_range", 277),
                        Map.entry("memfd_create", 319),
                        Map.entry("io_pgetevents", 333))),
        AARCH64_KERNEL(
                "aarch64",
                AARCH64,
                ARM,
                Map.ofEntries(
                        Map.entry("fcntl", 25),
                        Map.entry("sync", 81),
                        Map.entry("socketpair", 199),
                        Map.entry("fadvise64", 223),
                        Map.entry("syncfs", 267),
                        Map.entry("inotify_add_watch", 27),
                        Map.entry("ioctl", 29),
                        Map.entry("umount2", 39),
                        Map.entry("mount", 40),
                        Map.entry("pivot_root", 41),
                        Map.entry("chroot", 51),
                        Map.entry("openat", 56),
                        Map.entry("read", 63),
                        Map.entry("capset", 91),
                        Map.entry("personality", 92),
                        Map.entry("exit_group", 94),
                        Map.entry("unshare", 97),
                        Map.entry("futex", 98),
                        Map.entry("kexec_load", 104),
                        Map.entry("init_module", 105),
                        Map.entry("ptrace", 117),
                        Map.entry("kill", 129),
                        Map.entry("reboot", 142),
                        Map.entry("setuid", 146),
                        Map.entry("sethostname", 161),
                        Map.entry("socket", 198),
                        Map.entry("connect", 203),
                        Map.entry("add_key", 217),
                        Map.entry("keyctl", 219),
                        Map.entry("clone", 220),
                        Map.entry("execve", 221),
                        Map.entry("mmap", 222),
                        Map.entry("swapon", 224),
                        Map.entry("perf_event_open", 241),
                        Map.entry("prlimit64", 261),
                        Map.entry("setrlimit", 164),
                        Map.entry("fanotify_init", 262),
                        Map.entry("name_to_handle_at", 264),
                        Map.entry("open_by_handle_at", 265),
                        Map.entry("setns", 268),
                        Map.entry("process_vm_readv", 270),
                        Map.entry("kcmp", 272),
                        Map.entry("seccomp", 277),
                        Map.entry("getrandom", 278),
                        Map.entry("bpf", 280),
                        Map.entry("userfaultfd", 282),
                        Map.entry("rseq", 293),
                        Map.entry("io_setup", 0),
                        Map.entry("io_submit", 2),
                        Map.entry("ioprio_set", 30),
                        Map.entry("fsync", 82),
                        Map.entry("fdatasync", 83),
                        Map.entry("sync_file_range", 84),
                        Map.entry("prctl", 167),
                        Map.entry("shmget", 194),
                        Map.entry("setsockopt", 208),
                        Map.entry("madvise", 233),
                        Map.entry("memfd_create", 279),
                        Map.entry("io_pgetevents", 292)));

        final String name;
        final int audit;
        final int foreign;
        final Map<String, Integer> numbers;

        Machine(String name, int audit, int foreign, Map<String, Integer> numbers) {
            this.name = name;
            this.audit = audit;
            this.foreign = foreign;
            this.numbers = numbers;
        }

        int number(String call) {
            return numbers.get(call);
        }
    }

    /** Calls that a function needs. */
    private static final List<String> NEEDED = List.of(
            "read",
            "mmap",
            "connect",
            "execve",
            "kill",
            "futex",
            "exit_group",
            "openat",
            "prlimit64",
            "getrandom",
            "rseq");
    /** Calls that neither a leaf nor a zygote may make. */
    private static final List<String> NEVER = List.of(
            "ptrace",
            "chroot",
            "swapon",
            "reboot",
            "init_module",
            "kexec_load",
            "add_key",
            "keyctl",
            "inotify_add_watch",
            "perf_event_open",
            "fanotify_init",
            "name_to_handle_at",
            "open_by_handle_at",
            "process_vm_readv",
            "kcmp",
            "bpf",
            "userfaultfd",
            "pivot_root",
            "umount2",
            "setns",
            "setuid",
            "sync",
            "syncfs",
            "io_setup",
            "io_submit",
            "io_pgetevents",
            "ioprio_set");
    /** Of those, numbers that are the same everywhere: open_tree, fsopen, io_uring_*, pidfd_getfd, memfd_secret, … */
    private static final List<Integer> NEVER_EVERYWHERE = List.of(425, 426, 427, 428, 430, 431, 432, 433, 438, 447);
    /** Calls that set a sandbox up: a zygote's children need them, and have to give them up. */
    private static final List<String> SET_UP = List.of("sethostname", "capset");

    private static final Map<Machine, List<long[]>> BASE = new EnumMap<>(Machine.class);
    private static final Map<Machine, List<long[]>> FINAL = new EnumMap<>(Machine.class);

    @BeforeAll
    static void make(@TempDir Path folder) throws Exception {
        PythonRuntime python = PythonRuntime.prepare("python3", Optional.empty(), folder);
        for (Machine machine : Machine.values()) {
            BASE.put(machine, program(python, "base_program", machine));
            FINAL.put(machine, program(python, "final_program", machine));
        }
    }

    /** Instructions as code, jump if true, jump if false, value. */
    private static List<long[]> program(PythonRuntime python, String function, Machine machine) throws Exception {
        String program =
                "from _zygotes.setup import seccomp; sys.stdout.buffer.write(seccomp." + function + "(sys.argv[1]))";
        ByteBuffer bytes = ByteBuffer.wrap(RuntimeProgram.run(python, program, Map.of(), machine.name))
                .order(ByteOrder.nativeOrder());
        List<long[]> instructions = new ArrayList<>();
        while (bytes.hasRemaining()) {
            int code = Short.toUnsignedInt(bytes.getShort());
            long ifTrue = Byte.toUnsignedInt(bytes.get());
            long ifFalse = Byte.toUnsignedInt(bytes.get());
            instructions.add(new long[] {code, ifTrue, ifFalse, Integer.toUnsignedLong(bytes.getInt())});
        }
        return instructions;
    }

    private static long run(List<long[]> program, int audit, int number, long... arguments) {
        ByteBuffer data = ByteBuffer.allocate(64)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(number)
                .putInt(audit)
                .putLong(0);
        for (long argument : arguments) {
            data.putLong(argument);
        }
        long accumulator = 0;
        for (int at = 0; ; at++) {
            long[] instruction = program.get(at);
            long value = instruction[3];
            boolean yes;
            switch ((int) instruction[0]) {
                case 0x20 -> {
                    accumulator = Integer.toUnsignedLong(data.getInt((int) value));
                    continue;
                }
                case 0x54 -> {
                    accumulator &= value;
                    continue;
                }
                case 0x06 -> {
                    return value;
                }
                case 0x15 -> yes = accumulator == value;
                case 0x35 -> yes = accumulator >= value;
                case 0x45 -> yes = (accumulator & value) != 0;
                default -> throw new AssertionError("unknown instruction " + Long.toHexString(instruction[0]));
            }
            at += (int) instruction[yes ? 1 : 2];
        }
    }

    private static long zygote(Machine machine, int number, long... arguments) {
        return run(BASE.get(machine), machine.audit, number, arguments);
    }

    /** A leaf has both filters; the strictest answer wins, as signed numbers the lowest. */
    private static long leaf(Machine machine, int number, long... arguments) {
        long base = run(BASE.get(machine), machine.audit, number, arguments);
        long last = run(FINAL.get(machine), machine.audit, number, arguments);
        return (int) base < (int) last ? base : last;
    }

    private static long error(int number) {
        return 0x00050000L | number;
    }

    @ParameterizedTest
    @EnumSource
    void theKernelWouldTakeThePrograms(Machine machine) {
        for (List<long[]> program : List.of(BASE.get(machine), FINAL.get(machine))) {
            assertTrue(program.size() <= 4096, "BPF_MAXINSNS");
            assertEquals(0x06, program.getLast()[0], "it ends with a return");
            for (int at = 0; at < program.size(); at++) {
                long[] instruction = program.get(at);
                if (instruction[0] == 0x15 || instruction[0] == 0x35 || instruction[0] == 0x45) {
                    assertTrue(at + 1 + Math.max(instruction[1], instruction[2]) < program.size(), "a jump leads out");
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatAFunctionNeedsIsAllowed(Machine machine) {
        for (String call : NEEDED) {
            assertEquals(ALLOWED, zygote(machine, machine.number(call)), call);
            assertEquals(ALLOWED, leaf(machine, machine.number(call)), call);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatReachesBeyondTheSandboxIsRefusedToZygotesAndLeaves(Machine machine) {
        for (String call : NEVER) {
            assertEquals(error(EPERM), zygote(machine, machine.number(call)), call);
            assertEquals(error(EPERM), leaf(machine, machine.number(call)), call);
        }
        for (int number : NEVER_EVERYWHERE) {
            assertEquals(error(EPERM), leaf(machine, number), "call " + number);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatSetsASandboxUpIsTakenFromLeaves(Machine machine) {
        for (String call : SET_UP) {
            assertEquals(ALLOWED, zygote(machine, machine.number(call)), call);
            assertEquals(error(EPERM), leaf(machine, machine.number(call)), call);
        }
        for (int number : List.of(429, 442)) { // move_mount, mount_setattr
            assertEquals(ALLOWED, zygote(machine, number));
            assertEquals(error(EPERM), leaf(machine, number));
        }
        int mount = machine.number("mount");
        for (long flags : List.of(6L, 10L, 14L, 4096L)) { // MS_NOSUID with MS_NODEV and MS_NOEXEC; MS_BIND
            assertEquals(ALLOWED, zygote(machine, mount, 0, 0, 0, flags));
            assertEquals(error(EPERM), leaf(machine, mount, 0, 0, 0, flags));
        }
        assertEquals(ALLOWED, zygote(machine, machine.number("unshare"), 0x02000000)); // CLONE_NEWCGROUP
        assertEquals(error(EPERM), leaf(machine, machine.number("unshare"), 0x02000000));
    }

    @ParameterizedTest
    @EnumSource
    void aZygoteMaySetUpNoMoreThanItsChildrenNeed(Machine machine) {
        for (long flags : List.of(
                0L, 2L, 32L | 6L, 32L | 4096L, 4096L | 14L, 4096L | 16384L, 1L << 20)) { // REMOUNT, BIND, REC, SHARED
            assertEquals(
                    error(EPERM), zygote(machine, machine.number("mount"), 0, 0, 0, flags), Long.toHexString(flags));
        }
        for (long namespace :
                List.of(0x80L, 0x00020000L, 0x04000000L, 0x10000000L, 0x20000000L, 0x40000000L, 0x12000000L)) {
            assertEquals(
                    error(EPERM), zygote(machine, machine.number("unshare"), namespace), Long.toHexString(namespace));
        }
    }

    @ParameterizedTest
    @EnumSource
    void nobodyWatchesOrEvictsWhatOthersRead(Machine machine) {
        int fcntl = machine.number("fcntl");
        assertEquals(ALLOWED, leaf(machine, fcntl, 3, 3)); // F_GETFL
        assertEquals(error(EPERM), zygote(machine, fcntl, 3, 1026)); // F_NOTIFY
        int advise = machine.number("fadvise64");
        assertEquals(ALLOWED, leaf(machine, advise, 3, 0, 0, 3)); // WILLNEED
        assertEquals(error(0), leaf(machine, advise, 3, 0, 0, 4)); // DONTNEED: said to be done, and is not
    }

    @ParameterizedTest
    @EnumSource
    void whatTheFiltersDoNotKnowDoesNotExist(Machine machine) {
        for (int number : List.of(470, 1000, 0x3fffffff)) {
            assertEquals(error(ENOSYS), zygote(machine, number));
            assertEquals(error(ENOSYS), leaf(machine, number));
        }
    }

    @ParameterizedTest
    @EnumSource
    void callsUnderX32NumbersDoNotExist(Machine machine) {
        for (int number : List.of(0x40000000, 0x40000000 | machine.number("read"), 0x40000000 | 520, -1)) {
            assertEquals(error(ENOSYS), zygote(machine, number));
            assertEquals(error(ENOSYS), leaf(machine, number));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aCallOfAnotherArchitectureEndsTheProcess(Machine machine) {
        for (List<long[]> program : List.of(BASE.get(machine), FINAL.get(machine))) {
            for (int number : List.of(0, 4, 20, machine.number("read"))) {
                assertEquals(KILLED, run(program, machine.foreign, number));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLeafMayHaveThreadsAndChildrenButNoNewNamespaces(Machine machine) {
        int clone = machine.number("clone");
        assertEquals(ALLOWED, leaf(machine, clone, 17)); // fork: SIGCHLD
        assertEquals(ALLOWED, leaf(machine, clone, 0x3d0f00)); // a thread of glibc
        for (long namespace :
                List.of(0x00020000L, 0x02000000L, 0x04000000L, 0x08000000L, 0x10000000L, 0x20000000L, 0x40000000L)) {
            assertEquals(error(EPERM), leaf(machine, clone, namespace | 17), Long.toHexString(namespace));
            assertEquals(error(EPERM), zygote(machine, clone, namespace | 17));
        }
        // Its flags lie in memory, where a filter cannot look; ENOSYS makes the C library use clone.
        assertEquals(error(ENOSYS), leaf(machine, 435));
        assertEquals(ALLOWED, zygote(machine, 435));
    }

    @ParameterizedTest
    @EnumSource
    void aLeafHasSocketsOfTheInternetAndOfItsOwnMachineOnly(Machine machine) {
        int socket = machine.number("socket");
        for (long family : List.of(1L, 2L, 10L)) {
            for (long type : List.of(1L, 2L, 5L, 1L | 0x80800L)) { // the last with CLOEXEC and NONBLOCK
                for (long protocol : List.of(0L, 6L, 17L)) {
                    assertEquals(ALLOWED, zygote(machine, socket, family, type, protocol));
                    assertEquals(ALLOWED, leaf(machine, socket, family, type, protocol));
                }
            }
            for (long type : List.of(0L, 3L, 4L, 10L)) {
                assertEquals(error(EPROTONOSUPPORT), zygote(machine, socket, family, type, 0), "type " + type);
            }
            for (long protocol : List.of(1L, 33L, 58L, 132L, 136L, 255L, 262L)) {
                assertEquals(
                        error(EPROTONOSUPPORT), zygote(machine, socket, family, 2, protocol), "protocol " + protocol);
            }
        }
        for (long family : List.of(0L, 3L, 9L, 15L, 16L, 17L, 29L, 31L, 38L, 40L, 44L, 0xffffffffL)) {
            assertEquals(error(EAFNOSUPPORT), zygote(machine, socket, family, 1, 0), "family " + family);
            assertEquals(error(EAFNOSUPPORT), leaf(machine, socket, family, 1, 0), "family " + family);
        }
        // To ask for interfaces and routes: getifaddrs(3) and others do.
        for (long type : List.of(2L, 3L, 3L | 0x80000L)) {
            assertEquals(ALLOWED, leaf(machine, socket, 16, type, 0));
            for (long protocol : List.of(2L, 4L, 6L, 9L, 12L, 15L, 16L, 20L)) {
                assertEquals(error(EAFNOSUPPORT), leaf(machine, socket, 16, type, protocol), "protocol " + protocol);
            }
        }
        assertEquals(ALLOWED, leaf(machine, machine.number("socketpair"), 1, 1, 0));
        assertEquals(error(EAFNOSUPPORT), leaf(machine, machine.number("socketpair"), 16, 3, 0));
    }

    @ParameterizedTest
    @EnumSource
    void aLeafCannotTypeIntoATerminal(Machine machine) {
        int ioctl = machine.number("ioctl");
        assertEquals(ALLOWED, leaf(machine, ioctl, 1, 0x5401)); // TCGETS
        for (long request : List.of(0x5412L, 0x541CL, 0xffffffff_00005412L)) { // the kernel takes 32 bits
            assertEquals(error(EPERM), leaf(machine, ioctl, 1, request), Long.toHexString(request));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLeafGetsNoHugePagesAndHasNoneOfItsOwnMerged(Machine machine) {
        assertEquals(ALLOWED, leaf(machine, machine.number("mmap"), 0, 4096, 3, 0x22, -1, 0));
        assertEquals(
                error(EPERM), zygote(machine, machine.number("mmap"), 0, 1 << 21, 3, 0x40022, -1, 0)); // MAP_HUGETLB
        assertEquals(ALLOWED, leaf(machine, machine.number("memfd_create"), 0, 3));
        assertEquals(error(EPERM), leaf(machine, machine.number("memfd_create"), 0, 4)); // MFD_HUGETLB
        assertEquals(error(EPERM), leaf(machine, machine.number("memfd_create"), 0, 4 | 21 << 26)); // of two MiB
        assertEquals(ALLOWED, leaf(machine, machine.number("madvise"), 0, 4096, 14)); // HUGEPAGE, which is counted
        assertEquals(error(EINVAL), leaf(machine, machine.number("madvise"), 0, 4096, 12)); // MERGEABLE
        assertEquals(error(EPERM), zygote(machine, machine.number("prctl"), 67, 1)); // PR_SET_MEMORY_MERGE
        assertEquals(ALLOWED, leaf(machine, machine.number("shmget"), 0, 4096, 0x380));
        assertEquals(error(EPERM), zygote(machine, machine.number("shmget"), 0, 1 << 21, 0xb80)); // SHM_HUGETLB
    }

    @ParameterizedTest
    @EnumSource
    void aLeafCompilesNoFiltersOfItsOwn(Machine machine) {
        int option = machine.number("setsockopt");
        for (long name : List.of(26L, 50L, 51L, 52L)) { // SO_ATTACH_…
            assertEquals(error(EPERM), zygote(machine, option, 3, 1, name), "SOL_SOCKET " + name);
            assertEquals(error(EPERM), leaf(machine, option, 3, 1, name), "SOL_SOCKET " + name);
            assertEquals(ALLOWED, leaf(machine, option, 3, 41, name), "SOL_IPV6 " + name);
        }
        assertEquals(error(EPERM), leaf(machine, option, 3, 1, 60)); // SO_ZEROCOPY
        assertEquals(error(EPERM), leaf(machine, option, 3, 6, 31)); // TCP_ULP
        for (long name : List.of(2L, 7L, 8L, 9L, 13L, 15L, 20L)) { // SO_REUSEADDR, buffers, …
            assertEquals(ALLOWED, leaf(machine, option, 3, 1, name), "SOL_SOCKET " + name);
        }
        assertEquals(ALLOWED, leaf(machine, option, 3, 6, 1)); // TCP_NODELAY
        int prctl = machine.number("prctl");
        assertEquals(error(EPERM), leaf(machine, prctl, 22, 2)); // PR_SET_SECCOMP
        assertEquals(error(EPERM), leaf(machine, prctl, 62, 1)); // PR_SCHED_CORE
        assertEquals(ALLOWED, leaf(machine, prctl, 15)); // PR_SET_NAME
        assertEquals(error(EPERM), zygote(machine, prctl, 36, 1)); // PR_SET_CHILD_SUBREAPER
    }

    @ParameterizedTest
    @EnumSource
    void aZygoteInstallsFiltersThatGoWithTheirProcessAndNoOthers(Machine machine) {
        int seccomp = machine.number("seccomp");
        assertEquals(ALLOWED, zygote(machine, seccomp, 1, 4)); // SECCOMP_FILTER_FLAG_SPEC_ALLOW, as privileges.py does
        assertEquals(error(EPERM), leaf(machine, seccomp, 1, 4));
        for (long flags : List.of(0L, 1L, 8L, 12L)) { // TSYNC, NEW_LISTENER
            assertEquals(error(EPERM), zygote(machine, seccomp, 1, flags), "flags " + flags);
        }
        assertEquals(error(EPERM), zygote(machine, seccomp, 0, 0)); // SECCOMP_SET_MODE_STRICT
        assertEquals(error(EPERM), zygote(machine, seccomp, 3, 0)); // SECCOMP_GET_NOTIF_SIZES
    }

    @ParameterizedTest
    @EnumSource
    void theLimitOfCoreFilesStaysAndOthersMayBeSet(Machine machine) {
        long somewhere = 0x7fff_0000_1000L;
        long rounded = 0x5_0000_0000L; // its lower half is 0
        assertEquals(error(EPERM), zygote(machine, machine.number("setrlimit"), 4, somewhere)); // RLIMIT_CORE
        assertEquals(ALLOWED, zygote(machine, machine.number("setrlimit"), 7, somewhere)); // RLIMIT_NOFILE
        int prlimit = machine.number("prlimit64");
        assertEquals(ALLOWED, leaf(machine, prlimit, 0, 4, 0, somewhere), "it may be asked for");
        assertEquals(ALLOWED, leaf(machine, prlimit, 0, 7, somewhere, somewhere));
        for (long limit : List.of(somewhere, rounded)) {
            assertEquals(error(EPERM), leaf(machine, prlimit, 0, 4, limit, 0));
            assertEquals(error(EPERM), leaf(machine, prlimit, 0, 4, limit, somewhere));
        }
    }

    @ParameterizedTest
    @EnumSource
    void toFlushAFileTakesNoTimeOfADisk(Machine machine) {
        for (String call : List.of("fsync", "fdatasync", "sync_file_range")) {
            assertEquals(error(0), zygote(machine, machine.number(call), 3), call);
            assertEquals(error(0), leaf(machine, machine.number(call), 3), call);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLeafMayAskForItsPersonalityAndNotChangeIt(Machine machine) {
        int personality = machine.number("personality");
        assertEquals(ALLOWED, leaf(machine, personality, 0xffffffffL));
        assertEquals(ALLOWED, leaf(machine, personality, 0));
        assertEquals(error(EPERM), leaf(machine, personality, 0x0400000L)); // READ_IMPLIES_EXEC
        assertEquals(error(EPERM), leaf(machine, personality, 0x0040000L)); // ADDR_NO_RANDOMIZE
    }
}
