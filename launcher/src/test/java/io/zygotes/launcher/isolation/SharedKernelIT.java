package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.launcher.image.Machine;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What sandboxes share in the kernel and in the worker although their walls stand: groups, names, stores, time. */
class SharedKernelIT {

    private AttackedWorker worker;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("SharedKernelIT");
    }

    @AfterEach
    void stop() throws Exception {
        if (worker != null) {
            worker.close();
        }
    }

    /** A worker whose tree has a node for each of the packages, below the root. */
    private void start(Consumer<ObjectNode> change, HostilePackage... packages) throws Exception {
        worker = AttackedWorker.start(
                config -> {
                    ObjectNode tree = config.putObject("import_cache_tree");
                    tree.putArray("packages");
                    var children = tree.putArray("children");
                    for (HostilePackage one : packages) {
                        children.addObject().putArray("packages").add(one.name());
                    }
                    change.accept(config);
                },
                packages);
    }

    private void lambda(String name, String needs, String code) throws Exception {
        worker.install(name, code, needs.isEmpty() ? Map.of() : Map.of("requirements.txt", needs + "==1\n"));
    }

    private AttackedWorker.Answer ok(String lambda, Object event) throws Exception {
        AttackedWorker.Answer answer = worker.call(lambda, event);
        assertEquals(200, answer.status(), () -> lambda + ": " + answer.body());
        return answer;
    }

    @Test
    void whoPrintsWithoutEndHasTheWorkerDoLittleForIt() throws Exception {
        start(config -> {});
        lambda("says", "", "def f(event):\n    print('said', event)\n");
        ok("says", "before");
        for (String what : List.of("b'\\n'", "b'x'")) {
            String name = what.contains("n") ? "lines" : "bytes";
            lambda(
                    name,
                    "",
                    """
                    import os, time
                    def f(event):
                        end = time.monotonic() + 2
                        while time.monotonic() < end:
                            os.write(1, %s * 65536)
                    """
                            .formatted(what));
            long before = pumpNanos();
            ok(name, null);
            long spent = (pumpNanos() - before) / 1_000_000;
            assertTrue(spent < 700, name + ": the worker spent " + spent + " ms of processor time on 2 s of printing");
        }
        ok("says", "after");
        Path log = worker.directory().resolve("logs/lambdas.log");
        await(() -> Files.readString(log).contains("said after"), "what others print does not come any more");
        assertTrue(Files.readString(log).contains("bytes lost"), "the loss is written down");
    }

    /** Processor time of the thread that reads what sandboxes print. */
    private static long pumpNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(thread -> thread != null && thread.getThreadName().equals("sandbox-output"))
                .mapToLong(thread -> threads.getThreadCpuTime(thread.getThreadId()))
                .sum();
    }
}
