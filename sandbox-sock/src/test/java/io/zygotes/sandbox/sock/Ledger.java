package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.cgroup.KernelFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What there is of everything that could be left behind by a sandbox.
 *
 * @param processes in the worker's cgroups
 * @param mounts of this process and of the warden, whom all sandboxes inherit from
 * @param groups cgroups of the worker, in all hierarchies
 * @param descriptors that this process has open
 * @param threads of this process
 * @param files below the mechanism's folder in the worker directory
 */
record Ledger(long processes, long mounts, long groups, long descriptors, long threads, long files) {

    /** Empty groups that a zygote may keep, and those of kits made ahead. */
    private static final int MOST_KEPT = 8 + 3;
    /** Descriptors of these kits and of threads that were just started. */
    private static final int MOST_OPEN = 20;

    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(30);

    /** The account now, which may include what is on its way to be freed. */
    static Ledger now(RealSandboxes real) throws Exception {
        long processes = 0;
        long groups = 0;
        for (Path top : real.tops()) {
            for (Path group : folders(top)) {
                groups++;
                try (KernelFile file = KernelFile.toRead(group + "/cgroup.procs")) {
                    processes += file.read().lines().count();
                }
            }
        }
        return new Ledger(
                processes,
                lines(Path.of("/proc/self/mountinfo")) + lines(Path.of("/proc/" + real.wardenPid() + "/mountinfo")),
                groups,
                entries(Path.of("/proc/self/fd")),
                entries(Path.of("/proc/self/task")),
                folders(state(real)).size() + files(state(real)));
    }

    /** The account when what goes has gone: when it is about the same twice. */
    static Ledger settled(RealSandboxes real) throws Exception {
        Ledger before = now(real);
        for (long end = System.nanoTime() + PATIENCE; System.nanoTime() < end; ) {
            Thread.sleep(300);
            Ledger now = now(real);
            if (now.equals(before)) {
                return now;
            }
            before = now;
        }
        return before;
    }

    /** Fails unless there soon is no more than this. */
    void assertBack(RealSandboxes real, String after) throws Exception {
        Ledger now = now(real);
        for (long end = System.nanoTime() + PATIENCE; !now.isWithin(this) && System.nanoTime() < end; ) {
            Thread.sleep(50);
            now = now(real);
        }
        Ledger last = now;
        assertTrue(last.isWithin(this), () -> "before: " + this + ", after " + after + ": " + last);
    }

    private boolean isWithin(Ledger before) {
        return processes <= before.processes
                && mounts <= before.mounts
                && groups <= before.groups + 4L * MOST_KEPT // in four hierarchies at the most
                && descriptors <= before.descriptors + MOST_OPEN
                && threads <= before.threads + 1
                && files <= before.files;
    }

    private static Path state(RealSandboxes real) {
        return SockStart.state(real.folder);
    }

    private static List<Path> folders(Path top) throws IOException {
        try (Stream<Path> all = Files.walk(top)) {
            return all.filter(Files::isDirectory).toList();
        } catch (UncheckedIOException e) {
            if (e.getCause() instanceof NoSuchFileException) {
                return folders(top); // one went while we looked
            }
            throw e;
        }
    }

    private static long files(Path top) throws IOException {
        try (Stream<Path> all = Files.walk(top)) {
            return all.filter(Files::isRegularFile).count();
        }
    }

    private static long lines(Path file) throws IOException {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        }
    }

    private static long entries(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.count();
        }
    }
}
