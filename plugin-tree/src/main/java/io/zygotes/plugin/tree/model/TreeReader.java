package io.zygotes.plugin.tree.model;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads trees. A node is {@code {"packages": […], "children": […]}} or {@code {"include": "other.json"}}; every fault
 * is a {@link ConfigException} with the file and the JSON path of the fault.
 */
public final class TreeReader {

    /** The value of {@code import_cache_tree} that asks for a tree learned from the worker's own traffic. */
    public static final String AUTO = "auto";

    /** Its file name says what is in it; {@code init} writes a copy under the same name. */
    private static final String DEFAULT_TREE = "/io/zygotes/plugin/tree/default-zygotes-40.json";

    private static final String SETTING = "config.json: $.import_cache_tree";

    private TreeReader() {}

    /**
     * Reads the value of {@code import_cache_tree}.
     *
     * @param value a path, JSON text (starts with a brace), or an inline object as a JSON library reads it; empty for
     *     the tree that comes with this plugin
     * @param workerDirectory what a relative path is relative to
     * @throws ConfigException if it is not a tree
     */
    public static ZygoteTree setting(Optional<Object> value, Path workerDirectory) throws ConfigException {
        if (value.isEmpty()) {
            return bundled();
        }
        return switch (value.get()) {
            case String text when text.isBlank() -> bundled();
            case String text
            when text.equals(AUTO) ->
                throw new ConfigException(
                        SETTING, "\"auto\" works with the import cache \"tree\" only; a file of that name is ./auto");
            case String text
            when text.stripLeading().startsWith("{") -> text(text, "import_cache_tree (JSON text)", workerDirectory);
            case String text -> named(text, workerDirectory);
            case Map<?, ?> object -> inline(object, workerDirectory);
            default ->
                throw new ConfigException(
                        SETTING, "must be a path, a tree as an object, or a tree as text, not " + value.get());
        };
    }

    private static ZygoteTree named(String path, Path workerDirectory) throws ConfigException {
        Path file;
        try {
            file = workerDirectory.resolve(path);
        } catch (InvalidPathException e) {
            throw new ConfigException(SETTING, "'" + path + "' is not a path: " + e.getReason(), e);
        }
        if (!Files.exists(file)) {
            throw new ConfigException(
                    SETTING,
                    "there is no file " + file.toAbsolutePath().normalize()
                            + "; a relative path is relative to the worker directory, a tree as text starts"
                            + " with {");
        }
        return file(file);
    }

    private static ZygoteTree inline(Map<?, ?> object, Path workerDirectory) throws ConfigException {
        JsonNode json;
        try {
            json = TreeSource.json(object);
        } catch (IllegalArgumentException e) {
            throw new ConfigException(SETTING, "is not JSON: " + e.getMessage(), e);
        }
        TreeSource source = new TreeSource("config.json", workerDirectory, List.of());
        return NodeReader.tree(json, source, "$.import_cache_tree");
    }

    /**
     * Reads a tree from a file.
     *
     * @throws ConfigException if the file cannot be read or is not a tree
     */
    public static ZygoteTree file(Path file) throws ConfigException {
        TreeSource source = TreeSource.of(file);
        return NodeReader.tree(source.read(file), source, "$");
    }

    /**
     * Reads a tree from JSON text.
     *
     * @param text the JSON
     * @param name what the text is called in messages
     * @param folder what includes are relative to
     * @throws ConfigException if it is not a tree
     */
    public static ZygoteTree text(String text, String name, Path folder) throws ConfigException {
        TreeSource source = new TreeSource(name, folder, List.of());
        return NodeReader.tree(source.parse(text), source, "$");
    }

    /** The tree that comes with this plugin, made for lambdas whose packages nobody knows. */
    public static ZygoteTree bundled() {
        try {
            return text(bundledText(), "default-zygotes-40.json", Path.of("."));
        } catch (ConfigException e) {
            throw new IllegalStateException("the tree inside this plugin is damaged, build it anew", e);
        }
    }

    /** The file of {@link #bundled}, for those who want a copy to change. */
    public static String bundledText() {
        try (InputStream in = TreeReader.class.getResourceAsStream(DEFAULT_TREE)) {
            if (in == null) {
                throw new IllegalStateException(DEFAULT_TREE + " is missing in this plugin, build it anew");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + DEFAULT_TREE, e);
        }
    }
}
