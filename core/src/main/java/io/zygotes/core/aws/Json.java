package io.zygotes.core.aws;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** JSON as the AWS API reads and writes it. */
final class Json {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static byte[] bytes(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A value on one line, without characters that cannot stand in a header. */
    static String asciiLine(JsonNode value) {
        return new String(bytes(value), StandardCharsets.UTF_8)
                .codePoints()
                .collect(StringBuilder::new, Json::appendEscaped, StringBuilder::append)
                .toString();
    }

    private static void appendEscaped(StringBuilder out, int character) {
        if (character < 0x80) {
            out.append((char) character);
        } else {
            for (char half : Character.toChars(character)) {
                out.append(String.format("\\u%04x", (int) half));
            }
        }
    }

    /** @throws IOException if it is no JSON */
    static JsonNode read(byte[] text) throws IOException {
        return MAPPER.readTree(text);
    }

    /** What is wrong with a text that is to be one JSON value; empty if nothing is. Makes no tree of it. */
    static Optional<String> fault(byte[] text) {
        try (JsonParser parser = MAPPER.createParser(text)) {
            if (parser.nextToken() == null) {
                return Optional.of("there is nothing in it");
            }
            parser.skipChildren();
            return parser.nextToken() == null ? Optional.empty() : Optional.of("something follows its end");
        } catch (JsonProcessingException e) {
            return Optional.of(
                    e.getOriginalMessage() + " at line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr());
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
