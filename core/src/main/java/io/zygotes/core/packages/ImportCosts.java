package io.zygotes.core.packages;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.files.Folders;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** What importing each package costs, as zygotes measured it. Safe for use by many threads. */
final class ImportCosts {

    private static final Logger LOG = System.getLogger(ImportCosts.class.getName());
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<PackageId, ImportCost> costs = new ConcurrentHashMap<>();

    /** The newest measurement; empty if nobody imported the package yet. */
    Optional<ImportCost> of(PackageId id) {
        return Optional.ofNullable(costs.get(id));
    }

    /** Takes what zygotes measured; the newest measurement counts. */
    void learn(Map<PackageId, ImportCost> measured) {
        costs.putAll(measured);
    }

    /**
     * Reads costs that an earlier worker measured.
     *
     * @param file what {@link #save} wrote; nothing happens if there is none, and a damaged one is passed over
     * @throws IOException if it cannot be read
     */
    void load(Path file) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        try {
            for (Map.Entry<String, JsonNode> cost :
                    JSON.readTree(Files.readAllBytes(file)).properties()) {
                costs.putIfAbsent(
                        PackageId.parse(cost.getKey()),
                        new ImportCost(
                                cost.getValue().path("ms").asDouble(-1),
                                cost.getValue().path("mb").asDouble(-1)));
            }
        } catch (JsonProcessingException | IllegalArgumentException e) {
            LOG.log(Level.WARNING, "passing over " + file + ", which is damaged; costs are measured again", e);
        }
    }

    /**
     * Writes down what was measured, for the next worker.
     *
     * @throws IOException if it cannot be written
     */
    void save(Path file) throws IOException {
        ObjectNode node = JSON.createObjectNode();
        new TreeMap<>(costs)
                .forEach((id, cost) ->
                        node.putObject(id.toString()).put("ms", cost.millis()).put("mb", cost.megabytes()));
        Folders.write(file, JSON.writeValueAsBytes(node));
    }
}
