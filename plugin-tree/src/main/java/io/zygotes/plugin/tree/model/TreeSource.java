package io.zygotes.plugin.tree.model;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Where the JSON of a tree comes from: for messages, and to resolve includes and find their cycles.
 *
 * @param name what it is called in messages
 * @param folder what includes are relative to
 * @param files the files that include each other down to this one, which is the last; empty for a tree in no file
 */
record TreeSource(String name, Path folder, List<Path> files) {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    TreeSource {
        files = List.copyOf(files);
    }

    /** A file of its own. */
    static TreeSource of(Path file) {
        return below(file, List.of());
    }

    /** A file that this one includes. */
    TreeSource including(Path file) {
        return below(file, files);
    }

    private static TreeSource below(Path file, List<Path> above) {
        Path path = file.toAbsolutePath().normalize();
        List<Path> files = new ArrayList<>(above);
        files.add(path);
        return new TreeSource(file.toString(), path.getParent(), files);
    }

    /**
     * What is wrong here.
     *
     * @param path the JSON path of the fault
     */
    ConfigException fault(String path, String reason) {
        return new ConfigException(name + ": " + path, reason);
    }

    /** As {@link #fault(String, String)}, because of another error. */
    ConfigException fault(String path, String reason, Exception cause) {
        return new ConfigException(name + ": " + path, reason, cause);
    }

    /** The JSON in this source's file. */
    JsonNode read(Path file) throws ConfigException {
        try {
            return parse(Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new ConfigException(name, "there is no such file", e);
        } catch (IOException e) {
            throw new ConfigException(name, "cannot be read: " + e, e);
        }
    }

    /** JSON that is given as text. */
    JsonNode parse(String text) throws ConfigException {
        try {
            JsonNode json = MAPPER.readTree(text);
            if (json.isMissingNode()) {
                throw fault("$", "is empty; the smallest tree is {\"packages\": [], \"children\": []}");
            }
            return json;
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            String place = at == null ? "$" : "line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw fault(place, "is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /**
     * JSON that another library has read.
     *
     * @throws IllegalArgumentException if it has something that JSON cannot express
     */
    static JsonNode json(Map<?, ?> object) {
        return MAPPER.valueToTree(object);
    }
}
