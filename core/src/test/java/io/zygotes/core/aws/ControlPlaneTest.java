package io.zygotes.core.aws;

import static io.zygotes.core.aws.ApiUnderTest.error;
import static io.zygotes.core.aws.ApiUnderTest.json;
import static io.zygotes.core.aws.ApiUnderTest.text;
import static io.zygotes.core.aws.ApiUnderTest.zip;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.spi.LeafSpec;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ControlPlaneTest {

    private static final String ALL = "/2015-03-31/functions";
    private static final String ONE = ALL + "/made";
    private static final String CODE = "def f(event, context=None):\n    return 1\n";

    @TempDir
    Path folder;

    private ApiUnderTest api;

    @BeforeEach
    void start() throws Exception {
        api = new ApiUnderTest(folder, Map.of("KEY", "secret"));
    }

    @AfterEach
    void close() {
        api.close();
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private AwsAnswer create(String name, byte[] zip, String more) throws Exception {
        return api.signed(
                "POST",
                ALL,
                "{'FunctionName': '" + name + "', 'Runtime': 'python3.12', 'Role': 'arn:aws:iam::0:role/x',"
                        + " 'Handler': 'f.f', 'Code': {'ZipFile': '" + base64(zip) + "'}" + more + "}");
    }

    private JsonNode made(String more) throws Exception {
        AwsAnswer answer = create("made", zip("f.py", CODE, "data/x.txt", "x"), more);
        assertEquals(201, answer.status(), text(answer));
        return json(answer);
    }

    private LeafSpec spec(String lambda) throws Exception {
        return api.registry.lookupNow(lambda).spec();
    }

    @Test
    void aFunctionIsMadeOfAZipAndIsALambdaLikeAnyOther() throws Exception {
        byte[] zip = zip("f.py", CODE, "data/x.txt", "x");
        JsonNode made = json(create(
                "made",
                zip,
                ", 'MemorySize': 200, 'Timeout': 9, 'Description': 'what it is', 'EphemeralStorage': {'Size': 600},"
                        + " 'Environment': {'Variables': {'GREETING': 'yes: \\\"no\\\"', 'NUMBER': '0123'}}"));

        assertEquals(
                "arn:aws:lambda:us-east-1:000000000000:function:made",
                made.get("FunctionArn").asText());
        assertEquals("what it is", made.get("Description").asText());
        assertEquals("python3.12", made.get("Runtime").asText());
        assertEquals("f.f", made.get("Handler").asText());
        assertEquals(zip.length, made.get("CodeSize").asInt());
        assertEquals(base64(Digests.sha256(zip)), made.get("CodeSha256").asText());
        assertEquals("Active", made.get("State").asText());
        assertEquals("$LATEST", made.get("Version").asText());
        assertTrue(made.get("LastModified").asText().matches("20..-..-..T..:..:..[.]...\\+0000"), made.toString());
        assertEquals(made, json(api.get(ONE + "/configuration")));
        LeafSpec spec = spec("made");
        assertEquals(200, spec.limits().memMb());
        assertEquals(9, spec.limits().runtimeSec());
        assertEquals(600, spec.limits().tmpMb());
        assertEquals("yes: \"no\"", spec.environment().get("GREETING"));
        assertEquals("0123", spec.environment().get("NUMBER"));
        assertEquals("x", Files.readString(spec.handler().resolve("data/x.txt")));
        String settings = Files.readString(folder.resolve("registry/made/ol.yaml"));
        assertTrue(settings.contains("\"handler\": \"f.f\""), settings);
        assertEquals("ResourceConflictException 409", error(create("made", zip, "")));
        assertLeavesNothing();
    }

    private void assertLeavesNothing() throws Exception {
        try (Stream<Path> left = Files.list(folder.resolve("aws/uploads"))) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void settingsInTheZipHoldWhereTheRequestSaysNothing() throws Exception {
        byte[] zip = zip("f.py", CODE, "ol.yaml", "network: none\nlimits:\n  procs: 7\n  mem_mb: 99\n");

        assertEquals(201, create("made", zip, ", 'MemorySize': 150").status());

        assertEquals(7, spec("made").limits().procs());
        assertEquals(150, spec("made").limits().memMb());
        assertEquals("NONE", spec("made").network().name());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ", 'Runtime': 'nodejs22.x'",
                ", 'Handler': 'nodot'",
                ", 'Handler': 'with blank.f'",
                ", 'MemorySize': 900000",
                ", 'MemorySize': 2000",
                ", 'Timeout': 0",
                ", 'Timeout': '3'",
                ", 'Environment': {'Variables': {'AWS_REGION': 'x'}}",
                ", 'Environment': {'Variables': {'_HANDLER': 'x'}}",
                ", 'Environment': {'Variables': {'A': 1}}",
                ", 'Environment': {'Variables': []}",
                ", 'Layers': ['arn:aws:lambda:us-east-1:1:layer:x:1']",
                ", 'VpcConfig': {'SubnetIds': ['x']}",
                ", 'Architectures': ['risc']",
                ", 'PackageType': 'Image'",
                ", 'Code': {'S3Bucket': 'x', 'S3Key': 'y'}",
                ", 'Code': {'ZipFile': ''}",
                ", 'Code': {'ZipFile': '???'}",
                ", 'Code': {'ZipFile': 'bm8gemlw'}",
                ", 'Code': 1",
                ", 'Role': null",
                ", 'FunctionName': '-x'",
                ", 'FunctionName': 'a.b'",
                ", 'FunctionName': 'made:1'",
            })
    void whatCannotBeMadeIsRefusedAndNothingIsThere(String more) throws Exception {
        AwsAnswer answer = create("made", zip("f.py", CODE), more);

        assertEquals(400, answer.status(), text(answer));
        String shape = answer.headers().get("x-amzn-ErrorType");
        assertTrue(shape.equals("InvalidParameterValueException") || shape.equals("ValidationException"), shape);
        assertEquals(0, json(api.get(ALL)).get("Functions").size());
        assertEquals("ResourceNotFoundException 404", error(api.get(ONE)));
    }

    @Test
    void aZipThatTheRegistryRefusesIsRefused() throws Exception {
        AwsAnswer climbs = create("made", zip("f.py", CODE, "../out.py", "x"), "");
        AwsAnswer pins = create("made", zip("f.py", CODE, "requirements.txt", "numpy\n"), "");

        assertEquals("InvalidParameterValueException 400", error(climbs));
        assertEquals("InvalidParameterValueException 400", error(pins));
        assertFalse(Files.exists(folder.resolve("registry/out.py")));
        assertEquals("InvalidRequestContentException 400", error(api.signed("POST", ALL, "{")));
        assertEquals("InvalidRequestContentException 400", error(api.signed("POST", ALL, "[]")));
        assertEquals("ValidationException 400", error(api.signed("POST", ALL, "{}")));
        assertLeavesNothing();
    }

    @Test
    void otherCodeLeavesTheSettingsAsTheyAre() throws Exception {
        JsonNode before = made(", 'Timeout': 8, 'Environment': {'Variables': {'A': 'b'}}");
        byte[] zip = zip("f.py", CODE + "# changed\n", "ol.yaml", "limits: {runtime_sec: 2}\n");

        JsonNode dry = json(api.signed("PUT", ONE + "/code", "{'DryRun': true, 'ZipFile': '" + base64(zip) + "'}"));
        AwsAnswer answer = api.signed("PUT", ONE + "/code", "{'ZipFile': '" + base64(zip) + "'}");

        assertEquals(before, dry);
        assertEquals(200, answer.status(), text(answer));
        assertEquals(base64(Digests.sha256(zip)), json(answer).get("CodeSha256").asText());
        assertNotEquals(before.get("RevisionId"), json(answer).get("RevisionId"));
        assertEquals(8, spec("made").limits().runtimeSec());
        assertEquals("b", spec("made").environment().get("A"));
        assertTrue(Files.readString(spec("made").handler().resolve("f.py")).contains("# changed"));
        assertFalse(Files.exists(spec("made").handler().resolve("data/x.txt")));
    }

    @Test
    void otherSettingsLeaveTheCodeAsItIs() throws Exception {
        JsonNode before = made(", 'Timeout': 8, 'Environment': {'Variables': {'A': 'b'}}");

        JsonNode after = json(api.signed(
                "PUT", ONE + "/configuration", "{'MemorySize': 222, 'Description': 'other', 'Handler': 'f.g'}"));

        assertEquals(222, after.get("MemorySize").asInt());
        assertEquals(8, after.get("Timeout").asInt());
        assertEquals("other", after.get("Description").asText());
        assertEquals("f.g", after.get("Handler").asText());
        assertEquals(before.get("CodeSha256"), after.get("CodeSha256"));
        assertEquals("b", spec("made").environment().get("A"));
        assertEquals("x", Files.readString(spec("made").handler().resolve("data/x.txt")));
        assertEquals(
                200,
                api.signed("PUT", ONE + "/configuration", "{'Environment': {'Variables': {}}}")
                        .status());
        assertFalse(spec("made").environment().containsKey("A"));
        assertEquals(
                "PreconditionFailedException 412",
                error(api.signed("PUT", ONE + "/configuration", "{'Timeout': 5, 'RevisionId': 'old'}")));
        assertEquals(
                "InvalidParameterValueException 400",
                error(api.signed("PUT", ONE + ":1/configuration", "{'Timeout': 5}")));
        assertEquals(8, spec("made").limits().runtimeSec());
    }

    @Test
    void whatWasInstalledOtherwiseIsAFunctionToo() throws Exception {
        api.lambda("other", "limits: {runtime_sec: 6}\nenvironment: {K: v}\n");
        api.lambda("broken", "limits: {mem_mb: much}\n");
        made("");

        JsonNode functions = json(api.get(ALL)).get("Functions");

        assertEquals(List.of("broken", "made", "other"), names(functions));
        assertEquals("Failed", functions.get(0).get("State").asText());
        assertTrue(functions.get(0).get("StateReason").asText().contains("mem_mb"));
        JsonNode other = functions.get(2);
        assertEquals(6, other.get("Timeout").asInt());
        assertEquals("v", other.get("Environment").get("Variables").get("K").asText());
        assertEquals("python3.11", other.get("Runtime").asText());
        JsonNode changed = json(api.signed("PUT", ALL + "/other/configuration", "{'Description': 'd'}"));
        assertEquals("d", changed.get("Description").asText());
        assertEquals(6, changed.get("Timeout").asInt());
        api.lambda("made", "limits: {runtime_sec: 5}\n");
        JsonNode otherwise = json(api.get(ONE + "/configuration"));
        assertEquals(5, otherwise.get("Timeout").asInt());
        assertEquals(0, otherwise.get("CodeSize").asInt());
    }

    private static List<String> names(JsonNode functions) {
        List<String> names = new ArrayList<>();
        functions.forEach(function -> names.add(function.get("FunctionName").asText()));
        return names;
    }

    @Test
    void aLongListComesInPages() throws Exception {
        for (int i = 10; i < 65; i++) {
            api.lambda("f" + i, "");
        }
        JsonNode first = json(api.get(ALL));
        JsonNode second =
                json(api.get(ALL + "?Marker=" + first.get("NextMarker").asText()));

        assertEquals(50, first.get("Functions").size());
        assertEquals(5, second.get("Functions").size());
        assertFalse(second.has("NextMarker"));
        JsonNode few = json(api.get(ALL + "?Marker=3&MaxItems=2"));
        assertEquals(List.of("f13", "f14"), names(few.get("Functions")));
        assertEquals("InvalidParameterValueException 400", error(api.get(ALL + "?Marker=x")));
        assertEquals("InvalidParameterValueException 400", error(api.get(ALL + "?MaxItems=0")));
    }

    @Test
    void theCodeCanBeFetchedByAUrlThatIsSigned() throws Exception {
        made("");
        JsonNode answer = json(api.get(ONE));
        String url = answer.get("Code").get("Location").asText();
        String query = url.substring(url.indexOf('?') + 1);

        assertTrue(url.startsWith("http://localhost:5000" + ONE + "/code?X-Amz-"), url);
        AwsRequest fetch = new AwsRequest("GET", ONE + "/code", query, Map.of("host", "localhost:5000"), new byte[0]);
        AwsAnswer code = api.api.answer(fetch, AwsApi.Sender.CLIENT);
        assertEquals(200, code.status(), text(code));
        List<String> names = new ArrayList<>();
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(code.body()))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                names.add(entry.getName());
                if (entry.getName().equals("f.py")) {
                    assertArrayEquals(CODE.getBytes(), zip.readAllBytes());
                }
            }
        }
        names.sort(null);
        assertEquals(List.of("data/x.txt", "f.py", "ol.yaml"), names);
        AwsRequest changed =
                new AwsRequest("GET", ALL + "/other/code", query, Map.of("host", "localhost:5000"), new byte[0]);
        assertEquals("InvalidSignatureException 403", error(api.api.answer(changed, AwsApi.Sender.CLIENT)));
    }

    @Test
    void aVersionIsWhatTheFunctionWasThen() throws Exception {
        made(", 'Publish': true, 'Timeout': 7");
        assertEquals(
                "1",
                json(api.signed("POST", ONE + "/versions", "{}")).get("Version").asText());
        api.signed("PUT", ONE + "/configuration", "{'Timeout': 4}");

        JsonNode second = json(api.signed("POST", ONE + "/versions", "{'Description': 'second'}"));

        assertEquals("2", second.get("Version").asText());
        assertEquals("second", second.get("Description").asText());
        assertTrue(second.get("FunctionArn").asText().endsWith(":function:made:2"), second.toString());
        assertEquals(
                7,
                json(api.get(ONE + "/configuration?Qualifier=1")).get("Timeout").asInt());
        assertEquals(4, json(api.get(ONE + ":2/configuration")).get("Timeout").asInt());
        assertEquals(3, json(api.get(ONE + "/versions")).get("Versions").size());
        assertEquals(List.of("made"), names(json(api.get(ALL)).get("Functions")));
        assertEquals(
                3, json(api.get(ALL + "?FunctionVersion=ALL")).get("Functions").size());
        AwsAnswer called = api.signed("POST", ONE + ":1/invocations", "5");
        assertEquals("1", called.headers().get("X-Amz-Executed-Version"));
        assertEquals("made.v1", api.functions.calls.getLast().lambda());
        assertEquals("1", spec("made.v1").environment().get("AWS_LAMBDA_FUNCTION_VERSION"));
        assertEquals("made", spec("made.v1").environment().get("AWS_LAMBDA_FUNCTION_NAME"));
        assertEquals("ResourceNotFoundException 404", error(api.signed("POST", ONE + ":3/invocations", "5")));
        assertEquals(
                "InvalidParameterValueException 400",
                error(api.signed("POST", ONE + "/versions", "{'CodeSha256': 'x'}")));
    }

    @Test
    void anAliasLeadsToAVersion() throws Exception {
        made(", 'Publish': true");
        assertEquals(
                "ResourceNotFoundException 404",
                error(api.signed("POST", ONE + "/aliases", "{'Name': 'live', 'FunctionVersion': '2'}")));
        AwsAnswer answer = api.signed("POST", ONE + "/aliases", "{'Name': 'live', 'FunctionVersion': '1'}");

        assertEquals(201, answer.status(), text(answer));
        assertEquals(json(answer), json(api.get(ONE + "/aliases/live")));
        assertEquals(
                "ResourceConflictException 409",
                error(api.signed("POST", ONE + "/aliases", "{'Name': 'live', 'FunctionVersion': '1'}")));
        assertEquals(
                "InvalidParameterValueException 400",
                error(api.signed("POST", ONE + "/aliases", "{'Name': '12', 'FunctionVersion': '1'}")));
        api.signed("POST", ONE + "/invocations?Qualifier=live", "5");
        assertEquals("made.v1", api.functions.calls.getLast().lambda());
        assertEquals("ResourceConflictException 409", error(api.signed("DELETE", ONE + "?Qualifier=1", "")));
        JsonNode updated =
                json(api.signed("PUT", ONE + "/aliases/live", "{'FunctionVersion': '$LATEST', 'Description': 'now'}"));
        assertEquals("now", updated.get("Description").asText());
        api.signed("POST", ONE + ":live/invocations", "5");
        assertEquals("made", api.functions.calls.getLast().lambda());
        assertEquals(1, json(api.get(ONE + "/aliases")).get("Aliases").size());
        assertEquals(204, api.signed("DELETE", ONE + "?Qualifier=1", "").status());
        assertFalse(Files.exists(folder.resolve("registry/made.v1")));
        assertEquals(204, api.signed("DELETE", ONE + "/aliases/live", "").status());
        assertEquals("ResourceNotFoundException 404", error(api.get(ONE + "/aliases/live")));
        assertEquals("ResourceNotFoundException 404", error(api.signed("POST", ONE + ":live/invocations", "5")));
    }

    @Test
    void anAliasWithWeightsLeadsToTwo() throws Exception {
        made(", 'Publish': true");
        api.signed("PUT", ONE + "/configuration", "{'Timeout': 4}");
        api.signed("POST", ONE + "/versions", "{}");
        String always =
                "{'Name': 'x', 'FunctionVersion': '1', 'RoutingConfig': {'AdditionalVersionWeights': {'2': 1}}}";

        assertEquals(201, api.signed("POST", ONE + "/aliases", always).status());
        api.signed("POST", ONE + ":x/invocations", "5");
        assertEquals("made.v2", api.functions.calls.getLast().lambda());
        api.signed("PUT", ONE + "/aliases/x", "{'RoutingConfig': {'AdditionalVersionWeights': {'2': 0}}}");
        api.signed("POST", ONE + ":x/invocations", "5");
        assertEquals("made.v1", api.functions.calls.getLast().lambda());
        assertEquals(
                "ValidationException 400",
                error(api.signed(
                        "PUT", ONE + "/aliases/x", "{'RoutingConfig': {'AdditionalVersionWeights': {'2': 3}}}")));
    }

    @Test
    void aFunctionGoesWithAllThatBelongsToIt() throws Exception {
        made(", 'Publish': true");
        api.signed("PUT", "/2017-10-31/functions/made/concurrency", "{'ReservedConcurrentExecutions': 3}");

        assertEquals(204, api.signed("DELETE", ONE, "").status());

        assertEquals("ResourceNotFoundException 404", error(api.get(ONE)));
        assertEquals("ResourceNotFoundException 404", error(api.signed("DELETE", ONE, "")));
        assertEquals(List.of(), api.registry.store().names());
        made("");
        assertEquals("{}", text(api.get("/2019-09-30/functions/made/concurrency")));
        assertEquals(1, json(api.get(ONE + "/versions")).get("Versions").size());
    }

    @Test
    void theNextWorkerKnowsWhatThisOneWroteDown() throws Exception {
        JsonNode made = made(", 'Publish': true, 'Description': 'kept'");
        api.signed("POST", ONE + "/aliases", "{'Name': 'live', 'FunctionVersion': '1'}");
        api.signed("PUT", "/2017-10-31/functions/made/concurrency", "{'ReservedConcurrentExecutions': 3}");
        JsonNode before = json(api.get(ONE + "/configuration"));
        Files.writeString(folder.resolve("aws/functions/other.json"), "{damaged");

        try (ApiUnderTest next = new ApiUnderTest(folder, Map.of("KEY", "secret"))) {
            assertEquals(before, json(next.get(ONE + "/configuration")));
            assertEquals(made, json(next.get(ONE + "/configuration?Qualifier=1")));
            assertEquals(
                    "1",
                    json(next.get(ONE + "/aliases/live")).get("FunctionVersion").asText());
            assertEquals(
                    "{\"ReservedConcurrentExecutions\":3}", text(next.get("/2019-09-30/functions/made/concurrency")));
        }
    }

    @Test
    void aFunctionHasAUrlOfItsOwn() throws Exception {
        made("");
        String path = "/2021-10-31/functions/made/url";
        assertEquals("ResourceNotFoundException 404", error(api.get(path)));

        JsonNode url = json(api.signed("POST", path, "{'AuthType': 'NONE'}"));

        assertEquals(
                "http://localhost:5000/lambda-url/made/", url.get("FunctionUrl").asText());
        assertEquals("ResourceConflictException 409", error(api.signed("POST", path, "{'AuthType': 'NONE'}")));
        assertEquals("made", target("/lambda-url/made/some/path"));
        assertEquals("made", target("/lambda-url/made"));
        assertEquals("ResourceNotFoundException 404", target("/lambda-url/nobody/"));
        assertEquals("ResourceNotFoundException 404", target("/lambda-url/made:live/"));
        assertEquals(200, api.signed("PUT", path, "{'AuthType': 'AWS_IAM'}").status());
        assertEquals("MissingAuthenticationTokenException 403", target("/lambda-url/made/"));
        assertEquals("AWS_IAM", json(api.get(path)).get("AuthType").asText());
        assertEquals(1, json(api.get(path + "s")).get("FunctionUrlConfigs").size());
        assertEquals("InvalidParameterValueException 400", error(api.signed("PUT", path, "{'AuthType': 'X'}")));
        assertEquals(204, api.signed("DELETE", path, "").status());
        assertEquals("ResourceNotFoundException 404", target("/lambda-url/made/"));
    }

    private String target(String path) {
        AwsApi.UrlTarget target =
                api.api.url(new AwsRequest("GET", path, "", Map.of("host", "localhost:5000"), new byte[0]));
        return target.lambda().orElseGet(() -> error(target.refusal().orElseThrow()));
    }

    @Test
    void whatIsNotKnownIsTold() throws Exception {
        assertEquals("UnknownOperationException 404", error(api.get("/2018-10-31/layers")));
        assertEquals("UnknownOperationException 404", error(api.get("/2015-03-31")));
        assertEquals("UnknownOperationException 404", error(api.signed("PATCH", ONE, "{}")));
    }

    @Test
    void aFunctionIsNoAdministratorWhateverItHasSigned() throws Exception {
        made("");

        assertEquals("AccessDeniedException 403", error(api.signed("DELETE", ONE, new byte[0], AwsApi.Sender.LAMBDA)));
        assertEquals(
                200,
                api.signed("POST", ONE + "/invocations", new byte[0], AwsApi.Sender.LAMBDA)
                        .status());
    }

    @Test
    void whoeverOwnsTheWorkerNeedsNoSignature() throws Exception {
        made("");
        AwsRequest get = new AwsRequest("GET", ONE, "", Map.of("host", "localhost"), new byte[0]);

        AwsAnswer answer = api.api.answer(get, AwsApi.Sender.OWNER);

        assertEquals(200, answer.status(), text(answer));
        assertEquals(
                "http://localhost" + ONE + "/code",
                json(answer).get("Code").get("Location").asText());
        assertEquals("MissingAuthenticationTokenException 403", error(api.api.answer(get, AwsApi.Sender.CLIENT)));
    }
}
