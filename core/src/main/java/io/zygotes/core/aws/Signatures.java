package io.zygotes.core.aws;

import io.zygotes.core.aws.AwsException.Type;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Checks signatures of AWS Signature Version 4, in the header {@code Authorization} or in the query of a presigned URL.
 * The algorithm is published ("Signing AWS API requests" in the IAM user guide). Safe for use by many threads.
 *
 * <p>A request may be sent again as long as its signature is valid, as with the service: clients that try again within
 * a second send the same one.
 */
final class Signatures {

    /** How far a client's clock may be off, as with the service. */
    static final Duration SKEW = Duration.ofMinutes(5);

    static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'");

    private static final String WRONG =
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
                    + " Access Key and signing method.";
    /** A week. */
    private static final long MOST_SECONDS = 7 * 24 * 3600;

    private final Map<String, String> credentials;
    private final Optional<String> region;
    private final String service;
    private final InstantSource clock;

    /**
     * @param credentials secrets by the ids of their access keys
     * @param region the one that clients must name; empty for any
     * @param service the one that clients must name
     * @param clock tells the time
     */
    Signatures(Map<String, String> credentials, Optional<String> region, String service, InstantSource clock) {
        this.credentials = Map.copyOf(credentials);
        this.region = region;
        this.service = service;
        this.clock = clock;
    }

    /** Whether there is any key by which a request could be signed. */
    boolean exist() {
        return !credentials.isEmpty();
    }

    /**
     * Checks a request.
     *
     * @return the id of the key by which it is signed
     * @throws AwsException if it is not signed, or not rightly
     */
    String verify(AwsRequest request) throws AwsException {
        SignedRequest signed = SignedRequest.of(request);
        CredentialScope scope = signed.scope();
        String secret = credentials.get(scope.keyId());
        if (secret == null) {
            throw new AwsException(Type.UNRECOGNIZED_CLIENT, "The security token included in the request is invalid.");
        }
        checkScope(scope, signed.time());
        checkTime(signed);
        String hash = payloadHash(request, signed);
        byte[] expected = signature(secret, signed, CanonicalRequest.of(request, signed, hash));
        // In a time that does not depend on where the first wrong digit is.
        if (!MessageDigest.isEqual(expected, signed.signature().getBytes(StandardCharsets.US_ASCII))) {
            throw new AwsException(Type.INVALID_SIGNATURE, WRONG);
        }
        return scope.keyId();
    }

    private void checkScope(CredentialScope scope, String time) throws AwsException {
        if (!scope.service().equals(service)) {
            throw new AwsException(
                    Type.INVALID_SIGNATURE, "Credential should be scoped to correct service: '" + service + "'.");
        }
        if (region.isPresent() && !region.get().equals(scope.region())) {
            throw new AwsException(
                    Type.INVALID_SIGNATURE, "Credential should be scoped to a valid region: '" + region.get() + "'.");
        }
        if (!time.startsWith(scope.date())) {
            throw new AwsException(
                    Type.INVALID_SIGNATURE,
                    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '"
                            + scope.date() + "' != '" + time + "'.");
        }
    }

    private void checkTime(SignedRequest signed) throws AwsException {
        Instant now = clock.instant();
        Instant at;
        try {
            at = LocalDateTime.parse(signed.time(), TIME).toInstant(ZoneOffset.UTC);
        } catch (DateTimeException e) {
            throw SignedRequest.incomplete(
                    "Date must be in ISO-8601 'basic format'. Got '" + signed.time() + "'. See docs/aws.md.");
        }
        if (signed.seconds().isPresent()
                && (signed.seconds().get() < 1 || signed.seconds().get() > MOST_SECONDS)) {
            throw SignedRequest.incomplete("X-Amz-Expires must be between 1 and " + MOST_SECONDS);
        }
        Duration valid = signed.seconds().map(Duration::ofSeconds).orElse(SKEW);
        if (now.isAfter(at.plus(valid))) {
            throw new AwsException(
                    Type.INVALID_SIGNATURE,
                    "Signature expired: " + signed.time() + " is now earlier than " + text(now.minus(valid)) + " ("
                            + text(now) + " - " + valid.toSeconds() + " s.)");
        }
        if (now.isBefore(at.minus(SKEW))) {
            throw new AwsException(
                    Type.INVALID_SIGNATURE,
                    "Signature not yet current: " + signed.time() + " is still later than " + text(now.plus(SKEW))
                            + " (" + text(now) + " + " + SKEW.toMinutes() + " min.)");
        }
    }

    private static String text(Instant time) {
        return TIME.format(time.atOffset(ZoneOffset.UTC));
    }

    /** Of the body, unless the client says that it did not sign that. What it says of the body must be true. */
    private static String payloadHash(AwsRequest request, SignedRequest signed) throws AwsException {
        Optional<String> said = request.header("x-amz-content-sha256")
                .or(() -> signed.presigned() ? request.parameter("X-Amz-Content-Sha256") : Optional.empty());
        if (said.isPresent() && said.get().equals("UNSIGNED-PAYLOAD")) {
            return said.get();
        }
        String hash = HexFormat.of().formatHex(Digests.sha256(request.body()));
        if (said.isPresent() && !said.get().equals(hash)) {
            throw new AwsException(
                    Type.INVALID_SIGNATURE, "The provided x-amz-content-sha256 does not match what was sent.");
        }
        return hash;
    }

    private static byte[] signature(String secret, SignedRequest signed, String canonical) {
        CredentialScope scope = signed.scope();
        String toSign = SignedRequest.ALGORITHM + "\n" + signed.time() + "\n" + scope.text() + "\n"
                + HexFormat.of().formatHex(Digests.sha256(canonical.getBytes(StandardCharsets.UTF_8)));
        byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (String part : List.of(scope.date(), scope.region(), scope.service(), CredentialScope.END, toSign)) {
            key = Digests.hmac(key, part);
        }
        return HexFormat.of().formatHex(key).getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * The query of a presigned URL for a request, which only somebody with a key could have made.
     *
     * @param keyId one of the keys
     * @param request as it will be sent, but for what this adds to its query
     * @param inRegion for which region
     * @param valid for how long
     * @return the whole query
     */
    String presign(String keyId, AwsRequest request, String inRegion, Duration valid) throws AwsException {
        String time = text(clock.instant());
        CredentialScope scope = new CredentialScope(keyId, time.substring(0, 8), inRegion, service);
        String names = String.join(";", new TreeSet<>(request.headers().keySet()));
        String query = (request.query().isEmpty() ? "" : request.query() + "&")
                + "X-Amz-Algorithm=" + SignedRequest.ALGORITHM
                + "&X-Amz-Credential=" + CanonicalRequest.encoded(keyId + "/" + scope.text())
                + "&X-Amz-Date=" + time + "&X-Amz-Expires=" + valid.toSeconds()
                + "&X-Amz-SignedHeaders=" + CanonicalRequest.encoded(names);
        AwsRequest whole = new AwsRequest(
                request.method(), request.path(), query + "&X-Amz-Signature=none", request.headers(), request.body());
        SignedRequest signed = SignedRequest.of(whole);
        byte[] signature = signature(
                credentials.get(keyId), signed, CanonicalRequest.of(whole, signed, payloadHash(whole, signed)));
        return query + "&X-Amz-Signature=" + new String(signature, StandardCharsets.US_ASCII);
    }
}
