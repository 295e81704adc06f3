package io.zygotes.core.packages;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.files.Folders;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The file in which a worker keeps what it knows of modules.
 *
 * @param uses what each lambda needs, by its name
 * @param leftOut modules that zygotes do without, with the reasons, by package; those of the standard library by ""
 * @param lookedFor what modules looked for in vain
 */
record ModuleRecord(
        Map<String, ModuleUse> uses, Map<String, Map<String, String>> leftOut, Map<String, Set<String>> lookedFor) {

    private static final Logger LOG = System.getLogger(ModuleRecord.class.getName());
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String NEEDED = "needed", PACKAGES = "packages", MODULES = "modules";
    private static final String LEFT_OUT = "left_out", LOOKED_FOR = "looked_for";

    /**
     * Reads a file.
     *
     * @return empty if it is damaged
     * @throws IOException if it cannot be read
     */
    static Optional<ModuleRecord> read(Path file) throws IOException {
        try {
            JsonNode root = JSON.readTree(Files.readAllBytes(file));
            Map<String, ModuleUse> uses = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> lambda : root.path(NEEDED).properties()) {
                Set<PackageId> pins = new LinkedHashSet<>();
                texts(lambda.getValue().path(PACKAGES)).forEach(text -> pins.add(PackageId.parse(text)));
                uses.put(
                        lambda.getKey(),
                        new ModuleUse(pins, texts(lambda.getValue().path(MODULES))));
            }
            Map<String, Map<String, String>> leftOut = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> owner : root.path(LEFT_OUT).properties()) {
                Map<String, String> reasons = new LinkedHashMap<>();
                owner.getValue()
                        .properties()
                        .forEach(reason ->
                                reasons.put(reason.getKey(), reason.getValue().asText()));
                leftOut.put(owner.getKey(), reasons);
            }
            Map<String, Set<String>> lookedFor = new LinkedHashMap<>();
            root.path(LOOKED_FOR)
                    .properties()
                    .forEach(module -> lookedFor.put(module.getKey(), texts(module.getValue())));
            return Optional.of(new ModuleRecord(uses, leftOut, lookedFor));
        } catch (JsonProcessingException | IllegalArgumentException e) {
            LOG.log(
                    Level.WARNING,
                    "passing over " + file + ", which is damaged; what lambdas need is learned again",
                    e);
            return Optional.empty();
        }
    }

    private static Set<String> texts(JsonNode array) {
        Set<String> all = new LinkedHashSet<>();
        array.forEach(text -> all.add(text.asText()));
        return all;
    }

    /**
     * Writes it.
     *
     * @throws IOException if it cannot be written
     */
    void write(Path file) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        ObjectNode needed = root.putObject(NEEDED);
        uses.forEach((lambda, use) -> {
            ObjectNode node = needed.putObject(lambda);
            put(
                    node.putArray(PACKAGES),
                    use.pins().stream().map(PackageId::toString).sorted().toList());
            put(node.putArray(MODULES), use.modules());
        });
        ObjectNode left = root.putObject(LEFT_OUT);
        leftOut.forEach((owner, reasons) -> {
            ObjectNode node = left.putObject(owner);
            reasons.forEach(node::put);
        });
        ObjectNode missed = root.putObject(LOOKED_FOR);
        lookedFor.forEach((module, names) ->
                put(missed.putArray(module), names.stream().sorted().toList()));
        Folders.write(file, JSON.writeValueAsBytes(root));
    }

    private static void put(ArrayNode array, Collection<String> texts) {
        texts.forEach(array::add);
    }
}
