package io.zygotes.sandbox.sock.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * A zygote has imported its packages.
 *
 * @param costs what importing cost, by package, as the zygote says
 */
public record ZygoteReady(Map<PackageId, ImportCost> costs) {

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
        Map<PackageId, ImportCost> costs = new HashMap<>();
        for (Map.Entry<String, JsonNode> cost :
                Json.MAPPER.readTree(frame.body()).path(Protocol.KEY_COSTS).properties()) {
            JsonNode numbers = cost.getValue();
            costs.put(
                    PackageId.parse(cost.getKey()),
                    new ImportCost(numbers.path(0).asDouble(), numbers.path(1).asDouble()));
        }
        return new ZygoteReady(Map.copyOf(costs));
    }
}
