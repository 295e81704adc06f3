package io.zygotes.core.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.files.Folders;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which version each lambda was when it was last read, on disk: a lambda that has not changed since is neither copied
 * nor hashed again by the next worker. Safe for use by many threads.
 */
final class CodeIndex {

    private static final Logger LOG = System.getLogger(CodeIndex.class.getName());
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final Map<String, Entry> entries = new ConcurrentHashMap<>();
    private volatile boolean changed;

    /** What a lambda was: a digest of its fingerprint, which may be long, and the version. */
    private record Entry(String state, String version) {}

    /** @param file where it is kept */
    CodeIndex(Path file) {
        this.file = file;
    }

    /** Reads what an earlier worker wrote. What is damaged is passed over: everything in it can be found out again. */
    void load() {
        try {
            if (Files.exists(file)) {
                for (Map.Entry<String, JsonNode> each :
                        JSON.readTree(Files.readAllBytes(file)).properties()) {
                    String version = each.getValue().path("version").asText();
                    if (ContentHash.isOne(version)) {
                        entries.putIfAbsent(
                                each.getKey(),
                                new Entry(each.getValue().path("state").asText(), version));
                    }
                }
            }
        } catch (JsonProcessingException e) {
            LOG.log(Level.WARNING, "passing over " + file + ", which is damaged; the lambdas are read again", e);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot read " + file + "; the lambdas are read again", e);
        }
    }

    /**
     * The version of a lambda, if it is what it was when it was read.
     *
     * @param fingerprint as {@link LambdaStore#fingerprint}
     */
    Optional<String> version(String name, String fingerprint) {
        Entry entry = entries.get(name);
        return entry != null && entry.state().equals(digest(fingerprint))
                ? Optional.of(entry.version())
                : Optional.empty();
    }

    /** A lambda was read. */
    void put(String name, String fingerprint, String version) {
        Entry entry = new Entry(digest(fingerprint), version);
        changed |= !entry.equals(entries.put(name, entry));
    }

    /** A lambda is gone. */
    void remove(String name) {
        changed |= entries.remove(name) != null;
    }

    /**
     * Writes it down, if it changed since it was last written. A failure costs the next worker time, so it is logged.
     */
    void save() {
        if (!changed) {
            return;
        }
        changed = false;
        ObjectNode all = JSON.createObjectNode();
        new TreeMap<>(entries)
                .forEach((name, entry) ->
                        all.putObject(name).put("state", entry.state()).put("version", entry.version()));
        try {
            Folders.write(file, JSON.writeValueAsBytes(all));
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot write " + file + "; the next worker reads all lambdas again", e);
        }
    }

    private static String digest(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
