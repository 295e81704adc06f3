package io.zygotes.core.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Small files in JSON that a worker leaves about itself. One that cannot be understood is as good as none. */
final class Records {

    static final ObjectMapper JSON = new ObjectMapper();

    private Records() {}

    /**
     * Reads one.
     *
     * @return its content; a missing node if there is none, or it is empty or damaged
     * @throws IOException if it is there and cannot be read
     */
    static JsonNode read(Path file) throws IOException {
        try {
            return JSON.readTree(Files.readAllBytes(file));
        } catch (NoSuchFileException | JsonProcessingException e) {
            return JSON.missingNode();
        }
    }
}
