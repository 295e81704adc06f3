package io.zygotes.launcher.isolation;

import io.zygotes.launcher.image.Machine;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import io.zygotes.testbed.UmlRun;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The tests of a worker, over HTTP and with the image, that are {@link AlsoOnPureCgroup2}, there. */
class PureCgroup2IT {

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("PureCgroup2IT");
    }

    @TestFactory
    List<DynamicTest> aWorkerWorksWhereCgroupVersion2OwnsAllControllers() throws Exception {
        return new UmlRun("the tests of a worker over HTTP", java(), Duration.ofMinutes(8)).tests();
    }

    /** This Java's own modules and classes, and the settings that make long tests short. */
    private static List<String> java() {
        List<String> options =
                new ArrayList<>(ManagementFactory.getRuntimeMXBean().getInputArguments());
        options.addAll(List.of(
                // Maven opens the packages of the tests that it runs itself, which may be this one alone.
                "--add-opens=io.zygotes.launcher/io.zygotes.launcher.image=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "-Dzygotes.image=" + System.getProperty("zygotes.image"),
                "-Dzygotes.kills=1",
                "-Dzygotes.churn=40"));
        return options;
    }
}
