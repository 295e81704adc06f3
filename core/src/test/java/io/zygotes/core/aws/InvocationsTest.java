package io.zygotes.core.aws;

import static io.zygotes.core.aws.ApiUnderTest.error;
import static io.zygotes.core.aws.ApiUnderTest.json;
import static io.zygotes.core.aws.ApiUnderTest.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.core.fake.Eventually;
import io.zygotes.core.function.OverloadException;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Reply;
import io.zygotes.spi.SandboxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class InvocationsTest {

    @TempDir
    Path folder;

    private ApiUnderTest api;

    @BeforeEach
    void start() throws Exception {
        api = new ApiUnderTest(folder);
        api.lambda("hello", "limits: {runtime_sec: 7}\n");
    }

    @AfterEach
    void close() {
        api.close();
    }

    private Invocation lastCall() {
        return api.functions.calls.getLast().invocation();
    }

    @Test
    void aCallHasTheAnswerOfTheFunction() throws Exception {
        AwsAnswer answer = api.invoke("hello", "{\"a\": 1}");

        assertEquals(200, answer.status());
        assertEquals("{\"a\": 1}", text(answer));
        assertEquals("$LATEST", answer.headers().get("X-Amz-Executed-Version"));
        assertNull(answer.headers().get("X-Amz-Function-Error"));
        assertNull(answer.headers().get("X-Amz-Log-Result"));
        Map<String, String> told = lastCall().headers();
        assertEquals(answer.headers().get("x-amzn-RequestId"), told.get("lambda-runtime-aws-request-id"));
        assertEquals(
                "arn:aws:lambda:us-east-1:000000000000:function:hello",
                told.get("lambda-runtime-invoked-function-arn"));
        long left = Long.parseLong(told.get("lambda-runtime-deadline-ms")) - System.currentTimeMillis();
        assertTrue(left > -60_000 && left <= 7000, "the deadline is in " + left + " ms");
    }

    @Test
    void aFunctionIsNamedByItsNameOrItsArnOrAPartOfThat() throws Exception {
        for (String name : new String[] {
            "hello",
            "hello:$LATEST",
            "hello%3A%24LATEST",
            "function:hello",
            "123456789012:function:hello",
            "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Ahello",
            "arn:aws:lambda:eu-west-1:123456789012:function:hello:$LATEST",
        }) {
            assertEquals(200, api.invoke(name, "1").status(), name);
        }
        assertEquals(
                200,
                api.send("POST", "/2015-03-31/functions/hello/invocations/?Qualifier=$LATEST", new byte[0])
                        .status());
        assertEquals("hello", api.functions.calls.getLast().lambda());
    }

    @Test
    void whatIsNotThereIsNotFound() throws Exception {
        AwsAnswer answer = api.invoke("nobody", "1");

        assertEquals("ResourceNotFoundException 404", error(answer));
        assertEquals("User", json(answer).get("Type").asText());
        assertEquals(
                "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody",
                json(answer).get("Message").asText());
        assertEquals("ResourceNotFoundException 404", error(api.invoke("hello:3", "1")));
        assertEquals("ResourceNotFoundException 404", error(api.invoke("a..b", "1")));
        assertEquals("ValidationException 400", error(api.invoke("no%2Fname", "1")));
        assertEquals("ValidationException 400", error(api.invoke("x".repeat(300), "1")));
        assertEquals(
                "InvalidParameterValueException 400",
                error(api.send("POST", "/2015-03-31/functions/hello:1/invocations?Qualifier=2", new byte[0])));
    }

    @Test
    void anEmptyPayloadIsAnEmptyEvent() throws Exception {
        assertEquals("{}", text(api.invoke("hello", "")));
    }

    @Test
    void aPayloadThatIsNoJsonIsRefused() throws Exception {
        for (String wrong : new String[] {"{", "nothing", "1 2", "{\"a\": }", "\u0000"}) {
            assertEquals("InvalidRequestContentException 400", error(api.invoke("hello", wrong)), wrong);
        }
        assertEquals(0, api.functions.calls.size());
    }

    @Test
    void anExceptionOfTheFunctionIsAnAnswerWithTypeMessageAndTrace() throws Exception {
        api.functions.raises("ValueError: negative: -1", """
            Traceback (most recent call last):
              File "f.py", line 2, in f
                g(1)
                ~^^^
              File "f.py", line 5, in g
                raise ValueError(1)
            ValueError: negative: -1
            """);

        AwsAnswer answer = api.invoke("hello", "1");

        assertEquals(200, answer.status());
        assertEquals("Unhandled", answer.headers().get("X-Amz-Function-Error"));
        JsonNode body = json(answer);
        assertEquals("ValueError", body.get("errorType").asText());
        assertEquals("negative: -1", body.get("errorMessage").asText());
        assertEquals(
                answer.headers().get("x-amzn-RequestId"), body.get("requestId").asText());
        assertEquals(2, body.get("stackTrace").size());
        assertEquals(
                "  File \"f.py\", line 2, in f\n    g(1)\n    ~^^^\n",
                body.get("stackTrace").get(0).asText());
        assertEquals(
                "  File \"f.py\", line 5, in g\n    raise ValueError(1)\n",
                body.get("stackTrace").get(1).asText());
    }

    private String failure(Exception failure) throws Exception {
        api.functions.fails(failure);
        AwsAnswer answer = api.invoke("hello", "1");
        assertEquals(200, answer.status(), text(answer));
        assertEquals("Unhandled", answer.headers().get("X-Amz-Function-Error"));
        return json(answer).get("errorType").asText() + " | "
                + json(answer).get("errorMessage").asText().replaceFirst("RequestId: [0-9a-f-]{36} Error: ", "");
    }

    @Test
    void theEndOfAFunctionIsAnErrorOfItsOwn() throws Exception {
        assertEquals(
                "Sandbox.Timedout | Task timed out after 7.00 seconds",
                failure(new SandboxException.TimedOut("longer than 7 s")));
        assertEquals("Runtime.OutOfMemory | 128 MiB", failure(new SandboxException.OutOfMemory("128 MiB")));
        assertEquals("Runtime.ExitError | killed", failure(new SandboxException.Died("killed", true)));
        assertEquals(
                "Runtime.InstallError | no such thing",
                failure(new PackageException(new PackageId("x", "1"), "no such thing")));
        assertEquals(
                "Runtime.ImportModuleError | Unable to import module 'f': No module named 'x'",
                failure(new SandboxException.ImportFailed(
                        "f.py", "Traceback (most recent call last):\nModuleNotFoundError: No module named 'x'\n")));
        assertEquals(
                "Runtime.UserCodeSyntaxError | Syntax error in module 'f': invalid syntax",
                failure(new SandboxException.ImportFailed("f.py", "    def\nSyntaxError: invalid syntax")));
        assertEquals("KeyError | 'x'", failure(new SandboxException.ImportFailed("f.py", "KeyError: 'x'\n")));
    }

    @Test
    void whatCannotBeAnAnswerIsAnError() throws Exception {
        api.functions.answers(
                500, "{\"error\": \"what the lambda returned cannot be written as JSON: TypeError: set\"}");
        assertEquals(
                "Runtime.MarshalError",
                json(api.invoke("hello", "1")).get("errorType").asText());
        api.functions.answers(500, "{\"error\": \"the lambda called sys.exit(3)\"}");
        assertEquals(
                "Runtime.ExitError",
                json(api.invoke("hello", "1")).get("errorType").asText());
        api.functions.behaviour = invocation -> new Reply(200, new byte[Outcome.MOST_BYTES + 1]);
        assertEquals(
                "Function.ResponseSizeTooLarge",
                json(api.invoke("hello", "1")).get("errorType").asText());
    }

    @Test
    void aWorkerWithoutRoomThrottles() throws Exception {
        api.functions.fails(new OverloadException("many wait"));
        AwsAnswer answer = api.invoke("hello", "1");

        assertEquals("TooManyRequestsException 429", error(answer));
        assertEquals(
                "ConcurrentInvocationLimitExceeded", json(answer).get("Reason").asText());
        assertEquals("1", answer.headers().get("Retry-After"));
        api.functions.fails(new SandboxException.NoCapacity("full"));
        assertEquals("TooManyRequestsException 429", error(api.invoke("hello", "1")));
        api.functions.fails(new SandboxException("broken"));
        assertEquals("ServiceException 500", error(api.invoke("hello", "1")));
    }

    @Test
    void aFunctionThatCannotBeUsedSaysWhy() throws Exception {
        api.lambda("wrong", "limits: {mem_mb: much}\n");

        AwsAnswer answer = api.invoke("wrong", "1");

        assertEquals("ResourceConflictException 409", error(answer));
        assertTrue(json(answer).get("message").asText().contains("mem_mb"), text(answer));
    }

    @Test
    void aDryRunRunsNothing() throws Exception {
        assertEquals(
                204, api.invoke("hello", "1", "X-Amz-Invocation-Type", "DryRun").status());
        assertEquals(
                404,
                api.invoke("nobody", "1", "X-Amz-Invocation-Type", "DryRun").status());
        assertEquals("ValidationException 400", error(api.invoke("hello", "1", "X-Amz-Invocation-Type", "Later")));
        assertEquals(0, api.functions.calls.size());
    }

    @Test
    void anEventIsTakenAtOnceAndRunLater() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        api.functions.behaviour = invocation -> {
            answered.await();
            return new Reply(500, "{\"error\": \"ValueError: x\"}".getBytes(StandardCharsets.UTF_8));
        };

        AwsAnswer answer = api.invoke("hello", "{\"n\": 1}", "X-Amz-Invocation-Type", "Event");
        answered.countDown();

        assertEquals(202, answer.status());
        assertEquals(0, answer.body().length);
        Eventually.holds("the failure is told", () -> api.printed.size() == 1);
        assertTrue(api.printed
                .getFirst()
                .startsWith("hello | event " + answer.headers().get("x-amzn-RequestId") + " failed: "));
        assertEquals("{\"n\": 1}", new String(lastCall().body(), StandardCharsets.UTF_8));
        assertEquals(
                202,
                api.send("POST", "/2014-11-13/functions/hello/invoke-async/", "1".getBytes(StandardCharsets.UTF_8))
                        .status());
        Eventually.holds("both are over", () -> api.events.size() == 0);
    }

    @Test
    void anEventThatFindsNoRoomIsTriedAgain() throws Exception {
        api.functions.behaviour = invocation -> {
            if (api.functions.calls.size() < 3) {
                throw new OverloadException("full");
            }
            return new Reply(200, new byte[0]);
        };

        assertEquals(
                202, api.invoke("hello", "1", "X-Amz-Invocation-Type", "Event").status());

        Eventually.holds("it ran", () -> api.functions.calls.size() == 3 && api.events.size() == 0);
        assertEquals(0, api.printed.size());
    }

    @Test
    void moreEventsThanTheQueueHoldsAreRefused() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        api.functions.behaviour = invocation -> {
            end.await();
            return new Reply(200, new byte[0]);
        };
        try {
            for (int i = 0; i < MemoryEventQueue.MOST; i++) {
                assertEquals(
                        202,
                        api.invoke("hello", "1", "X-Amz-Invocation-Type", "Event")
                                .status());
            }
            AwsAnswer refused = api.invoke("hello", "1", "X-Amz-Invocation-Type", "Event");
            assertEquals("TooManyRequestsException 429", error(refused));
        } finally {
            end.countDown();
        }
        Eventually.holds("all are over", () -> api.events.size() == 0);
        assertEquals(MemoryEventQueue.MOST, api.functions.calls.size());
    }

    @Test
    void whatIsTooLargeIsRefused() throws Exception {
        String large = "\"" + "x".repeat(Invocations.MOST_EVENT_BYTES) + "\"";

        assertEquals(200, api.invoke("hello", large).status());
        AwsAnswer refused = api.invoke("hello", large, "X-Amz-Invocation-Type", "Event");
        assertEquals("RequestTooLargeException 413", error(refused));
        assertEquals("RequestTooLargeException 413", error(AwsApi.tooLarge("much")));
    }

    @Test
    void whoAsksForTheLogGetsTheLastOfWhatTheCallPrinted() throws Exception {
        api.functions.behaviour = invocation -> {
            api.output.line("leaf-1", "hello", "printed äöü");
            api.output.line("leaf-2", "hello", "of another sandbox");
            api.output.line("leaf-1", "other", "of another lambda");
            return new Reply(200, "1".getBytes(StandardCharsets.UTF_8));
        };

        String log = log(api.invoke("hello", "1", "X-Amz-Log-Type", "Tail"));

        assertTrue(
                log.matches("START RequestId: \\S+ Version: \\$LATEST\n"
                        + "printed äöü\n"
                        + "END RequestId: \\S+\n"
                        + "REPORT RequestId: \\S+\tDuration: [0-9.]+ ms\tBilled Duration: \\d+ ms\tMemory Size:"
                        + " 128 MB\n"),
                log);
        assertEquals(3, api.printed.size(), "all lines go on to the log");
    }

    @Test
    void theLogHasFourKilobytesAtMost() throws Exception {
        api.functions.behaviour = invocation -> {
            for (int i = 0; i < 5000; i++) {
                api.output.line("leaf-1", "hello", "ä".repeat(40));
            }
            return new Reply(200, "1".getBytes(StandardCharsets.UTF_8));
        };

        String log = log(api.invoke("hello", "1", "X-Amz-Log-Type", "Tail"));

        int length = log.getBytes(StandardCharsets.UTF_8).length;
        assertTrue(length <= 4096 && length > 4090, "it has " + length + " bytes");
        assertTrue(log.startsWith("ä") && log.contains("\nREPORT "), log);
        assertEquals("ValidationException 400", error(api.invoke("hello", "1", "X-Amz-Log-Type", "All")));
    }

    private static String log(AwsAnswer answer) {
        return new String(Base64.getDecoder().decode(answer.headers().get("X-Amz-Log-Result")), StandardCharsets.UTF_8);
    }

    @Test
    void theContextOfTheClientIsHandedOn() throws Exception {
        String context =
                Base64.getEncoder().encodeToString("{\"custom\":\n{\"k\": \"v\"}}".getBytes(StandardCharsets.UTF_8));

        assertEquals(
                200, api.invoke("hello", "1", "X-Amz-Client-Context", context).status());

        assertEquals("{\"custom\":{\"k\":\"v\"}}", lastCall().headers().get("lambda-runtime-client-context"));
        for (String wrong : new String[] {"?", "MQ==", "x".repeat(3600)}) {
            assertEquals(
                    "InvalidRequestContentException 400",
                    error(api.invoke("hello", "1", "X-Amz-Client-Context", wrong)),
                    wrong);
        }
    }

    @Test
    void withoutKeysFunctionsAreInvokedAndNothingElse() throws Exception {
        AwsAnswer answer = api.send("GET", "/2015-03-31/functions", new byte[0]);

        assertEquals("AccessDeniedException 403", error(answer));
        assertEquals("AccessDeniedException 403", error(api.send("GET", "/2018-10-31/layers", new byte[0])));
        assertEquals("AccessDeniedException 403", error(api.send("GET", "/2015-03-31", new byte[0])));
        assertTrue(json(answer).get("Message").asText().contains("config.json"), text(answer));
        assertEquals(200, api.invoke("hello", "1").status());
    }

    @Test
    void withKeysNobodyInvokesWithoutASignature() throws Exception {
        try (ApiUnderTest signed = new ApiUnderTest(folder, Map.of("KEY", "secret"))) {
            assertEquals("MissingAuthenticationTokenException 403", error(signed.invoke("hello", "1")));
            assertEquals(
                    "MissingAuthenticationTokenException 403", error(signed.send("GET", "/2015-03-31/x", new byte[0])));
            assertEquals(0, signed.functions.calls.size());
        }
    }

    @Test
    void aStreamOfEventsHasThePayloadAndItsEnd() throws Exception {
        AwsAnswer answer = api.send(
                "POST",
                "/2021-11-15/functions/hello/response-streaming-invocations",
                "{\"a\": 1}".getBytes(StandardCharsets.UTF_8));

        assertEquals("application/vnd.amazon.eventstream", answer.contentType());
        // Two messages that botocore 1.44.8 reads, with their checksums.
        assertEquals(
                "000000720000005a6d8ed42c0b3a6576656e742d7479706507000c5061796c6f61644368756e6b0d"
                        + "3a636f6e74656e742d747970650700186170706c69636174696f6e2f6f637465742d73747265616d"
                        + "0d3a6d6573736167652d747970650700056576656e747b2261223a20317d48cbf99e000000660000"
                        + "00541f56c8690b3a6576656e742d7479706507000e496e766f6b65436f6d706c6574650d3a636f6e"
                        + "74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d7479"
                        + "70650700056576656e747b7d7006d467",
                HexFormat.of().formatHex(answer.body()));
        api.functions.raises("ValueError: x", "");
        String failed =
                text(api.send("POST", "/2021-11-15/functions/hello/response-streaming-invocations", new byte[0]));
        assertTrue(failed.contains("\"ErrorCode\":\"ValueError\""), failed);
    }
}
