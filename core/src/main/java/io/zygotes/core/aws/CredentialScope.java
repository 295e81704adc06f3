package io.zygotes.core.aws;

import java.util.Optional;

/**
 * For what a key signs.
 *
 * @param keyId id of the access key
 * @param date the day, as in {@code 20150830}
 * @param region the region
 * @param service the service
 */
record CredentialScope(String keyId, String date, String region, String service) {

    static final String END = "aws4_request";

    /** Reads {@code KEY/DATE/REGION/SERVICE/aws4_request}; empty if it is none. */
    static Optional<CredentialScope> parse(String text) {
        String[] parts = text.split("/", -1);
        // A key's id may have slashes in it; the rest has none.
        int last = parts.length - 1;
        if (last < 4 || !parts[last].equals(END)) {
            return Optional.empty();
        }
        String end = "/" + String.join("/", parts[last - 3], parts[last - 2], parts[last - 1], END);
        return Optional.of(new CredentialScope(
                text.substring(0, text.length() - end.length()), parts[last - 3], parts[last - 2], parts[last - 1]));
    }

    /** Without the key. */
    String text() {
        return String.join("/", date, region, service, END);
    }
}
