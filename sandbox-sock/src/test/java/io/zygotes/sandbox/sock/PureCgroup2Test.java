package io.zygotes.sandbox.sock;

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
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

/**
 * All tests with {@link RealSandboxes#TAG} once more, in a kernel where version 2 of cgroups owns every controller. On
 * the machine's own layout they ran, or will run, as tests of this build like any other.
 */
class PureCgroup2Test {

    /** The kernel inside is slow: every page fault of it is a handful of system calls. */
    private static final Duration LIMIT = Duration.ofMinutes(8);

    @TestFactory
    List<DynamicTest> sandboxes_work_where_cgroup_v2_owns_all_controllers() throws Exception {
        Path shared = Path.of(System.getProperty("basedir", "")).toAbsolutePath().resolve("target/uml");
        KernelInProcess.assumeUsable();
        Path results = shared.resolve("results.jsonl");
        Files.deleteIfExists(results);
        long started = System.nanoTime();
        Optional<Integer> status = KernelInProcess.run(command(results.getFileName()), searchPath(), shared, LIMIT);
        List<TaggedTests.Outcome> outcomes = read(results);
        String log = "; see " + shared.resolve("console.log");
        assertEquals(
                Optional.of(0), status,
                () -> "the run in User Mode Linux broke off after " + outcomes.size() + " tests"
                        + " (empty: the kernel did not boot, or did not end within " + LIMIT.toSeconds() + " s)" + log);
        assertFalse(outcomes.isEmpty(), () -> "no test was run in User Mode Linux" + log);
        System.out.println("[cgroup layouts] the sandbox tests run on this machine's own layout (" + CgroupLayout.find().describe() + "), and "
                + outcomes.size() + " of them ran in User Mode Linux, where cgroup v2 has all controllers: "
                + count(outcomes, "SUCCESSFUL") + " passed, " + count(outcomes, "FAILED") + " failed, "
                + (outcomes.size() - count(outcomes, "SUCCESSFUL") - count(outcomes, "FAILED")) + " skipped, in "
                + (System.nanoTime() - started) / 1_000_000_000 + " s");
        return outcomes.stream()
                .map(outcome -> dynamicTest("in UML: " + outcome.test(), verdict(outcome)))
                .toList();
    }

    private static long count(List<TaggedTests.Outcome> outcomes, String result) {
        return outcomes.stream().filter(outcome -> outcome.result().equals(result)).count();
    }

    private static Executable verdict(TaggedTests.Outcome outcome) {
        return switch (outcome.result()) {
            case "SUCCESSFUL" -> () -> {};
            case "FAILED" -> () -> {
                throw new AssertionFailedError("in User Mode Linux: " + outcome.why());
            };
            default -> () -> {
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
                        outcome.path("test").asText(), outcome.path("result").asText(), outcome.path("why").asText()));
            }
        }
        return outcomes;
    }

    /** This test's own Java and class path, but classes only: that needs fewer pages than modules do. */
    private static List<String> command(Path results) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx192m", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
                "-Djava.io.tmpdir=" + KernelInProcess.SCRATCH,
                "--enable-native-access=ALL-UNNAMED",
                "-cp", classPath(),
                TaggedTests.class.getName(),
                testClasses(),
                KernelInProcess.SHARED.resolve(results).toString());
    }

    /** The real interpreter first: a version manager's wrapper script would take seconds, many times. */
    private static String searchPath() throws IOException, InterruptedException {
        Process python = new ProcessBuilder("python3", "-I", "-S", "-c", "import sys; print(sys.executable)").start();
        String executable = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertEquals(0, python.waitFor(), "python3 does not run");
        return Path.of(executable).getParent() + File.pathSeparator + System.getenv("PATH");
    }

    private static String classPath() {
        return Stream.of("jdk.module.path", "surefire.test.class.path", "java.class.path")
                .map(System::getProperty)
                .filter(Objects::nonNull)
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static String testClasses() {
        return Path.of(System.getProperty("basedir", "")).toAbsolutePath().resolve("target/test-classes").toString();
    }
}
