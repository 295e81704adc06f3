package io.zygotes.core.aws;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** A request in the one form that is signed, whatever way it was sent. */
final class CanonicalRequest {

    private static final String SIGNATURE = "X-Amz-Signature";

    private CanonicalRequest() {}

    /** @param hash of the body, or a word in its place */
    static String of(AwsRequest request, SignedRequest signed, String hash) {
        StringBuilder text = new StringBuilder();
        text.append(request.method()).append('\n');
        text.append(path(request.path())).append('\n');
        text.append(query(request)).append('\n');
        for (String header : signed.headers()) {
            // Blanks inside are one, also those of values that were put together.
            String value = request.header(header).orElse("").strip().replaceAll("[ \t]+", " ");
            text.append(header).append(':').append(value).append('\n');
        }
        return text.append('\n')
                .append(String.join(";", signed.headers()))
                .append('\n')
                .append(hash)
                .toString();
    }

    /** Without dots and empty parts, and encoded once more: all services but S3 do that. */
    private static String path(String path) {
        Deque<String> parts = new ArrayDeque<>();
        for (String part : path.split("/")) {
            if (part.equals("..")) {
                parts.pollLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        String clean = "/" + String.join("/", parts);
        boolean folder = !parts.isEmpty() && (path.endsWith("/") || path.endsWith("/.") || path.endsWith("/.."));
        return encoded(folder ? clean + "/" : clean).replace("%2F", "/");
    }

    private static String query(AwsRequest request) {
        List<String> all = new ArrayList<>();
        for (AwsRequest.Parameter parameter : request.parameters()) {
            if (!parameter.name().equals(SIGNATURE)) {
                // Names are sorted first; no encoded one has a character that comes before this.
                all.add(encoded(parameter.name()) + "\0" + encoded(parameter.value()));
            }
        }
        all.sort(null);
        return String.join("&", all).replace('\0', '=');
    }

    /** RFC 3986: all but letters, digits, and four marks. */
    static String encoded(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xFF);
            boolean plain =
                    c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || "-._~".indexOf(c) >= 0;
            if (plain) {
                out.append(c);
            } else {
                out.append(String.format("%%%02X", (int) c));
            }
        }
        return out.toString();
    }
}
