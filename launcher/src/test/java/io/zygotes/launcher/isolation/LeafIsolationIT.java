package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.launcher.image.Machine;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Attacks of one lambda: rows 1.1 to 1.5 of the list in docs/security.md, each in a new leaf and in one used again. */
class LeafIsolationIT {

    private static final List<String> GROUPS = List.of("identity", "files", "syscalls", "neighbours");
    private static final String OTHER = "a-lambda-of-another-tenant";

    private static Canaries canaries;
    private static AttackedWorker worker;

    @BeforeAll
    static void start() throws Exception {
        Machine.require("LeafIsolationIT");
        canaries = Canaries.plant();
        worker = AttackedWorker.start(config -> {});
        worker.install(OTHER, "def f(event):\n    return 'here'\n", Map.of());
        worker.call(OTHER, null);
        worker.installAttacks("host-network", "network: host");
        worker.installAttacks("no-network", "network: none");
        worker.installAttacks("ruled-network", "network: internet");
    }

    @AfterAll
    static void stop() throws Exception {
        if (worker != null) {
            worker.close();
        }
        if (canaries != null) {
            canaries.close();
        }
    }

    private static Map<String, Object> event(AttackedWorker of, String network, String group) throws Exception {
        Map<String, Object> event = new HashMap<>(canaries.event(of.port(), network, List.of(OTHER)));
        event.put("group", group);
        return event;
    }

    private static List<DynamicNode> twice(String lambda, String network) throws Exception {
        List<DynamicNode> nodes = new ArrayList<>();
        for (String group : GROUPS) {
            worker.dropLeaves(lambda);
            Map<String, Object> event = event(worker, network, group);
            AttackedWorker.Answer first = worker.call(lambda, event);
            assertEquals("hit", first.start(), "the leaf has to be forked from a zygote");
            nodes.add(dynamicContainer(group + ", new leaf", Rows.held(first)));
            assertEquals("", canaries.damage());
            // It is frozen when it rests, and thawed for the next call.
            AttackedWorker.Answer second = worker.call(lambda, event);
            assertEquals("warm", second.start());
            assertEquals(first.sandbox(), second.sandbox());
            nodes.add(dynamicContainer(group + ", leaf used again", Rows.held(second)));
            assertEquals("", canaries.damage());
        }
        return nodes;
    }

    @AlsoOnPureCgroup2
    @TestFactory
    List<DynamicNode> aLambdaWithTheHostsNetwork() throws Exception {
        return twice("host-network", "host");
    }

    @TestFactory
    List<DynamicNode> aLambdaWithRulesForTheNetwork() throws Exception {
        return twice("ruled-network", "internet");
    }

    @TestFactory
    List<DynamicNode> aLambdaWithoutNetwork() throws Exception {
        return twice("no-network", "none");
    }

    @TestFactory
    List<DynamicNode> aLambdaThatIsNotForkedFromAZygote() throws Exception {
        try (AttackedWorker none =
                AttackedWorker.start(config -> ((ObjectNode) config.get("features")).put("import_cache", ""))) {
            none.installAttacks("attack", "");
            List<DynamicNode> nodes = new ArrayList<>();
            for (String group : GROUPS) {
                nodes.add(dynamicContainer(group, Rows.held(none.call("attack", event(none, "host", group)))));
            }
            assertEquals("", canaries.damage());
            return nodes;
        }
    }

