package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.launcher.image.Machine;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Leaves that were forked ahead are as tight as others, count as others, and go first. */
class SparesIT extends WithOwnWorker {

    private static final int KEPT = 2;
    private static final String OTHER = "a-lambda-of-another-tenant";

    @Override
    void start(Consumer<ObjectNode> change, HostilePackage... packages) throws Exception {
        Consumer<ObjectNode> keep = config -> {
            config.put("spare_leaves", KEPT);
            // All spares are of one zygote: lambdas that import much of the standard library have no other one.
            config.putObject("plugins").putObject("tree").putArray("preload");
        };
        super.start(keep.andThen(change), packages);
    }

    /** The processes of leaves forked from zygotes, spare ones too. */
    private List<String> processesOfLeaves() throws IOException {
        for (int tries = 1; ; tries++) {
            try {
                return processesInGroupsOfLeaves();
            } catch (IOException | UncheckedIOException e) {
                // A group may be removed while it is looked at.
                if (tries == 20) {
                    throw e;
                }
            }
        }
    }

    private List<String> processesInGroupsOfLeaves() throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> groups = Files.walk(Machine.region(worker.directory()), 2)) {
            for (Path group : groups.filter(
                            path -> path.getFileName().toString().startsWith("leaf-"))
                    .toList()) {
                if (group.getParent().getFileName().toString().startsWith("zygote-")) {
                    Files.readString(group.resolve("cgroup.procs")).lines().forEach(found::add);
                }
            }
        }
        return found;
    }

    private void awaitProcesses(int count) throws Exception {
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (processesOfLeaves().size() != count && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        assertEquals(count, processesOfLeaves().size(), "processes of leaves");
    }

    /** A zygote that is used twice is busy, and gets spares. */
    private void makeSpares(String lambda) throws Exception {
        for (int i = 0; i < 3; i++) {
            worker.dropLeaves(lambda);
            worker.ok(lambda, null);
        }
        worker.dropLeaves(lambda);
        awaitProcesses(KEPT);
    }

    /** The answer of a leaf that was a spare: its process was there before. */
    private AttackedWorker.Answer callSpare(String lambda, Object event) throws Exception {
        List<String> before = processesOfLeaves();
        AttackedWorker.Answer answer = worker.call(lambda, event);
        assertEquals("hit", answer.start());
        List<String> used = new ArrayList<>(before);
        used.retainAll(processesOfLeaves());
        assertEquals(before.size(), used.size(), "the leaf was a spare, and its process is still there");
        return answer;
    }

    private List<DynamicNode> attacks(String network) throws Exception {
        try (Canaries canaries = Canaries.plant()) {
            start(config -> config.put("network", network));
            worker.install(OTHER, "def f(event):\n    return 'here'\n", Map.of());
            worker.installAttacks("attack", "network: " + network);
            List<DynamicNode> nodes = new ArrayList<>();
            makeSpares("attack");
            worker.call(OTHER, null);
            for (String group : List.of("identity", "files", "syscalls", "neighbours")) {
                makeSpares("attack", 1);
                Map<String, Object> event = new HashMap<>(canaries.event(worker.port(), network, List.of(OTHER)));
                event.put("group", group);
                nodes.add(dynamicContainer(group + ", " + network, Rows.held(callSpare("attack", event))));
                assertEquals("", canaries.damage());
            }
            return nodes;
        }
    }

    /** As above, beside the leaves of others. */
    private void makeSpares(String lambda, int others) throws Exception {
        worker.dropLeaves(lambda);
        worker.ok(lambda, null);
        worker.dropLeaves(lambda);
        awaitProcesses(KEPT + others);
    }

    @TestFactory
    List<DynamicNode> theAttacksFromALeafThatWasASpare() throws Exception {
        return attacks("host");
    }

    @TestFactory
    List<DynamicNode> theAttacksFromALeafThatWasASpareWithRulesForTheNetwork() throws Exception {
        return attacks("internet");
    }

    @TestFactory
    List<DynamicNode> theAttacksFromALeafThatWasASpareWithoutNetwork() throws Exception {
        return attacks("none");
    }

    @Test
    void whatOneLambdaLeavesInASpareNoOtherFinds() throws Exception {
        start(config -> {});
        String code = """
            import os
            def f(event):
                found = [os.path.exists(top + "/left") for top in ("/tmp", "/host", "/dev/shm")]
                os.environ["LEFT"] = "x"
                for top in ("/tmp", "/host"):
                    open(top + "/left", "w").close()
                return [found, sorted(os.environ), os.getpid(), os.getcwd(), sorted(os.listdir("/packages"))]
            """;
        worker.install("one", code, Map.of());
        worker.install("two", code, Map.of());
        makeSpares("one");
        String first = callSpare("one", null).body().toString();
        awaitProcesses(KEPT + 1);
        String second = callSpare("two", null).body().toString();
        assertEquals("[[false,false,false],[\"HOME\",\"LANG\",\"LEFT\",\"PATH\",\"USER\"],1,\"/handler\",[]]", first);
        assertEquals(first, second);
    }

    @AlsoOnPureCgroup2
    @Test
    void sparesGoWithTheirZygoteAndServeOnlyWhoAskedForItsPackages() throws Exception {
        start(config -> {}, HostilePackage.of("has", "VALUE = 1\n"));
        worker.install(
                "has", "import has\ndef f(event):\n    return has.VALUE\n", Map.of("requirements.txt", "has==1\n"));
        worker.install("bare", "import sys\ndef f(event):\n    return 'has' in sys.modules\n", Map.of());
        makeSpares("has");
        assertEquals("false", worker.call("bare", null).body().toString(), "a spare of another zygote is not for it");
        awaitProcesses(KEPT + 1);
        worker.worker().zygotes().stream()
                .filter(zygote -> !zygote.packages().isEmpty())
                .forEach(zygote -> zygote.destroy());
        awaitProcesses(1);
        assertEquals(1, worker.call("has", null).body().asInt());
    }

    @AlsoOnPureCgroup2
    @Test
    void sparesCountAsMemoryAndGoBeforeAnybodyIsRefused() throws Exception {
        start(config -> {
            config.put("mem_pool_mb", 512);
            ((ObjectNode) config.get("limits")).put("mem_mb", 64);
            ((ObjectNode) config.get("installer_limits")).put("mem_mb", 64);
        });
        worker.install("small", "def f(event):\n    return 1\n", Map.of());
        worker.install(
                "large",
                "import time\ndef f(event):\n    time.sleep(1)\n    return 1\n",
                Map.of("ol.yaml", "limits: {mem_mb: 220}\n"));
        makeSpares("small");
        long reserved =
                worker.worker().statistics().get("memory_reserved_bytes").longValue();
        assertTrue(reserved >= KEPT * (16L << 20), "spares are reserved for: " + reserved);
        CompletableFuture<Integer> one = CompletableFuture.supplyAsync(this::large);
        CompletableFuture<Integer> two = CompletableFuture.supplyAsync(this::large);
        assertEquals(List.of(200, 200), List.of(one.get(), two.get()));
        worker.worker().zygotes().forEach(zygote -> assertTrue(zygote.alive(), "the zygote stays"));
    }

    private int large() {
        try {
            return worker.call("large", null).status();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @AlsoOnPureCgroup2
    @Test
    void sparesThatAreKilledTogetherArePassedOver() throws Exception {
        start(config -> {});
        worker.install("one", "def f(event):\n    return 1\n", Map.of());
        for (int i = 0; i < 3; i++) {
            makeSpares("one");
            processesOfLeaves()
                    .forEach(id -> ProcessHandle.of(Long.parseLong(id)).ifPresent(ProcessHandle::destroyForcibly));
            assertEquals("1", worker.call("one", null).body().toString());
        }
    }
}
