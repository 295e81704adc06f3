package io.zygotes.testbed;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs the tests that are {@link AlsoOnPureCgroup2} and writes what came out into a file, one JSON object a line. */
final class TaggedTests {

    private TaggedTests() {}

    /**
     * What became of one test, or of a class if that could not be set up.
     *
     * @param why the exception with its stack, or why it was skipped; empty if it passed
     */
    record Outcome(String test, String result, String why) {}

    /** @param arguments the folder with the test classes, and the file to write */
    public static void main(String[] arguments) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClasspathRoots(Set.of(Path.of(arguments[0]))))
                .filters(EngineFilter.includeEngines("junit-jupiter"), TagFilter.includeTags(AlsoOnPureCgroup2.TAG))
                .build();
        LauncherFactory.create().execute(request, new Writer(Path.of(arguments[1])));
    }

    private static final class Writer implements TestExecutionListener {

        private final ObjectMapper json = new ObjectMapper();
        private final Path file;
        private final Map<String, Long> started = new ConcurrentHashMap<>();
        private TestPlan plan;

        Writer(Path file) {
            this.file = file;
        }

        @Override
        public void testPlanExecutionStarted(TestPlan all) {
            plan = all;
        }

        @Override
        public void executionStarted(TestIdentifier test) {
            started.put(test.getUniqueId(), System.nanoTime());
        }

        @Override
        public void executionSkipped(TestIdentifier test, String reason) {
            write(name(test), "SKIPPED", reason);
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            long milliseconds = (System.nanoTime() - started.remove(test.getUniqueId())) / 1_000_000;
            String status = result.getStatus().name();
            StringWriter why = new StringWriter();
            result.getThrowable().ifPresent(error -> error.printStackTrace(new PrintWriter(why)));
            System.out.println(status + " after " + milliseconds + " ms: " + name(test) + "\n" + why);
            // A class that could not be set up counts like a test.
            if (test.isTest() || result.getStatus() != TestExecutionResult.Status.SUCCESSFUL) {
                write(name(test), status, why.toString());
            }
        }

        private String name(TestIdentifier test) {
            StringBuilder name = new StringBuilder(test.getDisplayName());
            TestIdentifier below = test;
            while (plan.getParent(below)
                    .filter(above -> above.getParentId().isPresent())
                    .isPresent()) {
                below = plan.getParent(below).orElseThrow();
                name.insert(0, below.getDisplayName() + " > ");
            }
            return name.toString();
        }

        private void write(String test, String result, String why) {
            try {
                String line = json.writeValueAsString(Map.of("test", test, "result", result, "why", why));
                Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
