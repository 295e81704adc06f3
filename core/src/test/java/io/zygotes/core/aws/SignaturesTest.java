package io.zygotes.core.aws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Those of AWS's published test suite for Signature Version 4 (service "service"), and some for Lambda that botocore
 * 1.44.8 made with the same key at the same time.
 */
class SignaturesTest {

    private static final String KEY = "AKIDEXAMPLE";
    private static final Map<String, String> KEYS = Map.of(KEY, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    private static final Instant NOON = Instant.parse("2015-08-30T12:36:00Z");
    private static final String LIST = "8a73e4aeb5fa8a6744b8348b8e6b00cc42e66bf4b4609f5cc49546faabd20e7e";
    private static final String PRESIGNED = "versionId=a%20b%2Fc&X-Amz-Algorithm=AWS4-HMAC-SHA256"
            + "&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Flambda%2Faws4_request"
            + "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host"
            + "&X-Amz-Signature=1fc73eca538a03d84277d7ec4589a81d08495eb1dcdce307ad7088bdb78d129e";

    private static Signatures signatures(String service, Instant now) {
        return new Signatures(KEYS, Optional.empty(), service, () -> now);
    }

    private static String authorization(String service, String headers, String signature) {
        return "AWS4-HMAC-SHA256 Credential=" + KEY + "/20150830/us-east-1/" + service + "/aws4_request, SignedHeaders="
                + headers + ", Signature=" + signature;
    }

    private static AwsRequest request(
            String method, String path, String query, String authorization, String body, String... more) {
        Map<String, String> headers = new TreeMap<>(
                Map.of("host", "localhost:5000", "x-amz-date", "20150830T123600Z", "authorization", authorization));
        for (int i = 0; i < more.length; i += 2) {
            headers.put(more[i], more[i + 1]);
        }
        return new AwsRequest(method, path, query, headers, body.getBytes(StandardCharsets.UTF_8));
    }

    private static AwsRequest list(String authorization, String... more) {
        return request("GET", "/2015-03-31/functions", "Marker=a%2Bb&MaxItems=5", authorization, "", more);
    }

    private static AwsRequest presigned(String query) {
        return new AwsRequest(
                "GET", "/2015-03-31/functions/hello/code", query, Map.of("host", "localhost:5000"), new byte[0]);
    }

    private static String refusal(Instant now, AwsRequest request) {
        AwsException refused =
                assertThrows(AwsException.class, () -> signatures("lambda", now).verify(request));
        return refused.answer().headers().get("x-amzn-ErrorType") + " "
                + refused.answer().status();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {
                "GET,none,none,host;x-amz-date,5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
                "GET,Param2=value2&Param1=value1,none,host;x-amz-date,"
                        + "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
                "POST,none,none,host;x-amz-date,5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
                "POST,none,Param1=value1,content-type;host;x-amz-date,"
                        + "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            })
    void thePublishedSignaturesAreRight(String method, String query, String body, String headers, String signature)
            throws Exception {
        AwsRequest request = request(
                method,
                "/",
                query == null ? "" : query,
                authorization("service", headers, signature),
                body == null ? "" : body,
                "host",
                "example.amazonaws.com",
                "content-type",
                "application/x-www-form-urlencoded");

        assertEquals(KEY, signatures("service", NOON).verify(request));
    }

    @Test
    void thoseOfBotocoreAreRight() throws Exception {
        String invoke = authorization(
                "lambda",
                "host;x-amz-client-context;x-amz-date;x-amz-invocation-type",
                "702c26ef1b8ff9294b8022cff9a1ee2643424d40f247ac8f5afb00c30889afe1");
        Signatures signatures = signatures("lambda", NOON);

        assertEquals(KEY, signatures.verify(list(authorization("lambda", "host;x-amz-date", LIST))));
        assertEquals(KEY, signatures.verify(presigned(PRESIGNED)));
        assertEquals(
                KEY,
                signatures.verify(request(
                        "POST",
                        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Ahello"
                                + "/invocations",
                        "Qualifier=%24LATEST",
                        invoke,
                        "{\"n\": 1}",
                        "x-amz-client-context",
                        "a  b",
                        "x-amz-invocation-type",
                        "Event")));
    }

    @Test
    void whatIsNotSignedIsRefused() {
        String right = authorization("lambda", "host;x-amz-date", LIST);

        assertEquals(
                "MissingAuthenticationTokenException 403",
                refusal(NOON, new AwsRequest("GET", "/", "", Map.of("host", "x"), new byte[0])));
        assertEquals(
                "UnrecognizedClientException 403", refusal(NOON, list(right.replace("AKIDEXAMPLE", "AKIDSOMEBODY"))));
        assertEquals("InvalidSignatureException 403", refusal(NOON, list(right.replace(LIST, "0".repeat(64)))));
        assertEquals("InvalidSignatureException 403", refusal(NOON, list(right.replace(LIST, ""))));
        assertEquals("InvalidSignatureException 403", refusal(NOON, list(right.replace("us-east-1", "eu-west-1"))));
        assertEquals("InvalidSignatureException 403", refusal(NOON, list(right.replace("/lambda/", "/s3/"))));
        assertEquals("InvalidSignatureException 403", refusal(NOON, list(right.replace("20150830", "20150829"))));
        for (String cut : new String[] {"Bearer x", "AWS4-HMAC-SHA256 Credential=a/b", right.replace("host;", "")}) {
            assertEquals("IncompleteSignatureException 403", refusal(NOON, list(cut)), cut);
        }
    }

    @Test
    void whatWasChangedAfterItWasSignedIsRefused() {
        String right = authorization("lambda", "host;x-amz-date", LIST);

        assertEquals("InvalidSignatureException 403", refusal(NOON, list(right, "host", "elsewhere")));
        assertEquals(
                "InvalidSignatureException 403",
                refusal(NOON, request("GET", "/2015-03-31/functions", "Marker=a%2Bb&MaxItems=6", right, "")));
        assertEquals(
                "InvalidSignatureException 403",
                refusal(NOON, request("PUT", "/2015-03-31/functions", "Marker=a%2Bb&MaxItems=5", right, "")));
        assertEquals(
                "InvalidSignatureException 403",
                refusal(NOON, request("GET", "/2015-03-31/functions", "Marker=a%2Bb&MaxItems=5", right, "x")));
        assertEquals("InvalidSignatureException 403", refusal(NOON, list(right, "x-amz-invocation-type", "Event")));
        assertEquals("InvalidSignatureException 403", refusal(NOON, list(right, "x-amz-content-sha256", "0")));
        assertEquals(
                "InvalidSignatureException 403",
                refusal(NOON, presigned(PRESIGNED.replace("X-Amz-Expires=600", "X-Amz-Expires=6000"))));
    }

    @Test
    void aTokenOfASessionSaysNothing() throws Exception {
        AwsRequest request = list(authorization("lambda", "host;x-amz-date", LIST), "x-amz-security-token", "whatever");

        assertEquals(KEY, signatures("lambda", NOON).verify(request));
    }

    @Test
    void aClockMayBeOffByFiveMinutes() throws Exception {
        AwsRequest request = list(authorization("lambda", "host;x-amz-date", LIST));
        Duration most = Duration.ofMinutes(5);

        assertEquals(KEY, signatures("lambda", NOON.plus(most)).verify(request));
        assertEquals(KEY, signatures("lambda", NOON.minus(most)).verify(request));
        assertEquals("InvalidSignatureException 403", refusal(NOON.plus(most).plusSeconds(1), request));
        assertEquals("InvalidSignatureException 403", refusal(NOON.minus(most).minusSeconds(1), request));
        AwsRequest noTime = list(authorization("lambda", "host;x-amz-date", LIST), "x-amz-date", "20150830T99");
        assertEquals("IncompleteSignatureException 403", refusal(NOON, noTime));
    }

    @Test
    void aPresignedUrlIsValidForItsOwnTime() throws Exception {
        assertEquals(KEY, signatures("lambda", NOON.plusSeconds(600)).verify(presigned(PRESIGNED)));
        assertEquals("InvalidSignatureException 403", refusal(NOON.plusSeconds(601), presigned(PRESIGNED)));
        assertEquals(
                "IncompleteSignatureException 403",
                refusal(NOON, presigned(PRESIGNED.replace("Expires=600", "Expires=0"))));
        assertEquals(
                "IncompleteSignatureException 403",
                refusal(NOON, presigned(PRESIGNED.replace("Expires=600", "Expires=604801"))));
    }

    @Test
    void whatIsPresignedHereIsWhatIsTaken() throws Exception {
        Signatures signatures = signatures("lambda", NOON);
        String query = signatures.presign(KEY, presigned("versionId=3"), "us-east-1", Duration.ofMinutes(10));

        assertEquals(KEY, signatures.verify(presigned(query)));
        assertTrue(query.startsWith("versionId=3&") && query.contains("X-Amz-Expires=600&"), query);
    }

    @Test
    void aRegionThatIsSetMustBeNamed() throws Exception {
        AwsRequest request = list(authorization("lambda", "host;x-amz-date", LIST));

        assertEquals(KEY, new Signatures(KEYS, Optional.of("us-east-1"), "lambda", () -> NOON).verify(request));
        assertThrows(
                AwsException.class,
                () -> new Signatures(KEYS, Optional.of("eu-west-1"), "lambda", () -> NOON).verify(request));
    }
}
