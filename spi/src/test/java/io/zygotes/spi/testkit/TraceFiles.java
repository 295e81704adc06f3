package io.zygotes.spi.testkit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads what a worker recorded in {@code logs/trace.jsonl}. The one class of the kit that needs Jackson
 * ({@code jackson-databind}) in your tests.
 */
public final class TraceFiles {

    /** What a package without a measured cost counts, in milliseconds and MiB. */
    private static final double UNKNOWN_MILLIS = 10;

    private static final double UNKNOWN_MIB = 1;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, Map<String, PackageId>> functions = new HashMap<>();
    private final Map<PackageId, JsonNode> packages = new LinkedHashMap<>();
    private final List<JsonNode> invocations = new ArrayList<>();

    private TraceFiles() {}

    /**
     * Reads files. How long a lambda runs is the mean of its warm calls. Calls of functions that no line describes, and
     * a last line that is not finished, are left out.
     *
     * @param files the files, rotated ones in any order
     * @throws IOException if a file cannot be read or is no trace; says which line
     */
    public static CallTrace read(List<Path> files) throws IOException {
        TraceFiles trace = new TraceFiles();
        for (Path file : files) {
            trace.readFile(file);
        }
        return trace.result();
    }

    private void readFile(Path file) throws IOException {
        String text = Files.readString(file);
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            try {
                line(JSON.readTree(lines.get(i)));
            } catch (JsonProcessingException | IllegalArgumentException e) {
                boolean unfinished = i == lines.size() - 1 && !text.endsWith("\n");
                if (!unfinished) {
                    throw new IOException(file + ", line " + (i + 1) + ": " + e.getMessage(), e);
                }
            }
        }
    }

    private void line(JsonNode line) {
        String name = line.path("name").asText();
        switch (line.path("type").asText()) {
            // A later line of a package knows its costs better.
            case "package" -> packages.put(PackageId.parse(name), line);
            case "function" -> {
                Map<String, PackageId> pins = new LinkedHashMap<>();
                line.path("deps").forEach(each -> {
                    PackageId id = PackageId.parse(each.asText());
                    pins.put(id.name(), id);
                });
                functions.put(name, pins);
            }
            case "invocation" -> invocations.add(line);
            default -> {
                // Written by a newer worker or another tool.
            }
        }
    }

    private CallTrace result() {
        FakePackages known = new FakePackages();
        Set<PackageId> named = new LinkedHashSet<>(packages.keySet());
        functions.values().forEach(pins -> named.addAll(pins.values()));
        for (PackageId id : named) {
            JsonNode line = packages.getOrDefault(id, JSON.createObjectNode());
            List<String> dependencies = new ArrayList<>();
            line.path("deps")
                    .forEach(each ->
                            dependencies.add(PackageId.parse(each.asText()).name()));
            known.add(
                    id.toString(),
                    line.path("import_ms").asDouble(UNKNOWN_MILLIS),
                    line.path("import_mb").asDouble(UNKNOWN_MIB),
                    dependencies.toArray(String[]::new));
        }
        Map<String, DoubleSummaryStatistics> run = new HashMap<>();
        for (JsonNode line : invocations) {
            if (line.path("start").asText().equals("warm")) {
                run.computeIfAbsent(line.path("name").asText(), name -> new DoubleSummaryStatistics())
                        .accept(line.path("ms").asDouble());
            }
        }
        List<CallTrace.Call> calls = new ArrayList<>();
        for (JsonNode line : invocations) {
            Map<String, PackageId> pins = functions.get(line.path("name").asText());
            if (pins != null) {
                String name = line.path("name").asText();
                // The line has the time when the call was answered.
                double came = line.path("ts").asDouble() - line.path("ms").asDouble();
                // A call that is not warm says nothing about how long the lambda itself runs.
                double runs =
                        run.getOrDefault(name, new DoubleSummaryStatistics()).getAverage();
                calls.add(new CallTrace.Call(came, name, Set.copyOf(pins.values()), runs));
            }
        }
        return new CallTrace(known, calls);
    }
}
