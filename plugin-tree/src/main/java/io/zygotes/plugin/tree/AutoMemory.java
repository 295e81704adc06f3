package io.zygotes.plugin.tree;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.plugin.tree.fit.Trace;
import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.plugin.tree.model.TreeWriter;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a tree that learns keeps over restarts, in {@code learned.json}: the tree, and the counts that it comes from. A
 * file that cannot be used is reported and set aside; no worker fails for it. Safe for use by many threads.
 */
final class AutoMemory {

    static final String FILE = "learned.json";
    /** What a file that cannot be used is called afterwards. */
    static final String BROKEN = "learned.json.broken";

    private static final System.Logger LOG = System.getLogger(AutoMemory.class.getName());
    private static final int VERSION = 1;
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /**
     * What is kept.
     *
     * @param tree the tree that was learned; empty if the default one is still at work
     * @param calls how often leaves were asked for with which packages; what was asked for longest ago first
     */
    record Learned(Optional<ZygoteTree> tree, List<Trace.Calls> calls) {

        static final Learned NOTHING = new Learned(Optional.empty(), List.of());

        Learned {
            calls = List.copyOf(calls);
        }
    }

    private final Path folder;
    private volatile boolean failed;

    /** @param folder where the file is; made when it is written */
    AutoMemory(Path folder) {
        this.folder = folder;
    }

    /** Reads what was kept; nothing if there is nothing that can be used. */
    Learned load() {
        Path file = folder.resolve(FILE);
        String text;
        try {
            text = Files.readString(file);
        } catch (NoSuchFileException e) {
            return Learned.NOTHING;
        } catch (CharacterCodingException e) {
            setAside(file, e);
            return Learned.NOTHING;
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "cannot read {0}, so the tree is learned anew: {1}", file, e);
            return Learned.NOTHING;
        }
        try {
            return learned(JSON.readTree(text), file);
        } catch (JsonProcessingException | IllegalArgumentException | ConfigException e) {
            setAside(file, e);
            return Learned.NOTHING;
        }
    }

    private void setAside(Path file, Exception why) {
        Path aside = file.resolveSibling(BROKEN);
        try {
            Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} cannot be used, so the tree is learned anew; it is {1} now: {2}",
                    file,
                    aside,
                    why.getMessage());
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} cannot be used, so the tree is learned anew; it cannot be set aside either ({1}): {2}",
                    file,
                    e,
                    why.getMessage());
        }
    }

    private static Learned learned(JsonNode json, Path file) throws ConfigException, JsonProcessingException {
        if (json.path("version").asInt() != VERSION) {
            throw new IllegalArgumentException("its version is " + json.path("version") + ", not " + VERSION);
        }
        Optional<ZygoteTree> tree = json.hasNonNull("tree")
                ? Optional.of(TreeReader.text(
                        json.get("tree").toString(),
                        file.toString(),
                        file.toAbsolutePath().getParent()))
                : Optional.empty();
        if (!json.path("calls").isArray()) {
            throw new IllegalArgumentException("$.calls must be a list");
        }
        List<Trace.Calls> calls = new ArrayList<>();
        for (JsonNode each : json.get("calls")) {
            Set<PackageId> packages = new HashSet<>();
            each.path("packages").forEach(pinned -> packages.add(PackageId.parse(pinned.asText())));
            if (!each.path("packages").isArray()
                    || !each.path("count").canConvertToLong()
                    || each.path("count").asLong() < 1) {
                throw new IllegalArgumentException("$.calls[" + calls.size() + "] must have packages and a count");
            }
            calls.add(new Trace.Calls(packages, each.get("count").asLong()));
        }
        return new Learned(tree, calls);
    }

    /**
     * Writes it beside and renames it. If it cannot be written, that is logged the first time: it is tried again soon.
     *
     * @return whether it was written
     */
    boolean save(Learned learned) {
        try {
            Files.createDirectories(folder);
            TreeWriter.write(JSON.writeValueAsString(json(learned)) + "\n", folder.resolve(FILE));
            failed = false;
            return true;
        } catch (ClosedByInterruptException e) {
            // The cache is being closed, which writes once more.
            Thread.currentThread().interrupt();
            return false;
        } catch (IOException e) {
            LOG.log(
                    failed ? System.Logger.Level.DEBUG : System.Logger.Level.WARNING,
                    "cannot write {0}; what was learned is lost at a restart: {1}",
                    folder.resolve(FILE),
                    e);
            failed = true;
            return false;
        }
    }

    private static ObjectNode json(Learned learned) throws JsonProcessingException {
        ObjectNode json = JSON.createObjectNode().put("version", VERSION);
        if (learned.tree().isPresent()) {
            json.set("tree", JSON.readTree(TreeWriter.json(learned.tree().get())));
        }
        ArrayNode calls = json.putArray("calls");
        for (Trace.Calls each : learned.calls()) {
            ObjectNode call = calls.addObject();
            ArrayNode packages = call.putArray("packages");
            each.packages().stream().sorted().forEach(id -> packages.add(id.toString()));
            call.put("count", each.count());
        }
        return json;
    }
}
