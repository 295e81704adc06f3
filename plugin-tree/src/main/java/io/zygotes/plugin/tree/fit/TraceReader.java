package io.zygotes.plugin.tree.fit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Reads traces: one JSON object a line, plain or gzip, several files as one. What is kept is the packages, the functions
 * and a count for each distinct set of packages, so the number of invocations does not matter. Not for use by several
 * threads.
 */
public final class TraceReader {

    /** An import of an hour or a terabyte was not measured but mistyped. */
    static final double MOST_MILLIS = 3_600_000;
    static final double MOST_MEGABYTES = 1_000_000;
    private static final int SHOWN = 3;

    private static final JsonMapper MAPPER =
            JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    /**
     * A trace, and what was wrong with its files.
     *
     * @param trace what could be read
     * @param malformed how many lines were left out because they are malformed
     * @param firstMalformed the first three of them: file, line number, reason
     * @param unknownFunctions how many invocations name a function that no line describes
     */
    public record Result(Trace trace, long malformed, List<String> firstMalformed, long unknownFunctions) {

        /** Copies the list. */
        public Result {
            firstMalformed = List.copyOf(firstMalformed);
        }
    }

    private static final class Malformed extends Exception {
        private static final long serialVersionUID = 1L;

        Malformed(String reason) {
            super(reason);
        }
    }

    private final Map<String, PackageId> ids = new HashMap<>();
    private final Map<PackageId, Trace.TracedPackage> packages = new LinkedHashMap<>();
    private final Map<Set<PackageId>, long[]> counts = new LinkedHashMap<>();
    private final Map<String, long[]> functions = new HashMap<>();
    private final Map<String, Long> early = new HashMap<>();
    private final List<String> firstMalformed = new ArrayList<>();
    private long malformed;

    private TraceReader() {}

    /**
     * Reads files.
     *
     * @param files the files, in the order in which they were written
     * @throws IOException if a file cannot be read
     * @throws FitException if they hold no invocation of a known function
     */
    public static Result read(List<Path> files) throws IOException, FitException {
        TraceReader reader = new TraceReader();
        for (Path file : files) {
            reader.readFile(file);
        }
        return reader.result(files);
    }

    private void readFile(Path file) throws IOException {
        try (InputStream in = Lines.open(file)) {
            Lines lines = new Lines(in);
            long number = 0;
            while (lines.next()) {
                number++;
                if (lines.isBlank()) {
                    continue;
                }
                try {
                    line(MAPPER.readTree(lines.buffer(), 0, lines.length()));
                } catch (JsonProcessingException e) {
                    // The worker may be writing this line right now.
                    if (lines.terminated()) {
                        malformed(file, number, "is not JSON: " + e.getOriginalMessage());
                    }
                } catch (Malformed e) {
                    malformed(file, number, e.getMessage());
                }
            }
        } catch (IOException e) {
            throw new IOException("cannot read trace " + file + ": " + e, e);
        }
    }

    private void malformed(Path file, long number, String reason) {
        malformed++;
        if (firstMalformed.size() < SHOWN) {
            firstMalformed.add(file + ", line " + number + ": " + reason);
        }
    }

    private void line(JsonNode line) throws Malformed {
        if (!line.isObject()) {
            throw new Malformed("must be a JSON object");
        }
        switch (text(line, "type")) {
            case "package" -> tracedPackage(line);
            case "function" -> function(line);
            case "invocation" -> invocation(text(line, "name"));
            default -> {
                // Written by a newer worker or another tool.
            }
        }
    }

    private static String text(JsonNode line, String key) throws Malformed {
        JsonNode value = line.get(key);
        if (value == null || !value.isTextual()) {
            throw new Malformed(key + " must be a text, it is " + (value == null ? "missing" : value));
        }
        return value.textValue();
    }

