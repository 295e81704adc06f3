package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What is known of a function beside its lambda in the registry. A lambda that was installed otherwise has none.
 *
 * @param latest what it is now; empty if it was never made or changed by this API
 * @param lastVersion the number of the last version that was published; 0 if none was
 * @param versions those that are there, by their numbers
 * @param aliases by their names
 * @param reserved how many calls it may have at once; empty for as many as there is room for
 * @param urls by their qualifiers, which is {@code $LATEST} where none was named
 */
record FunctionRecord(
        Optional<Revision> latest,
        int lastVersion,
        Map<Integer, Revision> versions,
        Map<String, Alias> aliases,
        Optional<Integer> reserved,
        Map<String, Url> urls) {

    static final FunctionRecord NONE =
            new FunctionRecord(Optional.empty(), 0, Map.of(), Map.of(), Optional.empty(), Map.of());

    FunctionRecord {
        versions = Map.copyOf(versions);
        aliases = Map.copyOf(aliases);
        urls = Map.copyOf(urls);
    }

    /**
     * One state of a function.
     *
     * @param code the registry's name for this content; another one shows that it was changed otherwise
     * @param source the content that it was published from; the same as its own, if it is no version
     * @param role what the client said; means nothing here
     * @param runtime what the client said; the worker's Python runs it
     * @param handler what the client said
     * @param description what the client said
     * @param codeSha256 of the archive that was sent
     * @param codeSize of that archive in bytes
     * @param modified when, as the service writes times
     * @param id of this state
     */
    record Revision(
            String code,
            String source,
            String role,
            String runtime,
            String handler,
            String description,
            String codeSha256,
            long codeSize,
            String modified,
            String id) {

        private ObjectNode json() {
            return Json.object()
                    .put("code", code)
                    .put("source", source)
                    .put("role", role)
                    .put("runtime", runtime)
                    .put("handler", handler)
                    .put("description", description)
                    .put("code_sha256", codeSha256)
                    .put("code_size", codeSize)
                    .put("modified", modified)
                    .put("id", id);
        }

        private static Revision of(JsonNode node) {
            return new Revision(
                    node.path("code").asText(),
                    node.path("source").asText(),
                    node.path("role").asText(),
                    node.path("runtime").asText(),
                    node.path("handler").asText(),
                    node.path("description").asText(),
                    node.path("code_sha256").asText(),
                    node.path("code_size").asLong(),
                    node.path("modified").asText(),
                    node.path("id").asText());
        }
    }

    /**
     * A name for a version.
     *
     * @param version a number, or {@code $LATEST}
     * @param weights the parts of calls that other versions get, from 0 to 1
     */
    record Alias(String version, String description, Map<String, Double> weights, String id) {

        Alias {
            weights = Map.copyOf(weights);
        }

        private ObjectNode json() {
            ObjectNode node = Json.object()
                    .put("version", version)
                    .put("description", description)
                    .put("id", id);
            ObjectNode all = node.putObject("weights");
            new TreeMap<>(weights).forEach(all::put);
            return node;
        }

        private static Alias of(JsonNode node) {
            Map<String, Double> weights = new HashMap<>();
            node.path("weights")
                    .properties()
                    .forEach(weight ->
                            weights.put(weight.getKey(), weight.getValue().asDouble()));
            return new Alias(
                    node.path("version").asText(),
                    node.path("description").asText(),
                    weights,
                    node.path("id").asText());
        }
    }

    /**
     * A URL of a function.
     *
     * @param authType {@code NONE} or {@code AWS_IAM}
     * @param invokeMode {@code BUFFERED} or {@code RESPONSE_STREAM}
     */
    record Url(String authType, String invokeMode, String created, String modified) {

        private ObjectNode json() {
            return Json.object()
                    .put("auth_type", authType)
                    .put("invoke_mode", invokeMode)
                    .put("created", created)
                    .put("modified", modified);
        }

        private static Url of(JsonNode node) {
            return new Url(
                    node.path("auth_type").asText(),
                    node.path("invoke_mode").asText(),
                    node.path("created").asText(),
                    node.path("modified").asText());
        }
    }

    ObjectNode json() {
        ObjectNode node = Json.object();
        latest.ifPresent(revision -> node.set("latest", revision.json()));
        node.put("last_version", lastVersion);
        ArrayNode all = node.putArray("versions");
        new TreeMap<>(versions)
                .forEach((number, revision) -> all.add(revision.json().put("number", number)));
        ObjectNode named = node.putObject("aliases");
        new TreeMap<>(aliases).forEach((name, alias) -> named.set(name, alias.json()));
        reserved.ifPresent(most -> node.put("reserved", most));
        ObjectNode places = node.putObject("urls");
        new TreeMap<>(urls).forEach((qualifier, url) -> places.set(qualifier, url.json()));
        return node;
    }

    static FunctionRecord of(JsonNode node) {
        Map<Integer, Revision> versions = new HashMap<>();
        node.path("versions")
                .forEach(version -> versions.put(version.path("number").asInt(), Revision.of(version)));
        Map<String, Alias> aliases = new HashMap<>();
        node.path("aliases").properties().forEach(alias -> aliases.put(alias.getKey(), Alias.of(alias.getValue())));
        Map<String, Url> urls = new HashMap<>();
        node.path("urls").properties().forEach(url -> urls.put(url.getKey(), Url.of(url.getValue())));
        return new FunctionRecord(
                node.has("latest") ? Optional.of(Revision.of(node.get("latest"))) : Optional.empty(),
                node.path("last_version").asInt(),
                versions,
                aliases,
                node.has("reserved") ? Optional.of(node.get("reserved").asInt()) : Optional.empty(),
                urls);
    }

    FunctionRecord withLatest(Revision revision) {
        return new FunctionRecord(Optional.of(revision), lastVersion, versions, aliases, reserved, urls);
    }

    FunctionRecord withVersion(int number, Revision revision) {
        Map<Integer, Revision> all = new HashMap<>(versions);
        all.put(number, revision);
        return new FunctionRecord(latest, Math.max(lastVersion, number), all, aliases, reserved, urls);
    }

    FunctionRecord withoutVersion(int number) {
        Map<Integer, Revision> all = new HashMap<>(versions);
        all.remove(number);
        return new FunctionRecord(latest, lastVersion, all, aliases, reserved, urls);
    }

    /** @param alias empty to remove it */
    FunctionRecord withAlias(String name, Optional<Alias> alias) {
        Map<String, Alias> all = new HashMap<>(aliases);
        all.remove(name);
        alias.ifPresent(one -> all.put(name, one));
        return new FunctionRecord(latest, lastVersion, versions, all, reserved, urls);
    }

    FunctionRecord withReserved(Optional<Integer> most) {
        return new FunctionRecord(latest, lastVersion, versions, aliases, most, urls);
    }

    /** @param url empty to remove it */
    FunctionRecord withUrl(String qualifier, Optional<Url> url) {
        Map<String, Url> all = new HashMap<>(urls);
        all.remove(qualifier);
        url.ifPresent(one -> all.put(qualifier, one));
        return new FunctionRecord(latest, lastVersion, versions, aliases, reserved, all);
    }

    /** The numbers of all versions, in their order. */
    List<Integer> numbers() {
        List<Integer> numbers = new ArrayList<>(versions.keySet());
        numbers.sort(null);
        return numbers;
    }
}
