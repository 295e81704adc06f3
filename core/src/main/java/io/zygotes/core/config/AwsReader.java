package io.zygotes.core.config;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.core.config.WorkerConfig.Aws;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** Reads {@code aws} of {@code config.json}. Says nothing of secrets in its faults. */
final class AwsReader {

    /** What AWS's own have, and what people write who make some up; nothing that would end one in a header. */
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9_.-]{1,128}");

    private static final Pattern REGION = Pattern.compile("|[a-z]{2}(-[a-z]+)+-[0-9]");

    private AwsReader() {}

    static Aws read(Section section) {
        String region = section.text("region", "");
        if (!REGION.matcher(region).matches()) {
            section.fault("region", "is '" + region + "', it must be empty, for any, or a region such as us-east-1");
        }
        Map<String, String> credentials = new LinkedHashMap<>();
        JsonNode keys = section.value("credentials");
        if (keys != null && !keys.isObject()) {
            section.fault("credentials", "must be an object: {\"ACCESS_KEY_ID\": \"SECRET\"}");
        } else if (keys != null) {
            for (Map.Entry<String, JsonNode> key : keys.properties()) {
                if (!KEY.matcher(key.getKey()).matches()) {
                    section.fault(
                            "credentials", "has a key whose id is not 1 to 128 letters, digits, '_', '.' and '-'");
                } else if (!key.getValue().isTextual()
                        || key.getValue().textValue().isBlank()) {
                    section.fault("credentials." + key.getKey(), "must be the key's secret, a text that is not empty");
                } else {
                    credentials.put(key.getKey(), key.getValue().textValue());
                }
            }
        }
        section.finish();
        return new Aws(credentials, region);
    }
}
