package io.zygotes.core.trace;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Makes the lines of the trace, as {@code docs/trees.md} has them: each file describes a package and a function before
 * it mentions them, and again when something changed. Used by one thread.
 */
final class TraceLines {

    private static final ObjectMapper JSON = new ObjectMapper();
    /** Costs are measured anew with every zygote and never twice the same; smaller changes are not worth a line. */
    private static final double CHANGE = 0.1;

    private final Packages packages;
    private final Consumer<byte[]> lines;
    private final Map<String, String> versions = new HashMap<>();
    private final Map<PackageId, Described> described = new HashMap<>();

    /** What the present file says of a package. */
    private record Described(
            PackageInfo info, ArrayNode dependencies, Optional<ImportCost> cost, Optional<String> unfit) {}

    /**
     * @param packages knows what is installed and what it costs
     * @param lines takes each line, without its end
     */
    TraceLines(Packages packages, Consumer<byte[]> lines) {
        this.packages = packages;
        this.lines = lines;
    }

    /** Describes everything again, because what was described is in another file or was lost. */
    void forget() {
        versions.clear();
        described.clear();
    }

    /** A call was answered. */
    void add(TraceLog.Call call) {
        if (!call.version().equals(versions.get(call.function()))) {
            describe(call);
            versions.put(call.function(), call.version());
        }
        add(line("invocation", call.function())
                .put("ts", call.atMillis())
                .put("ms", rounded(call.millis()))
                .put("start", call.start()));
    }

    private void describe(TraceLog.Call call) {
        Map<String, PackageId> pins = new TreeMap<>();
        call.packages().forEach(id -> pins.put(id.name(), id));
        for (PackageId id : pins.values()) {
            Optional<PackageInfo> info = isDescribed(id) ? Optional.empty() : packages.installed(id);
            if (info.isPresent()) {
                describe(info.get(), dependencies(info.get(), pins), packages.cost(id));
            }
        }
        ObjectNode line = line("function", call.function());
        ArrayNode all = line.putArray("deps");
        pins.values().forEach(id -> all.add(id.toString()));
        add(line);
    }

    /** Whether the file says what is known of a package: that no zygote may hold it may have been found out since. */
    private boolean isDescribed(PackageId id) {
        Described before = described.get(id);
        return before != null && before.unfit().equals(packages.unfit(id));
    }

    /** Imports were measured; those of a package that no function has need no line. */
    void add(TraceLog.Measured measured) {
        for (Map.Entry<PackageId, ImportCost> each : new TreeMap<>(measured.costs()).entrySet()) {
            Described before = described.get(each.getKey());
            if (before != null
                    && (before.cost().isEmpty() || differs(before.cost().get(), each.getValue()))) {
                describe(before.info(), before.dependencies(), Optional.of(each.getValue()));
            }
        }
    }

    /** A dependency that no lambda pins is named without a version. */
    private static ArrayNode dependencies(PackageInfo info, Map<String, PackageId> pins) {
        ArrayNode dependencies = JSON.createArrayNode();
        for (String name : new TreeSet<>(info.dependencies())) {
            dependencies.add(pins.containsKey(name) ? pins.get(name).toString() : name);
        }
        return dependencies;
    }

    private static boolean differs(ImportCost a, ImportCost b) {
        return differs(a.millis(), b.millis()) || differs(a.megabytes(), b.megabytes());
    }

    private static boolean differs(double a, double b) {
        return Math.abs(a - b) > CHANGE * Math.max(1, Math.max(a, b));
    }

    private void describe(PackageInfo info, ArrayNode dependencies, Optional<ImportCost> cost) {
        ObjectNode line = line("package", info.id().toString());
        line.set("deps", dependencies);
        ArrayNode top = line.putArray("top");
        info.modules().forEach(top::add);
        cost.ifPresent(
                known -> line.put("import_ms", rounded(known.millis())).put("import_mb", rounded(known.megabytes())));
        Optional<String> unfit = packages.unfit(info.id());
        unfit.ifPresent(reason -> line.put("unfit", reason));
        add(line);
        described.put(info.id(), new Described(info, dependencies, cost, unfit));
    }

    private static ObjectNode line(String type, String name) {
        return JSON.createObjectNode().put("type", type).put("name", name);
    }

    private static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }

    private void add(ObjectNode line) {
        try {
            lines.accept(JSON.writeValueAsBytes(line));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
