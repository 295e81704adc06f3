package io.zygotes.testbed;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Runs a command under a Linux kernel of its own, an ordinary process (User Mode Linux), in which version 2 of cgroups
 * has all controllers. The machine's files are its root, read-only, and one folder of them is writable.
 */
final class KernelInProcess {

    /** Where the writable folder is inside. */
    static final Path SHARED = Path.of("/run/shared");

    /** Where the command may write what nobody else needs: a file system in memory. */
    static final Path SCRATCH = Path.of("/run/scratch");

    /** The name of all kernels that this process boots; it stands in their command lines. */
    static final String NAME = "kernel-of-" + ProcessHandle.current().pid();

    private static final List<String> FOLDERS = List.of("/usr/bin", "/usr/local/bin");
    /** Memory of the machine inside, in MiB. It is a file of which only what was touched takes room. */
    private static final int MEMORY_MB = 2048;
    /** How long a kernel may take to boot and run a command that does nothing; without a fault it takes seconds. */
    private static final Duration TRIAL = Duration.ofSeconds(60);

    /** Whether it runs programs on this processor; null until it was tried. */
    private static Boolean trialPassed;

    private KernelInProcess() {}

    private static Optional<Path> program() {
        return FOLDERS.stream()
                .map(folder -> Path.of(folder, "linux.uml"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /**
     * Skips the test, with the reason on the console, where this cannot run.
     *
     * @param what what was to run, for the console
     */
    static void assumeUsable(String what) throws IOException, InterruptedException {
        Optional<String> obstacle = obstacle();
        obstacle.ifPresent(
                reason -> System.out.println("[cgroup layouts] " + what + " are NOT run on pure cgroup v2: " + reason));
        Assumptions.assumeTrue(obstacle.isEmpty(), () -> obstacle.orElseThrow());
    }

    private static Optional<String> obstacle() throws IOException, InterruptedException {
        if ((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") != 0) {
            return Optional.of("this needs root");
        }
        if (program().isEmpty()) {
            return Optional.of("there is no linux.uml: apt-get install user-mode-linux");
        }
        return hasTiles() && !runsPrograms()
                ? Optional.of("User Mode Linux cannot run programs on this processor, whose registers for AMX it has no"
                        + " room for (\"ptrace set fp regs failed\")")
                : Optional.empty();
    }

    /**
     * Whether the processor has AMX. Its registers make the state of a process larger than the buffer that User Mode
     * Linux 6.1 hands to ptrace(2), and Linux takes the whole state or nothing (xstateregs_set).
     */
    private static boolean hasTiles() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.anyMatch(line -> line.startsWith("flags") && line.contains(" amx_tile"));
        }
    }

    private static synchronized boolean runsPrograms() throws IOException, InterruptedException {
        if (trialPassed == null) {
            Path shared = Files.createTempDirectory("uml-trial");
            try {
                trialPassed = run(List.of("true"), System.getenv("PATH"), shared, TRIAL)
                        .isPresent();
            } finally {
                delete(shared);
            }
        }
        return trialPassed;
    }

    /**
     * Boots, runs the command as root and shuts down.
     *
     * @param searchPath the command's {@code PATH}
     * @param shared the folder that is {@link #SHARED} inside; gets {@code console.log} and {@code status}
     * @param limit after this time everything is ended
     * @return the command's exit status; empty if the kernel ended before the command did
     */
    static Optional<Integer> run(List<String> command, String searchPath, Path shared, Duration limit)
            throws IOException, InterruptedException {
        Files.createDirectories(shared);
        Path status = shared.resolve("status");
        Files.deleteIfExists(status);
        Path folder = Files.createTempDirectory("uml");
        try {
            Path script = folder.resolve("init");
            Files.writeString(script, script(command, searchPath, shared, limit));
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
            ProcessBuilder kernel = new ProcessBuilder(
                    program().orElseThrow().toString(),
                    "mem=" + MEMORY_MB + "M",
                    "root=/dev/root",
                    "rootfstype=hostfs",
                    "rootflags=/",
                    "ro",
                    "quiet",
                    "init=" + script,
                    "con=null",
                    "con0=null,fd:1",
                    "uml_dir=" + folder,
                    "umid=" + NAME);
            kernel.environment().put("TMPDIR", memoryFolder(folder).toString());
            kernel.redirectErrorStream(true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(shared.resolve("console.log").toFile());
            end(kernel.start(), limit, folder);
            return Files.exists(status)
                    ? Optional.of(Integer.parseInt(Files.readString(status).strip()))
                    : Optional.empty();
        } finally {
            delete(folder);
        }
    }

    private static void end(Process kernel, Duration limit, Path folder) throws InterruptedException {
        try {
            kernel.waitFor(limit.toSeconds(), TimeUnit.SECONDS);
        } finally {
            // Every process inside is one outside, too; usually all are gone by now. One may be made while others are
            // ended.
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
            List<ProcessHandle> left = processes(folder);
            while (!left.isEmpty() && System.nanoTime() < deadline) {
                left.forEach(ProcessHandle::destroyForcibly);
                Thread.sleep(10);
                left = processes(folder);
            }
            kernel.waitFor();
        }
    }

    /** Those of one kernel. One that has ended has no command line any more, whether or not somebody waited for it. */
    private static List<ProcessHandle> processes(Path folder) {
        return ProcessHandle.allProcesses()
                .filter(process -> process.info().commandLine().orElse("").contains("uml_dir=" + folder))
                .toList();
    }

    /** It wants its memory on a tmpfs; containers often have too small a one. */
    private static Path memoryFolder(Path other) throws IOException {
        Path fast = Path.of("/dev/shm");
        boolean fits = Files.isWritable(fast) && Files.getFileStore(fast).getUsableSpace() >> 20 >= MEMORY_MB;
        return fits ? fast : other;
    }

    /** What is the first process inside. It ends by itself a little later, should nobody be left to do so. */
    private static String script(List<String> command, String searchPath, Path shared, Duration limit) {
        return """
            #!/bin/sh
            export PATH=%s HOME=%s LANG=C.UTF-8
            mount -t proc proc /proc
            mount -t sysfs sys /sys
            mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
            mount -t tmpfs tmpfs /run
            mkdir %s %s
            mount -t hostfs -o %s hostfs %s
            python3 -c 'import fcntl, socket; fcntl.ioctl(socket.socket(), 0x8914, b"lo".ljust(16, b"\\0") + b"\\1\\0".ljust(16, b"\\0"))'
            off() {
                sync
                echo o > /proc/sysrq-trigger
                sleep 60
            }
            { sleep %d; echo 'the time is over'; off; } &
            cd %s
            %s
            echo $? > %s/status
            off
            """.formatted(
                quoted(searchPath),
                SCRATCH,
                SHARED,
                SCRATCH,
                quoted(shared.toAbsolutePath().toString()),
                SHARED,
                limit.toSeconds() + 10,
                SCRATCH,
                String.join(" ", command.stream().map(KernelInProcess::quoted).toList()),
                SHARED);
    }

    private static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
