package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * More clients than there is memory for, with a zygote tree and without zygotes: nobody is answered with 503. Short by
 * default; {@code -Dzygotes.pressure=40} runs each for so many seconds and compares the numbers of answers, for which
 * the machine has to be quiet.
 */
class PressureIT {

    private static final int SECONDS = Integer.getInteger("zygotes.pressure", 4);
    /** Shorter runs say nothing about how many answers there are. */
    private static final int ENOUGH_SECONDS = 20;

    private static final int FUNCTIONS = 18;
    private static final List<String> PINS =
            List.of("six==1.17.0", "idna==3.11", "click==8.1.8", "certifi==2025.1.31", "pytz==2025.1");
    private static final String TREE = """
        {"children": [
          {"packages": ["six"], "children": [{"packages": ["idna"]}, {"packages": ["click"]}]},
          {"packages": ["idna"], "children": [{"packages": ["click"]}, {"packages": ["certifi"]}]},
          {"packages": ["click"], "children": [{"packages": ["certifi"]}]},
          {"packages": ["certifi"], "children": [{"packages": ["pytz"]}]},
          {"packages": ["pytz"]}]}\
        """;

    @TempDir
    Path folder;

    private WorkerFolder worker;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("PressureIT");
    }

    @BeforeEach
    void makeDirectory() throws Exception {
        worker = WorkerFolder.init(folder);
        worker.change(config -> config.put("pkgs_dir", SharedPackages.folder().toString()));
        for (int i = 0; i < FUNCTIONS; i++) {
            String first = PINS.get(i % PINS.size());
            String second = PINS.get((i + 1 + i / PINS.size()) % PINS.size());
            String code =
                    "import " + module(first) + "\nimport " + module(second) + "\ndef f(event):\n    return event\n";
            worker.install("f" + i, code, first.equals(second) ? first : first + "\n" + second + "\n");
        }
    }

    private static String module(String pin) {
        return pin.substring(0, pin.indexOf('='));
    }

    @AfterEach
    void stopWorker() throws Exception {
        worker.run("down");
    }

    @Test
    void everyCallIsAnsweredWithALargePool() throws Exception {
        judge(24, config -> config.put("mem_pool_mb", 3500));
    }

    @Test
    void everyCallIsAnsweredWithASmallPool() throws Exception {
        judge(12, config -> {
            config.put("mem_pool_mb", 400);
            config.withObjectProperty("limits").put("mem_mb", 64);
            config.withObjectProperty("installer_limits").put("mem_mb", 200);
        });
    }

    private void judge(int clients, Consumer<ObjectNode> settings) throws Exception {
        worker.change(settings);
        Map<Integer, Integer> none = run("", clients);
        Map<Integer, Integer> tree = run("tree", clients);
        System.out.println(SECONDS + " s, " + clients + " clients: tree " + tree + ", none " + none);
        assertEquals(List.of(200), List.copyOf(tree.keySet()), "tree " + tree + ", none " + none);
        if (SECONDS >= ENOUGH_SECONDS) {
            assertTrue(tree.get(200) >= none.get(200), "tree " + tree + ", none " + none);
        }
    }

    /** How many answers there were of each status. */
    private Map<Integer, Integer> run(String importCache, int clients) throws Exception {
        worker.change(config -> {
            config.withObjectProperty("features").put("import_cache", importCache);
            config.put("import_cache_tree", TREE);
        });
        worker.ok("worker up", "-d");
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        String address = "http://127.0.0.1:" + worker.port() + "/run/f";
        try (HttpClient client = HttpClient.newHttpClient();
                ExecutorService threads = Executors.newFixedThreadPool(clients)) {
            for (int i = 0; i < FUNCTIONS; i++) {
                // Its packages are installed now.
                assertEquals(200, call(client, address + i));
            }
            long end = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                Random random = new Random(i);
                all.add(threads.submit(() -> {
                    while (System.nanoTime() < end) {
                        answers.merge(call(client, address + random.nextInt(FUNCTIONS)), 1, Integer::sum);
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        } finally {
            worker.ok("worker down");
        }
        return new TreeMap<>(answers);
    }

    private static int call(HttpClient client, String address) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(address))
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build();
        return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }
}
