package io.zygotes.sandbox.sock;

import io.zygotes.testbed.AlsoOnPureCgroup2;
import io.zygotes.testbed.UmlRun;
import java.io.File;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The mechanism's tests that are {@link AlsoOnPureCgroup2}, there. */
class PureCgroup2Test {

    @TestFactory
    List<DynamicTest> sandboxesWorkWhereCgroupV2OwnsAllControllers() throws Exception {
        // Classes only: that needs fewer pages than modules do.
        List<String> java = List.of("--enable-native-access=ALL-UNNAMED", "-cp", classPath());
        return new UmlRun("the sandbox tests", java, Duration.ofMinutes(8)).tests();
    }

    private static String classPath() {
        return Stream.of("jdk.module.path", "surefire.test.class.path", "java.class.path")
                .map(System::getProperty)
                .filter(Objects::nonNull)
                .collect(Collectors.joining(File.pathSeparator));
    }
}
