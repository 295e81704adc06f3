package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.core.aws.AwsException.Type;
import java.io.IOException;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The members of a request's body. What is null counts as not there. */
final class Input {

    private final JsonNode members;

    private Input(JsonNode members) {
        this.members = members;
    }

    /** Reads a body; an empty one has no members. */
    static Input of(AwsRequest request) throws AwsException {
        try {
            JsonNode members = request.body().length == 0 ? Json.object() : Json.read(request.body());
            if (members.isObject()) {
                return new Input(members);
            }
        } catch (IOException e) {
            throw new AwsException(
                    Type.INVALID_REQUEST_CONTENT, "Could not parse request body into json: " + e.getMessage(), e);
        }
        throw new AwsException(Type.INVALID_REQUEST_CONTENT, "Could not parse request body into json: no object");
    }

    private Optional<JsonNode> value(String member) {
        JsonNode value = members.get(member);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    boolean has(String member) {
        return value(member).isPresent();
    }

    /** A structure in it; one without members if it is not there. */
    Input structure(String member) throws AwsException {
        Optional<JsonNode> value = value(member);
        if (value.isPresent() && !value.get().isObject()) {
            throw wrong(member, "a structure");
        }
        return new Input(value.orElseGet(Json::object));
    }

    Optional<String> text(String member) throws AwsException {
        Optional<JsonNode> value = value(member);
        if (value.isPresent() && !value.get().isTextual()) {
            throw wrong(member, "a text");
        }
        return value.map(JsonNode::textValue);
    }

    String need(String member) throws AwsException {
        return text(member)
                .orElseThrow(() -> new AwsException(
                        Type.VALIDATION,
                        "1 validation error detected: Value null at '" + member
                                + "' failed to satisfy constraint: Member must not be null"));
    }

    boolean flag(String member) throws AwsException {
        Optional<JsonNode> value = value(member);
        if (value.isPresent() && !value.get().isBoolean()) {
            throw wrong(member, "true or false");
        }
        return value.isPresent() && value.get().booleanValue();
    }

    /** A whole number in a range; empty if it is not there. */
    Optional<Integer> number(String member, int least, int most) throws AwsException {
        Optional<JsonNode> value = value(member);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        if (!value.get().canConvertToInt()
                || value.get().intValue() < least
                || value.get().intValue() > most) {
            throw wrong(member, "a whole number from " + least + " to " + most);
        }
        return Optional.of(value.get().intValue());
    }

    /** A map of texts; empty if it is not there. */
    Optional<Map<String, String>> texts(String member) throws AwsException {
        Optional<JsonNode> value = value(member);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        Map<String, String> all = new TreeMap<>();
        if (!value.get().isObject()) {
            throw wrong(member, "a map of texts");
        }
        for (Map.Entry<String, JsonNode> entry : value.get().properties()) {
            if (!entry.getValue().isTextual()) {
                throw wrong(member + "." + entry.getKey(), "a text");
            }
            all.put(entry.getKey(), entry.getValue().textValue());
        }
        return Optional.of(all);
    }

    /** A map of numbers from 0 to 1; without entries if it is not there. */
    Map<String, Double> weights(String member) throws AwsException {
        Map<String, Double> all = new TreeMap<>();
        Optional<JsonNode> value = value(member);
        if (value.isPresent()) {
            for (Map.Entry<String, JsonNode> entry : value.get().properties()) {
                double weight = entry.getValue().isNumber() ? entry.getValue().doubleValue() : -1;
                if (!(weight >= 0 && weight <= 1)) {
                    throw wrong(member + "." + entry.getKey(), "a number from 0 to 1");
                }
                all.put(entry.getKey(), weight);
            }
        }
        return all;
    }

    /** Bytes in base64; empty if they are not there. */
    Optional<byte[]> bytes(String member) throws AwsException {
        Optional<String> text = text(member);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Base64.getDecoder().decode(text.get()));
        } catch (IllegalArgumentException e) {
            throw wrong(member, "base64");
        }
    }

    /** Whether a list, a structure or a text says something. */
    boolean saysSomething(String member) {
        return value(member)
                .filter(value -> value.isContainerNode()
                        ? !value.isEmpty()
                        : !value.asText().isEmpty())
                .isPresent();
    }

    /** Whether a list has something else in it than one text. */
    boolean listsOtherThan(String member, String text) {
        return value(member)
                .filter(value -> value.size() != 1 || !value.get(0).asText().equals(text))
                .isPresent();
    }

    private static AwsException wrong(String member, String must) {
        return new AwsException(
                Type.VALIDATION,
                "1 validation error detected: Value at '" + member + "' failed to satisfy constraint: it must be "
                        + must);
    }
}
