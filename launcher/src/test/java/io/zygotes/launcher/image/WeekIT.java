package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.core.files.Folders;
import io.zygotes.core.registry.LambdaStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A week of a worker in as short a time as the machine can: warm calls and new leaves, while sandboxes and the warden
 * are killed, code changes, the worker is reloaded, and a second worker beside it is killed and started again. As much
 * is there at the end as at the beginning. Only on request: {@code -Dzygotes.week=100} is all of it, 2,000,000 warm
 * calls and 50,000 leaves, which takes two processors about an hour; 1 is a hundredth.
 * {@code -Dzygotes.week.minutes=20} ends it then.
 */
class WeekIT {

    private static final int PART = Integer.getInteger("zygotes.week", 0);
    private static final long WARM = 20_000L * PART, LEAVES = 500L * PART;
    private static final long MOST_NANOS = TimeUnit.MINUTES.toNanos(Integer.getInteger("zygotes.week.minutes", 600));
    /** Of all that is done, as much is done before it is looked for the first time: one part in so many. */
    private static final int FIRST_PART = 10;

    private static final int WARM_LAMBDAS = 4, WARM_CLIENTS = 2;
    /** More than there is memory for, called in turn: each call needs a new leaf. */
    private static final int COLD_LAMBDAS = 24;

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private final Random random = new Random(14);
    private final HttpClient client = HttpClient.newHttpClient();
    private final Map<String, AtomicLong> others = new ConcurrentHashMap<>();
    private final Map<String, Integer> mishaps = new TreeMap<>();
    private final AtomicLong warm = new AtomicLong();
    private WorkerFolder worker;
    private WorkerFolder second;
    private LambdaStore registry;
    private long pid;
    private int port;
    private int versions;
    private volatile boolean stopped;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(PART > 0, "zygotes.week says how many hundredths of a week are run");
        Machine.require("WeekIT");
        worker = WorkerFolder.init(folder);
        worker.change(config -> {
            config.put("mem_pool_mb", 700);
            config.put("import_cache_tree", "{\"children\": []}");
            config.put("registry_cache_ms", 50);
            config.withObjectProperty("limits").put("mem_mb", 64);
            config.withObjectProperty("installer_limits").put("mem_mb", 128);
            // Leaves at rest keep their memory, so that there is room for a few only.
            config.withObjectProperty("features").put("downsize_paused_mem", false);
        });
        registry = new LambdaStore(worker.path().resolve("registry"));
        for (int i = 0; i < WARM_LAMBDAS; i++) {
            install("warm" + i);
        }
        for (int i = 0; i < COLD_LAMBDAS; i++) {
            install("cold" + i);
        }
        worker.ok("up", "-d");
        pid = worker.status().get("pid").asLong();
        port = worker.status().get("port").asInt();
        second = WorkerFolder.init(Program.IMAGE, folder, "second");
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        for (WorkerFolder each :
                Stream.of(worker, second).filter(x -> x != null).toList()) {
            each.run("down");
        }
    }

    private void install(String name) throws Exception {
        Path source = Files.createDirectories(folder.resolve("lambdas").resolve(name));
        Files.writeString(
                source.resolve("f.py"),
                "import json\nVERSION = " + ++versions
                        + "\ndef f(event):\n    open('/tmp/x', 'a').write('x' * 1000)\n    return event\n");
        registry.install(source);
    }

    @Test
    void asMuchIsThereAfterAWeekAsAfterItsFirstHours() throws Exception {
        long start = System.nanoTime();
        run(WARM / FIRST_PART, LEAVES / FIRST_PART, start + MOST_NANOS / FIRST_PART);
        WorkerLedger before = settled();
        run(WARM, LEAVES, start + MOST_NANOS);
        WorkerLedger after = settled();

        long failed = others.values().stream().mapToLong(AtomicLong::get).sum();
        System.out.println("[week] " + warm + " warm calls, " + leavesMade() + " leaves in "
                + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start) + " s; " + mishaps + "; " + failed
                + " calls were not answered with 200: " + new TreeMap<>(others));
        System.out.println("[week] before " + before);
        System.out.println("[week] after  " + after);
        assertTrue(after.isAbout(before), () -> "before " + before + ", after " + after);
        long kills = mishaps.entrySet().stream()
                .filter(each -> each.getKey().startsWith("kill"))
                .mapToLong(Map.Entry::getValue)
                .sum();
        assertTrue(failed <= kills * 4, failed + " calls failed: " + others);
        assertEquals(pid, worker.status().get("pid").asLong(), "it is the same worker");
    }

    /** Until there were so many calls and leaves since it started, or time is up. */
    private void run(long warmCalls, long leaves, long end) throws Exception {
        stopped = false;
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < WARM_CLIENTS; i++) {
            int first = i;
            threads.add(Thread.ofPlatform().start(() -> {
                for (int n = first; !stopped; n++) {
                    if (warm.get() < warmCalls) {
                        call("warm" + n % WARM_LAMBDAS, warm);
                    } else {
                        rest(20);
                    }
                }
            }));
        }
        threads.add(Thread.ofPlatform().start(() -> {
            AtomicLong ignored = new AtomicLong();
            for (int n = 0; !stopped; n++) {
                call("cold" + n % COLD_LAMBDAS, ignored);
            }
        }));
        try {
            for (int round = 0; System.nanoTime() < end && (warm.get() < warmCalls || leavesMade() < leaves); round++) {
                mishap(round);
                Thread.sleep(150);
            }
        } finally {
            stopped = true;
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }

    private static void rest(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void call(String lambda, AtomicLong counted) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/run/" + lambda))
                .POST(HttpRequest.BodyPublishers.ofString("7"))
                .build();
        try {
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() == 200 && response.body().equals("7")) {
                counted.incrementAndGet();
            } else {
                // Names of sandboxes and numbers aside, so that there is one line for each reason.
                String said = response.body().replaceAll("[0-9]+", "N");
                count(response.statusCode() + " " + said.substring(0, Math.min(said.length(), 200)));
            }
        } catch (IOException e) {
            count(e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void count(String what) {
        others.computeIfAbsent(what, _ -> new AtomicLong()).incrementAndGet();
    }

    private long leavesMade() throws Exception {
        return statistics().path("leaves_made").asLong();
    }

    private JsonNode statistics() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/stats"))
                .build();
        return JSON.readTree(
                client.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }

    private void mishap(int round) throws Exception {
        String what = switch (round % 10) {
            case 0, 3, 6 -> kill("leaf", "leaf-");
            case 1, 7 -> kill("zygote", "self");
            case 2, 5 -> newCode();
            case 4 -> reload(List.of("tree", "multitree", "").get(round / 10 % 3));
            case 8 -> reload("tree");
            default -> round % 100 == 9 ? killSecond() : round % 100 == 59 ? kill("warden", "warden") : newCode();
        };
        mishaps.merge(what, 1, Integer::sum);
    }

    /** Kills a process of a group whose name begins like that. */
    private String kill(String what, String group) throws Exception {
        List<Long> found = new ArrayList<>();
        try (Stream<Path> all = Files.walk(Machine.region(worker.path()), 2)) {
            for (Path each : all.filter(path -> path.getFileName().toString().startsWith(group))
                    .toList()) {
                Files.readString(each.resolve("cgroup.procs"))
                        .lines()
                        .map(Long::parseLong)
                        .forEach(found::add);
            }
        } catch (IOException | java.io.UncheckedIOException e) {
            return "nothing, as a group was going";
        }
        if (found.isEmpty()) {
            return "nothing";
        }
        ProcessHandle.of(found.get(random.nextInt(found.size()))).ifPresent(ProcessHandle::destroyForcibly);
        return "kill of a " + what;
    }

    private String newCode() throws Exception {
        install("warm" + random.nextInt(WARM_LAMBDAS));
        install("cold" + random.nextInt(COLD_LAMBDAS));
        return "new code";
    }

    private String reload(String importCache) throws Exception {
        worker.change(config -> config.withObjectProperty("features").put("import_cache", importCache));
        hangUp();
        return "reload";
    }

    private void hangUp() throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("kill", "-HUP", Long.toString(pid)).start().waitFor());
    }

    /** Another worker of this machine is killed; what it left is removed by its next start or by its {@code down}. */
    private String killSecond() throws Exception {
        second.ok("up", "-d");
        Path region = Machine.region(second.path());
        ProcessHandle process =
                ProcessHandle.of(second.status().get("pid").asLong()).orElseThrow();
        process.destroyForcibly();
        process.onExit().join();
        if (random.nextBoolean()) {
            second.ok("down");
            assertTrue(Files.notExists(region), region + " is left");
        } else {
            Folders.delete(second.path().resolve("sandboxes"));
        }
        return "kill of the second worker";
    }

    /** The same calls in the same order, so that the same leaves are at rest; then what is freed behind them is. */
    private WorkerLedger settled() throws Exception {
        reload("tree");
        Thread.sleep(1000);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < COLD_LAMBDAS; i++) {
                call("cold" + i, new AtomicLong());
            }
            for (int i = 0; i < WARM_LAMBDAS; i++) {
                call("warm" + i, new AtomicLong());
            }
        }
        WorkerLedger before = WorkerLedger.of(worker.path(), pid);
        for (long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2); System.nanoTime() < end; ) {
            Thread.sleep(3000);
            WorkerLedger now = WorkerLedger.of(worker.path(), pid);
            if (now.isAsQuietAs(before)) {
                return now;
            }
            before = now;
        }
        return before;
    }
}
