package io.zygotes.core.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.files.StorageException;
import io.zygotes.spi.Limits;
import java.io.IOException;
import java.util.Optional;
import java.util.TreeSet;

/** What is told of a lambda to whoever asks, as JSON. Values of environment variables are not: they may be secrets. */
public final class LambdaDescription {

    private static final ObjectMapper JSON = new ObjectMapper();

    private LambdaDescription() {}

    /** All that a worker knows of it. */
    public static ObjectNode of(LambdaCode code) {
        ObjectNode all = JSON.createObjectNode();
        all.put("name", code.spec().lambda());
        all.put("version", code.version());
        ArrayNode packages = all.putArray("packages");
        new TreeSet<>(code.spec().packages().stream().map(Object::toString).toList()).forEach(packages::add);
        all.set("limits", limits(code.spec().limits()));
        ArrayNode variables = all.putArray("environment");
        new TreeSet<>(code.spec().environment().keySet()).forEach(variables::add);
        return all;
    }

    /**
     * What OpenLambda answers to {@code /registry/NAME/config}: triggers and limits, with its names for them. Those that
     * {@code ol.yaml} does not have are as they are there: any HTTP method, no schedule, no topic.
     *
     * @throws StorageException if {@code ol.yaml} cannot be read
     */
    public static ObjectNode openLambdaConfig(LambdaCode code) throws StorageException {
        ObjectNode config = JSON.createObjectNode();
        ObjectNode triggers = config.putObject("Triggers");
        JsonNode own = triggers(code);
        JsonNode http = items(own.path("http"), "method", "Method");
        if (http.isNull()) {
            triggers.putArray("HTTP").addObject().put("Method", "*");
        } else {
            triggers.set("HTTP", http);
        }
        triggers.set("Cron", items(own.path("cron"), "schedule", "Schedule"));
        triggers.set("Kafka", own.path("kafka").isArray() ? own.path("kafka") : NullNode.getInstance());
        config.set("Limits", limits(code.spec().limits()));
        return config;
    }

    /** A list of one-key objects, whose key OpenLambda's JSON writes otherwise than its YAML. */
    private static JsonNode items(JsonNode list, String key, String shown) {
        if (!list.isArray()) {
            return NullNode.getInstance();
        }
        ArrayNode items = JSON.createArrayNode();
        list.forEach(item -> items.addObject().set(shown, item.path(key)));
        return items;
    }

    private static JsonNode triggers(LambdaCode code) throws StorageException {
        try {
            Optional<YamlMapping> settings = YamlMapping.parse(
                    LambdaSettings.FILE, new LambdaText(code.spec().handler(), new Faults()).of(LambdaSettings.FILE));
            return settings.isPresent() && settings.get().has("triggers")
                    ? JSON.readTree(settings.get().json("triggers"))
                    : MissingNode.getInstance();
        } catch (IllegalArgumentException | JsonProcessingException e) {
            throw new IllegalStateException(
                    "ol.yaml of lambda " + code.spec().lambda() + " was checked and cannot be read", e);
        } catch (IOException e) {
            throw new StorageException("cannot read ol.yaml: " + e.getMessage(), e);
        }
    }

    private static ObjectNode limits(Limits limits) {
        return JSON.createObjectNode()
                .put("procs", limits.procs())
                .put("mem_mb", limits.memMb())
                .put("cpu_percent", limits.cpuPercent())
                .put("swappiness", limits.swappiness())
                .put("runtime_sec", limits.runtimeSec())
                .put("open_files", limits.openFiles())
                .put("tmp_mb", limits.tmpMb());
    }
}
