package io.zygotes.core.aws;

import io.zygotes.core.aws.AwsException.Type;
import java.time.DateTimeException;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a request says of its signature. Nothing of it is checked but its form.
 *
 * @param scope by which key, and for what
 * @param time when, as in {@code 20150830T123600Z}
 * @param headers the names of the headers that are signed, in lower case, in their order
 * @param signature in hexadecimal
 * @param seconds for how long it is valid; empty if it does not say so, because it is not presigned
 */
record SignedRequest(
        CredentialScope scope, String time, List<String> headers, String signature, Optional<Long> seconds) {

    static final String ALGORITHM = "AWS4-HMAC-SHA256";

    private static final String AUTHORIZATION = "authorization";
    private static final String DATE = "x-amz-date";
    /** Signed or not, it says nothing here: there are no temporary keys. */
    private static final String TOKEN = "x-amz-security-token";

    SignedRequest {
        headers = List.copyOf(headers);
    }

    /** Whether the signature is in the URL. */
    boolean presigned() {
        return seconds.isPresent();
    }

    /** @throws AwsException if there is no signature, or it is not in the right form */
    static SignedRequest of(AwsRequest request) throws AwsException {
        SignedRequest signed;
        if (request.header(AUTHORIZATION).isPresent()) {
            signed = ofHeader(request, request.header(AUTHORIZATION).get());
        } else if (request.parameter("X-Amz-Algorithm").isPresent()) {
            signed = ofQuery(request);
        } else {
            throw new AwsException(Type.MISSING_TOKEN, "Missing Authentication Token");
        }
        for (String header : request.headers().keySet()) {
            boolean must = header.equals("host") || header.startsWith("x-amz-") && !header.equals(TOKEN);
            if (must && !signed.headers().contains(header)) {
                throw new AwsException(
                        Type.INVALID_SIGNATURE,
                        "There were headers present in the request which were not signed: " + header);
            }
        }
        return signed;
    }

    private static SignedRequest ofHeader(AwsRequest request, String authorization) throws AwsException {
        if (!authorization.startsWith(ALGORITHM + " ")) {
            throw incomplete("Authorization header must begin with '" + ALGORITHM + "'.");
        }
        Map<String, String> parts = new TreeMap<>();
        for (String part : authorization.substring(ALGORITHM.length()).split(",")) {
            int equals = part.indexOf('=');
            if (equals > 0) {
                parts.put(
                        part.substring(0, equals).strip(),
                        part.substring(equals + 1).strip());
            }
        }
        for (String part : List.of("Credential", "Signature", "SignedHeaders")) {
            if (!parts.containsKey(part)) {
                throw incomplete("Authorization header requires '" + part + "' parameter.");
            }
        }
        return made(
                parts.get("Credential"),
                time(request),
                parts.get("SignedHeaders"),
                parts.get("Signature"),
                Optional.empty());
    }

    private static SignedRequest ofQuery(AwsRequest request) throws AwsException {
        if (!request.parameter("X-Amz-Algorithm").equals(Optional.of(ALGORITHM))) {
            throw incomplete("X-Amz-Algorithm must be " + ALGORITHM + ".");
        }
        Optional<Long> seconds = request.parameter("X-Amz-Expires")
                .filter(text -> text.matches("[0-9]{1,9}"))
                .map(Long::valueOf);
        return made(
                need(request, "X-Amz-Credential"),
                need(request, "X-Amz-Date"),
                need(request, "X-Amz-SignedHeaders"),
                need(request, "X-Amz-Signature"),
                // Clients that presign for other services than S3 may leave it out: then it is valid as any other one.
                Optional.of(seconds.orElse(Signatures.SKEW.toSeconds())));
    }

    private static String need(AwsRequest request, String parameter) throws AwsException {
        return request.parameter(parameter)
                .orElseThrow(() -> incomplete("AWS query-string parameters must include '" + parameter + "'."));
    }

    private static SignedRequest made(
            String credential, String time, String headers, String signature, Optional<Long> seconds)
            throws AwsException {
        Optional<CredentialScope> scope = CredentialScope.parse(credential);
        if (scope.isEmpty()) {
            throw incomplete("Credential must have at least 5 slash-delimited elements, of which the last one is '"
                    + CredentialScope.END + "'.");
        }
        List<String> names = List.of(headers.toLowerCase(Locale.ROOT).split(";"));
        if (!names.contains("host")) {
            throw incomplete("'Host' must be a signed header.");
        }
        return new SignedRequest(scope.get(), time, names, signature, seconds);
    }

    private static String time(AwsRequest request) throws AwsException {
        Optional<String> own = request.header(DATE);
        if (own.isPresent()) {
            return own.get();
        }
        String date = request.header("date")
                .orElseThrow(() -> incomplete(
                        "Authorization header requires existence of either a 'X-Amz-Date' or a" + " 'Date' header."));
        try {
            return ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .withZoneSameInstant(ZoneOffset.UTC)
                    .format(Signatures.TIME);
        } catch (DateTimeException e) {
            return date;
        }
    }

    static AwsException incomplete(String message) {
        return new AwsException(Type.INCOMPLETE_SIGNATURE, message);
    }
}
