package io.zygotes.launcher.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What a worker that runs as a process holds at one moment.
 *
 * @param heapKb what its Java still needs after a collection
 * @param residentKb memory of its process
 * @param descriptors files that it has open
 * @param threads of its process
 * @param mounts that it sees, and that its warden sees
 * @param wardenKb memory of its warden's process
 * @param wardenDescriptors files that its warden has open
 * @param groups cgroups of the worker, in all hierarchies
 * @param processes in them
 * @param files in its directory, without logs
 */
record WorkerLedger(
        long heapKb,
        long residentKb,
        long descriptors,
        long threads,
        long mounts,
        long wardenKb,
        long wardenDescriptors,
        long groups,
        long processes,
        long files) {

    /** Of a worker without load. */
    static WorkerLedger of(Path directory, long pid) throws IOException, InterruptedException {
        Path process = Path.of("/proc", Long.toString(pid));
        Path warden = Path.of("/proc", warden(directory));
        long heap = heapKilobytes(pid);
        List<Path> groups = groups(Machine.region(directory));
        long processes = 0;
        for (Path group : groups) {
            processes += Files.readString(group.resolve("cgroup.procs")).lines().count();
        }
        return new WorkerLedger(
                heap,
                residentKilobytes(process),
                entries(process.resolve("fd")),
                entries(process.resolve("task")),
                lines(process.resolve("mountinfo")) + lines(warden.resolve("mountinfo")),
                residentKilobytes(warden),
                entries(warden.resolve("fd")),
                groups.size(),
                processes,
                files(directory));
    }

    /** Whether there is about as much as before: what may be there or not is a leaf at rest and what it has. */
    boolean isAbout(WorkerLedger before) {
        return heapKb <= before.heapKb + 6_000
                && residentKb <= before.residentKb * 1.2 + 30_000
                && descriptors <= before.descriptors + 60
                && threads <= before.threads + 12
                && mounts <= before.mounts
                && wardenKb <= before.wardenKb + 3_000
                && wardenDescriptors <= before.wardenDescriptors + 8
                && groups <= before.groups + 60
                && processes <= before.processes + 4
                && files <= before.files + 40;
    }

    /** Whether nothing came or went since then. */
    boolean isAsQuietAs(WorkerLedger before) {
        return groups == before.groups && processes == before.processes && files == before.files;
    }

    private static String warden(Path directory) throws IOException {
        try (Stream<Path> groups = Files.list(Machine.region(directory))) {
            for (Path group : groups.filter(
                            path -> path.getFileName().toString().startsWith("warden"))
                    .toList()) {
                List<String> pids = Files.readAllLines(group.resolve("cgroup.procs"));
                if (!pids.isEmpty()) {
                    return pids.getFirst();
                }
            }
        }
        throw new IOException("there is no warden in " + Machine.region(directory));
    }

    /** In the version 2 hierarchy, and under the same name in those of version 1. */
    private static List<Path> groups(Path region) throws IOException {
        List<Path> found = new ArrayList<>();
        try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mountinfo"))) {
            List<Path> tops = mounts.filter(line -> line.contains(" - cgroup"))
                    .map(line -> Path.of(line.split(" ")[4], "zygotes").resolve(region.getFileName()))
                    .distinct()
                    .toList();
            for (Path top : tops) {
                if (Files.isDirectory(top)) {
                    found.addAll(below(top, true));
                }
            }
        }
        return found;
    }

    private static List<Path> below(Path top, boolean folders) throws IOException {
        try (Stream<Path> all = Files.walk(top)) {
            return all.filter(path -> Files.isDirectory(path) == folders).toList();
        } catch (UncheckedIOException e) {
            return below(top, folders); // one went while we looked
        }
    }

    private static long files(Path directory) throws IOException {
        return below(directory, false).stream()
                .filter(path -> !path.toString().contains("/logs/"))
                .count();
    }

    private static long entries(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.count();
        }
    }

    private static long lines(Path file) throws IOException {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        }
    }

    private static long residentKilobytes(Path process) throws IOException {
        try (Stream<String> lines = Files.lines(process.resolve("status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** The image has no jcmd, and this Java's can talk to the image's. */
    private static long heapKilobytes(long pid) throws IOException, InterruptedException {
        jcmd(pid, "GC.run");
        String info = jcmd(pid, "GC.heap_info");
        long used = 0;
        // Of each generation; below it are its spaces, in per cent.
        for (String line : info.lines().filter(each -> each.contains("total ")).toList()) {
            used += Long.parseLong(line.replaceAll(".* used (\\d+)K.*", "$1"));
        }
        return used;
    }

    private static String jcmd(long pid, String command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(System.getProperty("java.home") + "/bin/jcmd", Long.toString(pid), command)
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes());
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException("jcmd " + pid + " " + command + ": " + said);
        }
        return said;
    }
}