    private PackageId id(String pinned) throws Malformed {
        PackageId known = ids.get(pinned);
        if (known == null) {
            try {
                // Whoever wrote the trace decided already that the environment marker holds.
                int marker = pinned.indexOf(';');
                known = PackageId.parse(marker < 0 ? pinned : pinned.substring(0, marker));
            } catch (IllegalArgumentException e) {
                throw new Malformed(e.getMessage());
            }
            ids.put(pinned, known);
        }
        return known;
    }

    private static List<String> texts(JsonNode line, String key) throws Malformed {
        JsonNode list = line.get(key);
        if (list == null || list.isNull()) {
            return List.of();
        }
        if (!list.isArray()) {
            throw new Malformed(key + " must be a list");
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode each : list) {
            if (!each.isTextual()) {
                throw new Malformed(key + " must be a list of texts, it has " + each);
            }
            texts.add(each.textValue());
        }
        return texts;
    }

    private static OptionalDouble number(JsonNode line, String key, double most) throws Malformed {
        JsonNode value = line.get(key);
        if (value == null || value.isNull()) {
            return OptionalDouble.empty();
        }
        if (!isCost(value, most)) {
            throw new Malformed(key + " must be a number from 0 to " + (long) most + ", it is " + value);
        }
        return OptionalDouble.of(value.doubleValue());
    }

    static boolean isCost(JsonNode value, double most) {
        return value.isNumber() && value.doubleValue() >= 0 && value.doubleValue() <= most;
    }

    private void tracedPackage(JsonNode line) throws Malformed {
        PackageId id = id(text(line, "name"));
        List<Requirement> dependencies = new ArrayList<>();
        for (String text : texts(line, "deps")) {
            try {
                dependencies.add(Requirement.parse(text));
            } catch (IllegalArgumentException e) {
                throw new Malformed(e.getMessage());
            }
        }
        OptionalDouble millis = number(line, "import_ms", MOST_MILLIS);
        OptionalDouble megabytes = number(line, "import_mb", MOST_MEGABYTES);
        Trace.TracedPackage before = packages.get(id);
        if (before != null) {
            // A later line knows better, but one without costs does not unlearn them.
            millis = millis.isPresent() ? millis : before.millis();
            megabytes = megabytes.isPresent() ? megabytes : before.megabytes();
        }
        packages.put(id, new Trace.TracedPackage(id, dependencies, millis, megabytes));
    }

    private void function(JsonNode line) throws Malformed {
        String name = text(line, "name");
        Map<String, PackageId> pins = new HashMap<>();
        for (String text : texts(line, "deps")) {
            PackageId id = id(text);
            PackageId other = pins.put(id.name(), id);
            if (other != null && !other.equals(id)) {
                throw new Malformed("function " + name + " has " + other + " and " + id);
            }
        }
        functions.put(name, counts.computeIfAbsent(new HashSet<>(pins.values()), set -> new long[1]));
    }

    private void invocation(String name) {
        long[] count = functions.get(name);
        if (count == null) {
            early.merge(name, 1L, Long::sum);
        } else {
            count[0]++;
        }
    }

    private Result result(List<Path> files) throws FitException {
        long unknown = 0;
        for (Map.Entry<String, Long> each : early.entrySet()) {
            // With files in the wrong order, or rotated ones, the description may come after the call.
            long[] count = functions.get(each.getKey());
            if (count == null) {
                unknown += each.getValue();
            } else {
                count[0] += each.getValue();
            }
        }
        List<Trace.Calls> calls = new ArrayList<>();
        counts.forEach((set, count) -> {
            if (count[0] > 0) {
                calls.add(new Trace.Calls(set, count[0]));
            }
        });
        if (calls.isEmpty()) {
            throw new FitException("no invocation of a known function in " + files + ": " + functions.size()
                    + " functions, " + unknown + " invocations of unknown ones, " + malformed + " malformed lines "
                    + firstMalformed + "; was the worker run with \"trace\": {\"package\": true} and called?");
        }
        return new Result(new Trace(List.copyOf(packages.values()), calls), malformed, firstMalformed, unknown);
    }
}
