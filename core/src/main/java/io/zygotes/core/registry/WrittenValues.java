package io.zygotes.core.registry;

import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * Values of a YAML file as they are written there. YAML makes numbers and truth values of texts that look like some, so
 * that an account number with a leading zero and a version such as {@code 3.10} become others.
 */
final class WrittenValues {

    private static final YAMLFactory YAML = new YAMLFactory();

    private WrittenValues() {}

    /**
     * The values of a mapping at the top of a file.
     *
     * @param text the file, which is YAML
     * @param key the mapping's key
     * @return text by name; values that are mappings or lists are not in it
     * @throws IllegalArgumentException if the file cannot be read
     */
    static Map<String, String> of(String text, String key) {
        Map<String, String> values = new HashMap<>();
        try (YAMLParser parser = YAML.createParser(text)) {
            int depth = 0;
            String top = null;
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token.isStructStart()) {
                    depth++;
                } else if (token.isStructEnd()) {
                    depth--;
                } else if (token == JsonToken.FIELD_NAME && depth == 1) {
                    top = parser.currentName();
                } else if (token.isScalarValue() && depth == 2 && key.equals(top)) {
                    values.put(parser.currentName(), parser.getText());
                }
            }
        } catch (IOException e) {
            throw new IllegalArgumentException("it is not YAML: " + e.getMessage(), e);
        }
        return values;
    }
}
