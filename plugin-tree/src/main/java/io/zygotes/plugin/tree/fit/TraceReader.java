package io.zygotes.plugin.tree.fit;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Reads traces: one JSON object a line, plain or gzip, several files as one. What is kept is the packages, the
 * functions and a count for each distinct set of packages, so the number of invocations does not matter; on request the
 * first invocations, too. Not for use by several threads.
 */
public final class TraceReader {

    private static final int SHOWN = 3;
    /** Names of functions that may be described later; more of them than this are no trace of a worker. */
    private static final int MOST_UNKNOWN_NAMES = 1_000_000;

    private static final String INVOCATION = "invocation";
    private static final JsonFactory JSON = new JsonFactory();

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /**
     * A trace, and what was wrong with its files.
     *
     * @param trace what could be read
     * @param malformed how many lines were left out because they are malformed
     * @param firstMalformed the first three of them: file, line number, reason
     * @param unknownFunctions how many invocations name a function that no line describes
     * @param repeated files that were named before; they are read once
     * @param first the first invocations, in the order of their times; as many as were asked for
     * @param unfit packages that no zygote may hold, with the reasons
     */
    public record Result(
            Trace trace,
            long malformed,
            List<String> firstMalformed,
            long unknownFunctions,
            List<Path> repeated,
            List<Invocation> first,
            Map<PackageId, String> unfit) {

        /** Copies the lists and the map. */
        public Result {
            firstMalformed = List.copyOf(firstMalformed);
            repeated = List.copyOf(repeated);
            first = List.copyOf(first);
            unfit = Map.copyOf(unfit);
        }
    }

    /**
     * One call as the trace has it.
     *
     * @param function name of the function
     * @param packages all its packages at that time, indirect ones too
     * @param atMillis when, in milliseconds since 1970 or any other time; empty if the trace does not say so
     */
    public record Invocation(String function, Set<PackageId> packages, OptionalLong atMillis) {

        /** Copies the set. */
        public Invocation {
            packages = Set.copyOf(packages);
        }
    }

    /**
     * A function as its last line describes it.
     *
     * @param packages all its packages
     * @param count how often this set of packages was called; one number, shared by the functions that have the set
     */
    record Function(Set<PackageId> packages, long[] count) {}

    private final Map<String, PackageId> ids = new HashMap<>();
    private final Map<PackageId, Trace.TracedPackage> packages = new LinkedHashMap<>();
    private final Map<Set<PackageId>, long[]> counts = new LinkedHashMap<>();
    private final Map<String, Function> functions = new HashMap<>();
    private final Map<String, Long> early = new HashMap<>();
    private final Map<PackageId, String> unfit = new HashMap<>();
    private final List<String> firstMalformed = new ArrayList<>();
    private final FirstInvocations first;
    private long unknown;
    private long malformed;
    private boolean empty = true;

    private TraceReader(int first) {
        this.first = new FirstInvocations(first);
    }

    /**
     * Reads files.
     *
     * @param files the files, in the order in which they were written
     * @throws IOException if a file cannot be read
     * @throws FitException if they hold no invocation of a known function
     */
    public static Result read(List<Path> files) throws IOException, FitException {
        return read(files, 0);
    }

    /**
     * Reads files, and keeps the first invocations.
     *
     * @param files the files; if invocations have no times, in the order in which they were written
     * @param first how many invocations to keep; their number is the only one of this method's that takes memory
     * @throws IOException if a file cannot be read
     * @throws FitException if they hold no invocation of a known function
     */
    public static Result read(List<Path> files, int first) throws IOException, FitException {
        TraceReader reader = new TraceReader(first);
        Set<Path> seen = new LinkedHashSet<>();
        List<Path> repeated = new ArrayList<>();
        for (Path file : files) {
            if (seen.add(Files.isRegularFile(file) ? file.toRealPath() : file.toAbsolutePath())) {
                reader.readFile(file);
            } else {
                repeated.add(file);
            }
        }
        return reader.result(files, repeated);
    }

    private void readFile(Path file) throws IOException {
        try (InputStream in = Lines.open(file)) {
            Lines lines = new Lines(in, file);
            while (lines.next()) {
                if (lines.isBlank()) {
                    continue;
                }
                empty = false;
                try {
                    line(lines);
                } catch (JsonProcessingException e) {
                    // The worker may be writing this line right now.
                    if (lines.terminated()) {
                        malformed(file, lines.number(), "is not JSON: " + reason(e));
                    }
                } catch (MalformedLine e) {
                    malformed(file, lines.number(), e.getMessage());
                }
            }
        }
    }

    /** Without the advice for programmers. */
    private static String reason(JsonProcessingException e) {
        return e.getOriginalMessage().replaceFirst(": enable `.*", "");
    }

    private void malformed(Path file, long number, String reason) {
        malformed++;
        if (firstMalformed.size() < SHOWN) {
            firstMalformed.add(file + ", line " + number + ": " + reason);
        }
    }

