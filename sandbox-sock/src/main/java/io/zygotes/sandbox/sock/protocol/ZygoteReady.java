package io.zygotes.sandbox.sock.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.ModuleFindings;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A zygote has imported its packages.
 *
 * @param costs what importing cost, by package, as the zygote says
 * @param unfit packages that left something which no fork carries over, and what that is, as the zygote says
 * @param traces what imports did
 * @param modules what is to be said of further modules
 * @param spoilt whether one of these has left something because of which the zygote cannot be used
 * @param reason of the zygote of a function: why it cannot be forked, as it says; empty if it can
 * @param restores of the zygote of a function: whether its leaves run something before they are ready
 */
public record ZygoteReady(
        Map<PackageId, ImportCost> costs,
        Map<PackageId, String> unfit,
        ImportTraces traces,
        ModuleFindings modules,
        boolean spoilt,
        Optional<String> reason,
        boolean restores) {

    /** Characters of a reason. */
    private static final int LONGEST_REASON = 300;
    /** Names of one kind. */
    private static final int MOST_NAMES = 20_000;

    /**
     * Reads it.
     *
     * @throws MisbehavedException if it is something else
     * @throws IOException if it is no JSON
     * @throws IllegalArgumentException if a package or a cost in it is none
     */
    public static ZygoteReady read(Frame frame) throws IOException {
        if (!frame.isReady()) {
            throw new MisbehavedException("it sent a message of kind " + frame.kind() + " instead of being ready");
        }
        JsonNode report = Json.MAPPER.readTree(frame.body());
        Map<PackageId, ImportCost> costs = new HashMap<>();
        for (Map.Entry<String, JsonNode> cost : report.path(Protocol.KEY_COSTS).properties()) {
            JsonNode numbers = cost.getValue();
            costs.put(
                    PackageId.parse(cost.getKey()),
                    new ImportCost(numbers.path(0).asDouble(), numbers.path(1).asDouble()));
        }
        Map<PackageId, String> unfit = new HashMap<>();
        for (Map.Entry<String, JsonNode> reason :
                report.path(Protocol.KEY_UNFIT).properties()) {
            unfit.put(PackageId.parse(reason.getKey()), plain(reason.getValue().asText()));
        }
        ImportTraces traces = new ImportTraces(
                names(report.path(Protocol.KEY_ASKED)),
                names(report.path(Protocol.KEY_CHANGED)),
                names(report.path(Protocol.KEY_IMPORTED)),
                names(report.path(Protocol.KEY_MISSED)),
                names(report.path(Protocol.KEY_PRELOADED)),
                names(report.path(Protocol.KEY_RUNTIME)));
        JsonNode reason = report.path(Protocol.KEY_REASON);
        return new ZygoteReady(
                Map.copyOf(costs),
                Map.copyOf(unfit),
                traces,
                modules(report),
                report.path(Protocol.KEY_SPOILT).asBoolean(),
                reason.isTextual() ? Optional.of(plain(reason.asText())) : Optional.empty(),
                report.path(Protocol.KEY_RESTORES).asBoolean());
    }

    private static ModuleFindings modules(JsonNode report) {
        Map<String, String> leftOut = new HashMap<>();
        for (Map.Entry<String, JsonNode> reason :
                report.path(Protocol.KEY_LEFT_OUT).properties()) {
            leftOut.put(reason.getKey(), plain(reason.getValue().asText()));
        }
        Map<String, Set<String>> lookedFor = new HashMap<>();
        for (Map.Entry<String, JsonNode> missed :
                report.path(Protocol.KEY_LOOKED_FOR).properties()) {
            lookedFor.put(missed.getKey(), names(missed.getValue()));
        }
        return new ModuleFindings(leftOut, lookedFor);
    }

    /** It goes into the log, and names what the zygote names. */
    private static String plain(String text) {
        String printable = text.replaceAll("\\p{Cntrl}", "?");
        return printable.length() <= LONGEST_REASON ? printable : printable.substring(0, LONGEST_REASON) + "…";
    }

    private static Set<String> names(JsonNode list) {
        Set<String> names = new HashSet<>();
        for (JsonNode name : list) {
            if (names.size() < MOST_NAMES) {
                names.add(name.asText());
            }
        }
        return names;
    }
}
