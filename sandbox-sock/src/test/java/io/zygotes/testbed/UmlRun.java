package io.zygotes.testbed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.function.Executable;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

/**
 * A module's tests that are {@link AlsoOnPureCgroup2}, once more, in User Mode Linux, where version 2 of cgroups has
 * every controller. Says on the console what ran where. On the machine's own layout they run as tests of the build like
 * any other.
 *
 * @param what what the tests are, in the plural, for the console
 * @param java the options of Java by which the module's tests find their classes, and what else these need
 * @param limit after which the run is broken off. The kernel inside is slow: every page fault is a handful of system
 *     calls
 */
public record UmlRun(String what, List<String> java, Duration limit) {

    /**
     * Runs them, in one Java; skips with the reason where this cannot be.
     *
     * @return a test for each test that ran, with the same end
     */
    public List<DynamicTest> tests() throws IOException, InterruptedException {
        KernelInProcess.assumeUsable(what);
        Path module = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        Path shared = module.resolve("target/uml");
        Path results = shared.resolve("results.jsonl");
        Files.deleteIfExists(results);
        long started = System.nanoTime();
        Optional<Integer> status = KernelInProcess.run(
                command(module.resolve("target/test-classes"), KernelInProcess.SHARED.resolve(results.getFileName())),
                searchPath(),
                shared,
                limit);
        List<TaggedTests.Outcome> outcomes = read(results);
        String log = "; see " + shared.resolve("console.log");
        assertEquals(
                Optional.of(0),
                status,
                () -> "the run in User Mode Linux broke off after " + outcomes.size() + " tests"
                        + " (empty: the kernel did not boot, or did not end within " + limit.toSeconds() + " s)" + log);
        assertFalse(outcomes.isEmpty(), () -> "no test was run in User Mode Linux" + log);
        long passed = count(outcomes, "SUCCESSFUL");
        long failed = count(outcomes, "FAILED");
        System.out.println("[cgroup layouts] " + what + " run on this machine's own layout (" + ownLayout() + "), and "
                + outcomes.size() + " of them ran in User Mode Linux, where cgroup v2 has all controllers: " + passed
                + " passed, " + failed + " failed, " + (outcomes.size() - passed - failed) + " skipped, in "
                + (System.nanoTime() - started) / 1_000_000_000 + " s");
        return outcomes.stream()
                .map(outcome -> dynamicTest("in UML: " + outcome.test(), verdict(outcome)))
                .toList();
    }

    private static long count(List<TaggedTests.Outcome> outcomes, String result) {
        return outcomes.stream()
                .filter(outcome -> outcome.result().equals(result))
                .count();
    }

    private static Executable verdict(TaggedTests.Outcome outcome) {
        return switch (outcome.result()) {
            case "SUCCESSFUL" -> () -> {};
            case "FAILED" ->
                () -> {
                    throw new AssertionFailedError("in User Mode Linux: " + outcome.why());
                };
            default ->
                () -> {
                    throw new TestAbortedException(outcome.why());
                };
        };
    }

    private static List<TaggedTests.Outcome> read(Path results) throws IOException {
        List<TaggedTests.Outcome> outcomes = new ArrayList<>();
        if (Files.exists(results)) {
            for (String line : Files.readAllLines(results)) {
                JsonNode outcome = new ObjectMapper().readTree(line);
                outcomes.add(new TaggedTests.Outcome(
                        outcome.path("test").asText(),
                        outcome.path("result").asText(),
                        outcome.path("why").asText()));
            }
        }
        return outcomes;
    }

    /** As in these lines of mountinfo: {@code 35 24 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory}. */
    private static String ownLayout() throws IOException {
        try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mountinfo"))) {
            List<String> legacy = mounts.filter(mount -> mount.contains(" - cgroup "))
                    .map(mount -> mount.substring(mount.lastIndexOf(',') + 1))
                    .distinct()
                    .toList();
            return legacy.isEmpty() ? "cgroup v2 alone" : "cgroup v2 beside v1 with " + legacy;
        }
    }

    private List<String> command(Path testClasses, Path results) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx192m",
                "-Xshare:auto",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-Djava.io.tmpdir=" + KernelInProcess.SCRATCH));
        command.addAll(java);
        command.addAll(List.of(TaggedTests.class.getName(), testClasses.toString(), results.toString()));
        return command;
    }

    /** The real interpreter first: a version manager's wrapper script would take seconds, many times. */
    private static String searchPath() throws IOException, InterruptedException {
        Process python = new ProcessBuilder("python3", "-I", "-S", "-c", "import sys; print(sys.executable)").start();
        String executable = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertEquals(0, python.waitFor(), "python3 does not run");
        return Path.of(executable).getParent() + File.pathSeparator + System.getenv("PATH");
    }
}
