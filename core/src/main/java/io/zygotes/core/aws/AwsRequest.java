package io.zygotes.core.aws;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A request for the AWS API.
 *
 * @param method its method
 * @param path its path as it was sent, percent signs included
 * @param query what follows the question mark, as it was sent; empty if there is none
 * @param headers its headers, names in lower case
 * @param body its body; not copied
 */
public record AwsRequest(String method, String path, String query, Map<String, String> headers, byte[] body) {

    /** Checks for null and copies the headers. */
    public AwsRequest {
        Objects.requireNonNull(method);
        Objects.requireNonNull(path);
        Objects.requireNonNull(query);
        headers = Map.copyOf(headers);
        Objects.requireNonNull(body);
    }

    /** One parameter of the query, decoded. */
    record Parameter(String name, String value) {}

    /** A header; empty if it is not there. */
    Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name));
    }

    /** All parameters of the query, in their order; a plus sign is one, as in all that AWS's clients send. */
    List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        for (String part : query.split("&")) {
            if (!part.isEmpty()) {
                int equals = part.indexOf('=');
                all.add(new Parameter(
                        decoded(equals < 0 ? part : part.substring(0, equals)),
                        equals < 0 ? "" : decoded(part.substring(equals + 1))));
            }
        }
        return all;
    }

    /** The first parameter of that name; empty if there is none, or it has no value. */
    Optional<String> parameter(String name) {
        return parameters().stream()
                .filter(parameter -> parameter.name().equals(name))
                .map(Parameter::value)
                .filter(value -> !value.isEmpty())
                .findFirst();
    }

    /** A text without its percent signs; as it is if they are wrong. */
    static String decoded(String text) {
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }
}