    /** Nearly all lines are invocations, of which only two fields count: no tree is built for them. */
    private void line(Lines lines) throws IOException, MalformedLine {
        String type = null;
        String name = null;
        OptionalLong ts = OptionalLong.empty();
        try (JsonParser json = JSON.createParser(lines.buffer(), 0, lines.length())) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                MAPPER.readTree(lines.buffer(), 0, lines.length());
                throw new MalformedLine("must be a JSON object");
            }
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String key = json.currentName();
                JsonToken value = json.nextToken();
                switch (key) {
                    case "type" -> type = value == JsonToken.VALUE_STRING ? json.getText() : null;
                    case "name" -> name = value == JsonToken.VALUE_STRING ? json.getText() : null;
                    case "ts" -> ts = value.isNumeric() ? OptionalLong.of(Math.round(json.getDoubleValue())) : ts;
                    default -> {}
                }
                json.skipChildren();
            }
            if (json.nextToken() != null) {
                throw new MalformedLine("has something behind its object");
            }
        }
        if (INVOCATION.equals(type) && name != null) {
            invocation(name, ts);
        } else {
            described(new TraceLine(MAPPER.readTree(lines.buffer(), 0, lines.length())));
        }
    }

    private void described(TraceLine line) throws MalformedLine {
        switch (line.text("type")) {
            case "package" -> tracedPackage(line);
            case "function" -> function(line);
            case INVOCATION -> line.text("name");
            default -> {
                // Written by a newer worker or another tool.
            }
        }
    }

    private PackageId id(String pinned) throws MalformedLine {
        PackageId known = ids.get(pinned);
        if (known == null) {
            try {
                known = Written.pinned(pinned);
            } catch (IllegalArgumentException e) {
                throw new MalformedLine(e.getMessage());
            }
            ids.put(pinned, known);
        }
        return known;
    }

    private void tracedPackage(TraceLine line) throws MalformedLine {
        PackageId id = id(line.text("name"));
        List<Requirement> dependencies = new ArrayList<>();
        for (String text : line.texts("deps")) {
            try {
                dependencies.add(Written.requirement(text));
            } catch (IllegalArgumentException e) {
                throw new MalformedLine(e.getMessage());
            }
        }
        OptionalDouble millis = line.millis();
        OptionalDouble megabytes = line.megabytes();
        Trace.TracedPackage before = packages.get(id);
        if (before != null) {
            // A later line knows better, but one without costs does not unlearn them.
            millis = millis.isPresent() ? millis : before.millis();
            megabytes = megabytes.isPresent() ? megabytes : before.megabytes();
        }
        packages.put(id, new Trace.TracedPackage(id, dependencies, millis, megabytes));
        line.unfit().ifPresent(reason -> unfit.put(id, reason));
    }

    private void function(TraceLine line) throws MalformedLine {
        String name = line.text("name");
        Map<String, PackageId> pins = new HashMap<>();
        for (String text : line.texts("deps")) {
            PackageId id = id(text);
            PackageId other = pins.put(id.name(), id);
            if (other != null && !other.equals(id)) {
                throw new MalformedLine("function " + name + " has " + other + " and " + id);
            }
        }
        Set<PackageId> all = Set.copyOf(pins.values());
        functions.put(name, new Function(all, counts.computeIfAbsent(all, set -> new long[1])));
    }

    private void invocation(String name, OptionalLong ts) {
        Function function = functions.get(name);
        if (function != null) {
            function.count()[0]++;
        } else if (early.size() < MOST_UNKNOWN_NAMES || early.containsKey(name)) {
            early.merge(name, 1L, Long::sum);
        } else {
            unknown++;
        }
        first.add(name, function, ts);
    }

    private Result result(List<Path> files, List<Path> repeated) throws FitException {
        for (Map.Entry<String, Long> each : early.entrySet()) {
            // With files in the wrong order, or rotated ones, the description may come after the call.
            Function function = functions.get(each.getKey());
            if (function == null) {
                unknown += each.getValue();
            } else {
                function.count()[0] += each.getValue();
            }
        }
        List<Trace.Calls> calls = new ArrayList<>();
        counts.forEach((set, count) -> {
            if (count[0] > 0) {
                calls.add(new Trace.Calls(set, count[0]));
            }
        });
        if (empty) {
            throw new FitException("no line in " + files + ": the trace is empty");
        }
        if (calls.isEmpty()) {
            throw new FitException("no invocation of a known function in " + files + ": " + functions.size()
                    + " functions, " + unknown + " invocations of unknown ones, " + malformed + " malformed lines "
                    + firstMalformed + "; was the worker run with \"trace\": {\"package\": true} and called?");
        }
        return new Result(
                new Trace(List.copyOf(packages.values()), calls),
                malformed,
                firstMalformed,
                unknown,
                repeated,
                first.sorted(functions),
                unfit);
    }
}
