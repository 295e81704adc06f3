package io.zygotes.plugin.tree.fit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;

/**
 * Which packages of a trace were never measured, and a copy of the trace with their costs. All that is not a cost is
 * copied as it stands: unknown types and fields, and lines that are no JSON.
 */
public final class TraceCosts {

    private static final JsonMapper MAPPER = new JsonMapper();

    /**
     * A package without costs.
     *
     * @param id name and version
     * @param pins what it is to be imported with: itself and all that a function has beside it, or, if no function has
     *     it, all that it needs as far as the trace says so
     */
    public record Missing(PackageId id, Set<PackageId> pins) {

        /** Copies the set. */
        public Missing {
            Objects.requireNonNull(id);
            pins = Set.copyOf(pins);
        }
    }

    /**
     * What was found out about a package.
     *
     * @param info the installed package
     * @param cost what importing it costs, its dependencies already imported
     */
    public record Measured(PackageInfo info, ImportCost cost) {

        /** Checks for null. */
        public Measured {
            Objects.requireNonNull(info);
            Objects.requireNonNull(cost);
        }
    }

    private final Path trace;
    private final Map<PackageId, Set<PackageId>> functions = new LinkedHashMap<>();
    private final Map<PackageId, List<Requirement>> described = new LinkedHashMap<>();
    private final Set<PackageId> known = new LinkedHashSet<>();

    private TraceCosts(Path trace) {
        this.trace = trace;
    }

    /**
     * Reads a trace.
     *
     * @param trace the file, plain or gzip
     * @throws IOException if it cannot be read
     * @throws FitException if it names no package
     */
    public static TraceCosts read(Path trace) throws IOException, FitException {
        TraceCosts costs = new TraceCosts(trace);
        try (InputStream in = Lines.open(trace)) {
            Lines lines = new Lines(in, trace);
            while (lines.next()) {
                costs.object(lines).ifPresent(costs::look);
            }
        }
        if (costs.functions.isEmpty() && costs.described.isEmpty()) {
            throw new FitException("no line of " + trace + " names a package, so there is nothing to measure");
        }
        return costs;
    }

    private Optional<ObjectNode> object(Lines lines) throws IOException {
        try {
            return MAPPER.readTree(lines.buffer(), 0, lines.length()) instanceof ObjectNode object
                    ? Optional.of(object)
                    : Optional.empty();
        } catch (JsonProcessingException e) {
            // It is copied as it is; whoever reads the copy counts it.
            return Optional.empty();
        }
    }

    private void look(ObjectNode line) {
        switch (line.path("type").asText()) {
            case "package" ->
                packageOf(line).ifPresent(id -> {
                    List<Requirement> dependencies = new ArrayList<>();
                    line.path("deps").forEach(each -> requirement(each.asText()).ifPresent(dependencies::add));
                    described.put(id, dependencies);
                    if (measured(line)) {
                        known.add(id);
                    }
                });
            case "function" -> {
                Map<String, PackageId> pins = new LinkedHashMap<>();
                line.path("deps")
                        .forEach(each -> requirement(each.asText())
                                .flatMap(TraceCosts::pinned)
                                .ifPresent(id -> pins.putIfAbsent(id.name(), id)));
                Set<PackageId> all = Set.copyOf(pins.values());
                all.forEach(id -> functions.putIfAbsent(id, all));
            }
            default -> {
                // Only functions have packages.
            }
        }
    }

    private static Optional<PackageId> packageOf(JsonNode line) {
        return requirement(line.path("name").asText()).flatMap(TraceCosts::pinned);
    }

    private static Optional<PackageId> pinned(Requirement requirement) {
        return requirement.version().map(version -> new PackageId(requirement.name(), version));
    }

    private static Optional<Requirement> requirement(String text) {
        try {
            return Optional.of(Written.requirement(text));
        } catch (IllegalArgumentException e) {
            // The line is copied as it is; whoever reads the copy says what is wrong with it.
            return Optional.empty();
        }
    }

    private static boolean measured(JsonNode line) {
        return new TraceLine(line).hasCosts();
    }