    /** Ends the leaves of a function until one comes from its own zygote, which is made behind the first call. */
    private static void awaitZygote(String lambda, Map<String, Object> event) throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (!worker.call(lambda, event).start().equals("function")) {
            assertTrue(System.nanoTime() < until, () -> lambda + " has no zygote of its own");
            // Its code may run for seconds, in the zygote and in each leaf that does not come from it.
            Thread.sleep(1000);
            worker.dropLeaves(lambda);
        }
    }

    @TestFactory
    List<DynamicNode> aLeafOfAFunctionThatWasForkedAfterItsImport() throws Exception {
        worker.installAttacks("forked-late", "network: host\nzygote: true\n");
        List<DynamicNode> nodes = new ArrayList<>();
        for (String group : GROUPS) {
            Map<String, Object> event = event(worker, "host", group);
            awaitZygote("forked-late", event);
            worker.dropLeaves("forked-late");
            AttackedWorker.Answer answer = worker.call("forked-late", event);
            assertEquals("function", answer.start());
            nodes.add(dynamicContainer(group, Rows.held(answer)));
            assertEquals("", canaries.damage());
        }
        return nodes;
    }

    /** It has what a zygote needs to fork, and no more than that beyond a leaf. */
    @TestFactory
    List<DynamicNode> moduleCodeInTheZygoteOfAFunction() throws Exception {
        Map<String, Object> event = event(worker, "host", "none");
        event.put("zygote", true);
        worker.installAttacks("module-code", "network: host\nlimits: {runtime_sec: 90}\nzygote: true\n", """
            import json, os
            OPEN = [number for number in os.listdir("/proc/self/fd") if os.path.lexists("/proc/self/fd/" + number)]
            import files, identity, neighbours, probe, syscalls
            ROWS = {}
            for group in (identity, files, syscalls, neighbours):
                report = probe.Report(json.loads(%s))
                group.run(report)
                ROWS[group.__name__] = report.rows
            # What is left open would keep it from being forked.
            for number in set(os.listdir("/proc/self/fd")) - set(OPEN):
                try:
                    os.close(int(number))
                except OSError:
                    pass
            def f(event):
                return ROWS[event["group"]]
            """.formatted(
                        AttackedWorker.JSON.writeValueAsString(AttackedWorker.JSON.writeValueAsString(event))));
        awaitZygote("module-code", event(worker, "host", GROUPS.getFirst()));
        List<DynamicNode> nodes = new ArrayList<>();
        for (String group : GROUPS) {
            nodes.add(dynamicContainer(group, Rows.held(worker.call("module-code", event(worker, "host", group)))));
        }
        assertEquals("", canaries.damage());
        return nodes;
    }

    @TestFactory
    List<DynamicNode> withoutTheFilterTheProbesSucceed() throws Exception {
        try (AttackedWorker open =
                AttackedWorker.start(config -> ((ObjectNode) config.get("features")).put("enable_seccomp", false))) {
            open.installAttacks("attack", "");
            List<DynamicNode> nodes = new ArrayList<>();
            for (String group : GROUPS) {
                nodes.add(dynamicContainer(group, Rows.open(open.call("attack", event(open, "host", group)))));
            }
            return nodes;
        }
    }

    @Test
    void a25AndA26LinksAmongItsFilesLeadTheWorkerNowhere() throws Exception {
        worker.install("linker", """
            import os, threading
            def swap(target):
                while True:
                    os.rename("/tmp/a", "/tmp/b")
                    os.symlink(target, "/tmp/a")
                    os.unlink("/tmp/a")
                    os.rename("/tmp/b", "/tmp/a")
            def f(event):
                os.makedirs("/tmp/a/deep")
                for number in range(50):
                    open("/tmp/a/deep/%d" % number, "w").close()
                os.symlink(event["canary"], "/tmp/a/deep/file")
                os.symlink(os.path.dirname(event["canary"]), "/tmp/a/deep/folder")
                threading.Thread(target=swap, args=(os.path.dirname(event["canary"]),), daemon=True).start()
                return "swapping"
            """, Map.of());
        for (int i = 0; i < 20; i++) {
            assertEquals(
                    "swapping",
                    worker.ok("linker", event(worker, "host", "files")).body().asText());
            worker.dropLeaves("linker"); // its files go while they are renamed
        }
        assertEquals("", canaries.damage());
    }

    @AlsoOnPureCgroup2
    @Test
    void a04AProgramWithSetUserIdRunsAsTheLambda() throws Exception {
        worker.call("host-network", null);
        Path program = worker.code("host-network").resolve("whoami");
        Files.copy(Path.of("/usr/bin/id"), program, StandardCopyOption.REPLACE_EXISTING);
        Files.setAttribute(program, "unix:mode", 04755);
        Map<String, Object> event = event(worker, "host", "identity");
        event.put("setuid_program", "/handler/whoami");
        AttackedWorker.Answer answer = worker.call("host-network", event);
        boolean tried = false;
        for (JsonNode row : answer.body()) {
            if (row.get("id").asText().equals("A04")) {
                tried = true;
                assertEquals("own uid", row.get("got").asText(), "A04");
            }
        }
        assertTrue(tried, "A04 was not tried");
    }
}
