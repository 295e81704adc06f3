package io.zygotes.core.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.core.fake.Eventually;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class TraceLogTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final PackageId NUMPY = PackageId.parse("numpy==2.2.3");
    private static final PackageId PANDAS = PackageId.parse("pandas==2.2.3");
    private static final Set<PackageId> BOTH = Set.of(NUMPY, PANDAS);

    @TempDir
    Path folder;

    private final Installed packages = new Installed();

    /** pandas, which needs numpy and something that nobody pins. */
    private static final class Installed implements Packages {
        private final Map<PackageId, ImportCost> costs = new ConcurrentHashMap<>();
        private final Map<PackageId, String> unfit = new ConcurrentHashMap<>();
        private final CountDownLatch asked = new CountDownLatch(1);
        private volatile CountDownLatch hold = new CountDownLatch(0);

        @Override
        public Optional<PackageInfo> installed(PackageId id) {
            asked.countDown();
            try {
                hold.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            List<String> needs = id.equals(PANDAS) ? List.of("pytz", "numpy") : List.of();
            return Optional.of(new PackageInfo(id, needs, List.of(id.name()), Path.of("packages"), 1));
        }

        @Override
        public Optional<ImportCost> cost(PackageId id) {
            return Optional.ofNullable(costs.get(id));
        }

        @Override
        public Optional<String> unfit(PackageId id) {
            return Optional.ofNullable(unfit.get(id));
        }

        @Override
        public PackageInfo install(PackageId id) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<PackageInfo> closure(PackageId id, Set<PackageId> pins) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Collection<PackageInfo> all() {
            return List.of();
        }
    }

    private TraceLog open() throws IOException {
        return started(new TraceLog(folder, 1 << 20, packages));
    }

    private static TraceLog started(TraceLog log) throws IOException {
        log.start();
        return log;
    }

    private List<JsonNode> lines(String file) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(file))) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private List<String> types(String file) throws IOException {
        return lines(file).stream()
                .map(line -> line.get("type").asText() + " " + line.get("name").asText())
                .toList();
    }

    @Test
    void packagesAndTheFunctionAreDescribedBeforeItsFirstCall() throws Exception {
        packages.costs.put(NUMPY, new ImportCost(80.12345, 20));
        try (TraceLog log = open()) {
            log.call("report", "v1", BOTH, 4.5, "cold");
        }
        List<JsonNode> lines = lines("trace.jsonl");

        assertEquals(JSON.readTree("""
            {"type":"package","name":"numpy==2.2.3","deps":[],"top":["numpy"],"import_ms":80.123,"import_mb":20.0}\
            """), lines.get(0));
        assertEquals(JSON.readTree("""
            {"type":"package","name":"pandas==2.2.3","deps":["numpy==2.2.3","pytz"],"top":["pandas"]}\
            """), lines.get(1));
        assertEquals(JSON.readTree("""
            {"type":"function","name":"report","deps":["numpy==2.2.3","pandas==2.2.3"]}\
            """), lines.get(2));
        assertEquals(Set.of("type", "name", "ts", "ms", "start"), names(lines.get(3)));
        assertEquals("cold", lines.get(3).get("start").asText());
        assertEquals(4.5, lines.get(3).get("ms").asDouble());
        assertTrue(Math.abs(System.currentTimeMillis() - lines.get(3).get("ts").asLong()) < 60_000);
        assertEquals(4, lines.size());
    }

    @Test
    void aPackageThatTurnedOutToBeUnfitIsDescribedAgain() throws Exception {
        try (TraceLog log = open()) {
            log.call("first", "v1", Set.of(NUMPY), 1, "cold");
        }
        packages.unfit.put(NUMPY, "it keeps a socket open");
        try (TraceLog log = open()) {
            log.call("first", "v1", Set.of(NUMPY), 1, "cold");
        }
        List<String> reasons = lines("trace.jsonl").stream()
                .filter(line -> line.get("type").asText().equals("package"))
                .map(line -> line.path("unfit").asText())
                .toList();
        assertEquals(List.of("", "it keeps a socket open"), reasons);
    }

    private static Set<String> names(JsonNode line) {
        Set<String> names = new HashSet<>();
        line.fieldNames().forEachRemaining(names::add);
        return names;
    }

    @Test
    void aFunctionIsDescribedOnceForEachVersion() throws Exception {
        try (TraceLog log = open()) {
            log.call("f", "v1", Set.of(NUMPY), 1, "cold");
            log.call("f", "v1", Set.of(NUMPY), 1, "warm");
            log.call("f", "v2", BOTH, 1, "cold");
            log.call("f", "v2", BOTH, 1, "warm");
        }
        assertEquals(
                List.of(
                        "package numpy==2.2.3",
                        "function f",
                        "invocation f",
                        "invocation f",
                        "package pandas==2.2.3",
                        "function f",
                        "invocation f",
                        "invocation f"),
                types("trace.jsonl"));
    }

    @Test
    void aCostIsWrittenWhenItBecomesKnownAndWhenItChanges() throws Exception {
        try (TraceLog log = open()) {
            log.measured(Map.of(NUMPY, new ImportCost(70, 20)));
            log.call("f", "v1", Set.of(NUMPY), 1, "cold");
            log.measured(Map.of(NUMPY, new ImportCost(80, 20)));
            log.measured(Map.of(NUMPY, new ImportCost(81, 20), PANDAS, new ImportCost(1, 1)));
            log.measured(Map.of(NUMPY, new ImportCost(81, 30)));
        }
        List<JsonNode> numpy = lines("trace.jsonl").stream()
                .filter(line -> line.get("type").asText().equals("package"))
                .toList();

        assertEquals(3, numpy.size(), "nothing before it is used, nothing for a small change, no line for pandas");
        assertFalse(numpy.get(0).has("import_ms"));
        assertEquals(80, numpy.get(1).get("import_ms").asDouble());
        assertEquals(30, numpy.get(2).get("import_mb").asDouble());
        assertEquals("numpy", numpy.get(2).get("top").get(0).asText());
    }

    @Test
    void filesAreRotatedAndEachDescribesWhatItMentions() throws Exception {
        try (TraceLog log = started(new TraceLog(folder, 1000, packages))) {
            for (int i = 0; i < 200; i++) {
                log.call("report", "v1", BOTH, 1, "warm");
            }
        }
        for (String file : List.of("trace.jsonl", "trace.jsonl.1", "trace.jsonl.4")) {
            assertEquals(
                    List.of("package numpy==2.2.3", "package pandas==2.2.3", "function report", "invocation report"),
                    types(file).subList(0, 4),
                    file);
            assertTrue(Files.size(folder.resolve(file)) < 1200, file);
        }
        assertFalse(Files.exists(folder.resolve("trace.jsonl.5")));
    }

    @Test
    void aReaderSeesWholeLinesWithinASecondOrSo() throws Exception {
        try (TraceLog log = open()) {
            log.call("f", "v1", Set.of(), 1, "cold");
            Eventually.holds("the call is in the file", () -> Files.size(folder.resolve("trace.jsonl")) > 0);
            assertEquals(List.of("function f", "invocation f"), types("trace.jsonl"));
            assertTrue(Files.readString(folder.resolve("trace.jsonl")).endsWith("\n"));
        }
    }

    @Test
    void aLaterWorkerGoesOnBehindTheLastWholeLine() throws Exception {
        try (TraceLog log = open()) {
            log.call("f", "v1", Set.of(), 1, "cold");
        }
        Path file = folder.resolve("trace.jsonl");
        Files.writeString(file, Files.readString(file) + "{\"type\":\"invoc");
        try (TraceLog log = open()) {
            log.call("f", "v1", Set.of(), 1, "cold");
        }
        assertEquals(List.of("function f", "invocation f", "function f", "invocation f"), types("trace.jsonl"));
    }

    @Test
    void whatTheWriterCannotKeepUpWithIsLostAndCountedAndNobodyWaits() throws Exception {
        packages.hold = new CountDownLatch(1);
        TraceLog log = started(new TraceLog(folder, 1 << 20, packages, 10));
        try (log) {
            log.call("f", "v1", Set.of(NUMPY), 1, "cold");
            packages.asked.await();
            for (int i = 0; i < 100; i++) {
                log.call("f", "v1", Set.of(NUMPY), 1, "warm");
            }
            assertEquals(90, log.lost());
            packages.hold.countDown();
        }
        assertEquals(
                11, types("trace.jsonl").stream().filter("invocation f"::equals).count());
        log.call("f", "v1", Set.of(), 1, "warm");
        assertEquals(91, log.lost(), "after the end, too");
    }
}