    /** The packages without costs, by name and version. */
    public List<Missing> missing() {
        Map<PackageId, Missing> missing = new TreeMap<>();
        functions.forEach((id, pins) -> missing.put(id, new Missing(id, pins)));
        described.keySet().forEach(id -> missing.computeIfAbsent(id, each -> new Missing(each, needed(each))));
        missing.keySet().removeAll(known);
        return List.copyOf(missing.values());
    }

    private Set<PackageId> needed(PackageId id) {
        Map<String, PackageId> latest = new HashMap<>();
        described.keySet().forEach(each -> latest.put(each.name(), each));
        Map<String, PackageId> pins = new HashMap<>(Map.of(id.name(), id));
        List<PackageId> open = new ArrayList<>(List.of(id));
        while (!open.isEmpty()) {
            for (Requirement requirement : described.getOrDefault(open.removeLast(), List.of())) {
                PackageId pin = pinned(requirement).orElse(latest.get(requirement.name()));
                if (pin != null && pins.putIfAbsent(pin.name(), pin) == null) {
                    open.add(pin);
                }
            }
        }
        return Set.copyOf(pins.values());
    }

    /**
     * Writes a copy of the trace with these costs beside its place and renames it. Packages that no line describes get
     * one, at the beginning. A torn last line is left out.
     *
     * @param measured the costs
     * @param out where; gzip if its name ends in {@code .gz}; may be the trace itself
     * @throws IOException if it cannot be written; nothing is left then
     */
    public void write(Map<PackageId, Measured> measured, Path out) throws IOException {
        Path target = out.toAbsolutePath();
        Path beside = target.resolveSibling(
                "." + target.getFileName() + ".new-" + ProcessHandle.current().pid());
        try {
            try (InputStream in = Lines.open(trace);
                    OutputStream plain = new BufferedOutputStream(Files.newOutputStream(beside));
                    OutputStream copy = target.toString().endsWith(".gz") ? new GZIPOutputStream(plain) : plain) {
                for (Map.Entry<PackageId, Measured> each : new TreeMap<>(measured).entrySet()) {
                    if (!described.containsKey(each.getKey())) {
                        write(copy, MAPPER.writeValueAsBytes(description(each.getValue())));
                    }
                }
                Lines lines = new Lines(in, trace);
                while (lines.next()) {
                    Optional<ObjectNode> object = object(lines);
                    if (lines.terminated() || object.isPresent()) {
                        copy(lines, object, measured, copy);
                    }
                }
            }
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    private ObjectNode description(Measured measured) {
        Set<PackageId> pins = functions.getOrDefault(measured.info().id(), Set.of());
        ObjectNode line = MAPPER.createObjectNode()
                .put("type", "package")
                .put("name", measured.info().id().toString());
        ArrayNode dependencies = line.putArray("deps");
        for (String name : measured.info().dependencies()) {
            dependencies.add(pins.stream()
                    .filter(pin -> pin.name().equals(name))
                    .map(PackageId::toString)
                    .findFirst()
                    .orElse(name));
        }
        ArrayNode top = line.putArray("top");
        measured.info().modules().forEach(top::add);
        return with(line, measured.cost());
    }

    private static ObjectNode with(ObjectNode line, ImportCost cost) {
        return line.put("import_ms", Math.round(cost.millis() * 1000) / 1000.0)
                .put("import_mb", Math.round(cost.megabytes() * 1000) / 1000.0);
    }

    private static void copy(
            Lines lines, Optional<ObjectNode> object, Map<PackageId, Measured> measured, OutputStream copy)
            throws IOException {
        Optional<Measured> found = object.filter(
                        line -> line.path("type").asText().equals("package") && !measured(line))
                .flatMap(TraceCosts::packageOf)
                .map(measured::get);
        if (found.isPresent()) {
            write(copy, MAPPER.writeValueAsBytes(with(object.get(), found.get().cost())));
        } else {
            copy.write(lines.buffer(), 0, lines.length());
            copy.write('\n');
        }
    }

    private static void write(OutputStream copy, byte[] line) throws IOException {
        copy.write(line);
        copy.write('\n');
    }
}
