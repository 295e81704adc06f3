package io.zygotes.sandbox.sock;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs the tests with {@link RealSandboxes#TAG} and writes what came out into a file, one JSON object a line. */
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
                .selectors(DiscoverySelectors.selectClasspathRoots(java.util.Set.of(Path.of(arguments[0]))))
                .filters(TagFilter.includeTags(RealSandboxes.TAG))
                .build();
        LauncherFactory.create().execute(request, new Writer(Path.of(arguments[1])));
    }

    private static final class Writer implements TestExecutionListener {

        private final ObjectMapper json = new ObjectMapper();
        private final Path file;
        private TestPlan plan;

        Writer(Path file) {
            this.file = file;
        }

        @Override
        public void testPlanExecutionStarted(TestPlan started) {
            plan = started;
        }

        @Override
        public void executionSkipped(TestIdentifier test, String reason) {
            write(test, "SKIPPED", reason);
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            StringWriter stack = new StringWriter();
            result.getThrowable().ifPresent(error -> error.printStackTrace(new PrintWriter(stack)));
            if (test.isTest() || result.getStatus() == TestExecutionResult.Status.FAILED) {
                write(test, result.getStatus().name(), stack.toString());
            }
        }

        private void write(TestIdentifier test, String result, String why) {
            StringBuilder name = new StringBuilder(test.getDisplayName());
            TestIdentifier below = test;
            while (plan.getParent(below).filter(above -> above.getParentId().isPresent()).isPresent()) {
                below = plan.getParent(below).orElseThrow();
                name.insert(0, below.getDisplayName() + " > ");
            }
            try {
                System.out.println(result + " " + name + (why.isEmpty() ? "" : "\n" + why));
                String line = json.writeValueAsString(Map.of("test", name.toString(), "result", result, "why", why));
                Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
