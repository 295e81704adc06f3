package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.HeaderField;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Network;
import io.zygotes.spi.Origin;
import io.zygotes.spi.Reply;
import io.zygotes.spi.ReplyStream;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a call runs: functions, handlers of AWS Lambda's kind, and web applications of WSGI and ASGI. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EntriesTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Origin ORIGIN =
            new Origin(true, "call-1", "/run/my%20app", "http", "localhost:5000", "127.0.0.1:40000");

    private RealSandboxes real;
    private Zygote root;
    private int lambdas;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        real = new RealSandboxes(folder);
        root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
    }

    @AfterAll
    void stop() {
        real.close();
    }

    /** Gets an answer in parts. */
    private static class Parts implements ReplyStream {
        final List<String> parts = new ArrayList<>();

        @Override
        public void begin(Reply head) throws IOException {
            write(head.body());
        }

        @Override
        public void write(byte[] part) throws IOException {
            parts.add(new String(part, StandardCharsets.UTF_8));
        }
    }

    private Leaf leaf(String source) throws Exception {
        return leaf(real.lambda("entry-" + ++lambdas, source));
    }

    private Leaf leaf(LeafSpec spec) throws Exception {
        return real.mechanism.createLeaf(Optional.of(root), spec);
    }

    /** A lambda with this file and nothing else. */
    private LeafSpec lambda(String file, String source, Map<String, String> environment) throws IOException {
        Path code = real.folder.resolve("code/entry-" + ++lambdas);
        Files.createDirectories(code.resolve(file).getParent());
        Files.writeString(code.resolve(file), source);
        return new LeafSpec("entry-" + lambdas, code, Set.of(), RealSandboxes.LIMITS, Network.HOST, environment);
    }

    private static Invocation request(String method, String path, String body, HeaderField... fields) {
        return new Invocation(method, path, List.of(fields), body.getBytes(StandardCharsets.UTF_8), ORIGIN);
    }

    private static Invocation get(String path) {
        return request("GET", path, "");
    }

    private static String text(Reply reply) {
        return reply.status() + " " + new String(reply.body(), StandardCharsets.UTF_8);
    }

    private static String call(Leaf leaf, Invocation invocation) throws Exception {
        return text(leaf.call(invocation, LONG));
    }

    private static List<String> values(Reply reply, String name) {
        return reply.fields().stream()
                .filter(field -> field.name().equalsIgnoreCase(name))
                .map(HeaderField::value)
                .toList();
    }

    @Test
    void aWsgiApplicationFindsItsRequestInTheEnvironmentAndKeepsToTheRules() throws Exception {
        Leaf leaf = leaf("""
            from wsgiref.validate import validator
            def application(environ, start_response):
                body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                start_response("418 I am a teapot", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"),
                    ("Set-Cookie", "b=2")])
                names = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_X_A", "HTTP_COOKIE",
                    "CONTENT_TYPE", "SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "wsgi.url_scheme")
                return [("|".join(environ[name] for name in names) + "|").encode("latin-1"), body]
            app = validator(application)
            """);

        Reply reply = leaf.call(
                request(
                        "PUT",
                        "/a%20b/%C3%A9?x=1&y=%2F",
                        "hello",
                        new HeaderField("x-a", "1"),
                        new HeaderField("x-a", "2"),
                        new HeaderField("cookie", "k=v"),
                        new HeaderField("cookie", "l=w"),
                        new HeaderField("content-type", "text/x")),
                LONG);

        assertEquals(
                "418 PUT|/run/my app|/a b/\u00e9|x=1&y=%2F|1,2|k=v; l=w|text/x|localhost|5000|127.0.0.1|http|hello",
                text(reply));
        assertEquals(List.of("a=1", "b=2"), values(reply, "Set-Cookie"));
        assertEquals("200 hello", call(leaf("""
            def app(environ, start_response):
                start_response("200 OK", [("Content-Length", "5")])
                return [b"hello"]
            """), request("HEAD", "", "")));
    }

    @Test
    void partsOfAnAnswerLeaveBeforeTheNextOneIsMade() throws Exception {
        Leaf leaf = leaf("""
            import os
            closed = []
            def app(environ, start_response):
                write = start_response("200 OK", [])
                if environ["PATH_INFO"] == "/closed":
                    return [repr(closed).encode()]
                write(b"zero")
                return Parts()
            class Parts:
                def __iter__(self):
                    for part in (b"one", b"", b"two" * 500000):
                        yield part
                def close(self):
                    closed.append(1)
            """);
        Parts parts = new Parts();
        Reply reply = leaf.call(get("/"), LONG, parts);

        assertEquals(200, reply.status());
        assertEquals(List.of("zero", "one"), parts.parts.subList(0, 2));
        assertEquals("two".repeat(500_000), String.join("", parts.parts.subList(2, parts.parts.size())));
        assertEquals("200 [1]", call(leaf, get("/closed")));
        assertEquals("200 zeroone" + "two".repeat(500_000), call(leaf, get("/")));
    }

    @Test
    void anAnswerThatNobodyWantsAnyMoreIsEndedAndTheLeafServesOn() throws Exception {
        Leaf wsgi = leaf("""
            ended = []
            def app(environ, start_response):
                start_response("200 OK", [])
                return endless() if environ["PATH_INFO"] == "/" else [repr(ended).encode()]
            def endless():
                try:
                    while True:
                        yield b"more"
                finally:
                    ended.append("closed")
            """);
        Leaf asgi = leaf("""
            import asyncio
            ended = []
            async def app(scope, receive, send):
                await receive()
                await send({"type": "http.response.start", "status": 200})
                if scope["path"] != "/":
                    return await send({"type": "http.response.body", "body": repr(ended).encode()})
                gone = asyncio.ensure_future(receive())
                try:
                    while True:
                        await send({"type": "http.response.body", "body": b"more", "more_body": True})
                        await asyncio.sleep(0.001)
                except OSError:
                    ended.append((await gone)["type"])
            """);
        for (Leaf leaf : List.of(wsgi, asgi)) {
            leaf.call(get("/"), LONG, new Parts() {
                @Override
                public void write(byte[] part) throws IOException {
                    super.write(part);
                    if (parts.size() > 2) {
                        throw new IOException("the client is gone");
                    }
                }
            });
        }
        assertEquals("200 ['closed']", call(wsgi, get("/ended")));
        assertEquals("200 ['http.disconnect']", call(asgi, get("/ended")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        return [b"x"]                                                          | did not call start_response
        start_response("200 OK", [("X", "a\\r\\nb: c")]); return [b"x"]        | has a line break
        start_response("200 OK", [("X Y", "a")]); return [b"x"]                | is not a name for a field
        start_response("200 OK", [("X", 1)]); return [b"x"]                    | is not made of two strings
        start_response("OK", []); return [b"x"]                                | does not begin with three digits
        start_response("101 Switching Protocols", []); return [b"x"]           | not a number from 200 to 999
        start_response("200 OK", []); return iter(["x"])                       | gave str, not bytes
        start_response("200 OK", []); return 5                                 | 'int' object is not iterable
        start_response("200 OK", [("Content-Length", "2")]); return [b"x"]     | 1 bytes less than
        start_response("200 OK", [("Content-Length", "0")]); return [b"x"]     | has more bytes than
        start_response("200 OK", []); start_response("200 OK", []); return []  | was called twice
        raise SystemExit(3)                                                    | the lambda called sys.exit(3)
        return 1 / 0                                                           | division by zero
        """)
    void aWsgiApplicationThatBreaksTheRulesIsToldWhichAndIsAskedAgain(String body, String told) throws Exception {
        Leaf leaf = leaf("def app(environ, start_response):\n    if environ['PATH_INFO'] == '/good':\n"
                + "        start_response('200 OK', []); return [b'good']\n    " + body + "\n");
        String answer = call(leaf, get("/"));

        assertTrue(answer.startsWith("500 {") && answer.contains(told), answer);
        assertEquals("200 good", call(leaf, get("/good")));
    }

    @Test
    void anAnswerThatFailsHalfWayBreaksOffWithTheReason() throws Exception {
        Leaf leaf = leaf("""
            def app(environ, start_response):
                start_response("200 OK", [])
                yield b"half"
                if environ["PATH_INFO"] == "/":
                    raise ValueError("half way")
            """);
        Parts parts = new Parts();
        SandboxException.BrokenOff broken =
                assertThrows(SandboxException.BrokenOff.class, () -> leaf.call(get("/"), LONG, parts));

        assertEquals(List.of("half"), parts.parts);
        assertTrue(broken.getMessage().contains("ValueError: half way"), broken.getMessage());
        assertTrue(broken.traceback().contains("line 5"), broken.traceback());
        assertEquals("200 half", call(leaf, get("/well")));
    }

    @Test
    void anAsgiApplicationGetsScopeBodyAndLifespan() throws Exception {
        Leaf leaf = leaf("""
            events = []
            async def app(scope, receive, send):
                if scope["type"] == "lifespan":
                    events.append((await receive())["type"])
                    scope["state"]["made"] = len(events)
                    await send({"type": "lifespan.startup.complete"})
                    events.append((await receive())["type"])
                    return
                body, pieces = b"", 0
                while True:
                    message = await receive()
                    body, pieces = body + message["body"], pieces + 1
                    if not message["more_body"]:
                        break
                told = [scope[key] for key in ("type", "http_version", "method", "scheme", "path", "raw_path",
                    "query_string", "root_path", "client", "server", "state", "headers")]
                await send({"type": "http.response.start", "status": 201, "headers": [(b"x-pieces", b"%d" % pieces),
                    (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]})
                await send({"type": "http.response.body", "body": repr((told, events, len(body))).encode()})
            """);
        Reply reply = leaf.call(
                request(
                        "POST",
                        "/\u0025C3%A9?q=1",
                        "x".repeat(200_000),
                        new HeaderField("x-a", "1"),
                        new HeaderField("x-a", "2")),
                LONG);

        assertEquals(
                "201 (['http', '1.1', 'POST', 'http', '/\u00e9', b'/%C3%A9', b'q=1', '/run/my app', ('127.0.0.1',"
                        + " 40000), ('localhost', 5000), {'made': 1}, [(b'x-a', b'1'), (b'x-a', b'2')]],"
                        + " ['lifespan.startup'], 200000)",
                text(reply));
        assertEquals(List.of("4"), values(reply, "x-pieces"));
        assertEquals(List.of("a=1", "b=2"), values(reply, "set-cookie"));
        assertTrue(call(leaf, get("")).contains("{'made': 1}"), "it starts up once");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        return                                                                   | before it had begun its answer
        await send({"type": "http.response.start", "status": 200})               | before it had ended its answer
        await send({"type": "http.response.body"})                               | 'http.response.body' out of turn
        await send({"type": "http.response.start", "status": "200"})             | not a number from 200 to 999
        raise KeyError("x")                                                      | KeyError: 'x'
        """)
    void anAsgiApplicationThatBreaksTheRulesIsToldWhichAndIsAskedAgain(String body, String told) throws Exception {
        Leaf leaf = leaf("async def app(scope, receive, send):\n    if scope['type'] != 'http': raise TypeError()\n"
                + "    if scope['path'] == '/good':\n"
                + "        await send({'type': 'http.response.start', 'status': 200})\n"
                + "        return await send({'type': 'http.response.body', 'body': b'good'})\n    " + body + "\n");
        String answer = call(leaf, get("/"));

        assertTrue(answer.startsWith("500 {") && answer.contains(told), answer);
        assertEquals("200 good", call(leaf, get("/good")));
    }

    @Test
    void anAsgiApplicationMayGoOnWhenItsAnswerHasLeft() throws Exception {
        Leaf leaf = leaf("""
            import asyncio
            done = []
            async def app(scope, receive, send):
                if scope["type"] == "http":
                    await send({"type": "http.response.start", "status": 200})
                    await send({"type": "http.response.body", "body": repr(done).encode()})
                    await asyncio.sleep(0.2)
                    done.append(1)
            """);
        Parts parts = new Parts();
        leaf.call(get("/"), LONG, parts);

        assertEquals(List.of("[]"), parts.parts);
        assertEquals("200 [1]", call(leaf, get("/")));
    }

    @Test
    void whatIsRaisedWhenTheAnswerIsWholeIsPrintedAndTheAnswerStays() throws Exception {
        Leaf asgi = leaf("""
            async def app(scope, receive, send):
                if scope["type"] == "http":
                    await send({"type": "http.response.start", "status": 500})
                    await send({"type": "http.response.body", "body": b"my error page"})
                    raise ValueError("of asgi")
            """);
        Leaf wsgi = leaf("""
            class Parts(list):
                def close(self):
                    raise ValueError("of wsgi")
            def app(environ, start_response):
                start_response("200 OK", [])
                return Parts([b"page"])
            """);
        assertEquals("500 my error page", call(asgi, get("/")));
        assertEquals("200 page", call(wsgi, get("/")));
        for (String raised : List.of("of asgi", "of wsgi")) {
            for (int looks = 0;
                    looks < 600 && real.printed.stream().noneMatch(line -> line.contains(raised));
                    looks++) {
                Thread.sleep(50);
            }
            assertTrue(real.printed.stream().anyMatch(line -> line.contains("ValueError: " + raised)), raised);
        }
    }

    @Test
    void aStartupThatFailsIsTheAnswer() throws Exception {
        Leaf leaf = leaf("""
            async def app(scope, receive, send):
                await receive()
                await send({"type": "lifespan.startup.failed", "message": "no database"})
            """);
        assertTrue(call(leaf, get("/")).contains("the application's startup failed: no database"));
    }

    @Test
    void aHandlerGetsEventAndContext() throws Exception {
        Map<String, String> environment = Map.of(
                "_HANDLER", "src/main.go",
                "AWS_LAMBDA_FUNCTION_NAME", "mine",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128",
                "AWS_REGION", "eu-west-1");
        Leaf leaf = leaf(lambda("src/main.py", """
            import json
            async def go(event, context):
                if "rawPath" in event:
                    return {"statusCode": 202, "headers": {"X-N": 5}, "cookies": ["a=1"], "body": json.dumps([event[key]
                        for key in ("version", "rawPath", "rawQueryString", "queryStringParameters", "cookies", "body",
                            "isBase64Encoded")] + [event["requestContext"]["http"]["method"], context.aws_request_id])}
                left = context.get_remaining_time_in_millis()
                return [event, context.function_name, context.memory_limit_in_mb, context.invoked_function_arn,
                    29000 < left <= 30000]
            """, environment));

        assertEquals(
                "200 [{\"a\": 1}, \"mine\", \"128\", \"arn:aws:lambda:eu-west-1:000000000000:function:mine\", true]",
                call(leaf, Invocation.post("{\"a\": 1}".getBytes(StandardCharsets.UTF_8))));
        assertTrue(call(leaf, Invocation.post(new byte[0])).startsWith("200 [{}, "));
        Reply reply = leaf.call(request("PATCH", "/x/y?a=1&a=2&b=c+d", "text", new HeaderField("cookie", "k=v")), LONG);
        assertEquals(
                "202 [\"2.0\", \"/x/y\", \"a=1&a=2&b=c+d\", {\"a\": \"1,2\", \"b\": \"c d\"}, [\"k=v\"], \"text\","
                        + " false, \"PATCH\", \"call-1\"]",
                text(reply));
        assertEquals(List.of("5"), values(reply, "X-N"));
        assertEquals(List.of("a=1"), values(reply, "Set-Cookie"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {"plain": 1}                                                        | 200 {"plain": 1}
        "text"                                                              | 200 text
        None                                                                | 200 null
        {"statusCode": 201}                                                 | 201
        {"statusCode": "404", "body": "no"}                                 | 404 no
        {"statusCode": 200, "body": "aGk=", "isBase64Encoded": True}        | 200 hi
        {"statusCode": 200, "body": {"a": 1}}                               | 200 {"a": 1}
        """)
    void aHandlerAnswersAsBehindAGateway(String returned, String answer) throws Exception {
        Leaf leaf = leaf("def lambda_handler(event, context):\n    return " + returned + "\n");
        assertEquals(answer, call(leaf, get("/")).strip());
    }

    @ParameterizedTest
    @CsvSource({"abc", "42", "[]"})
    void aHandlersAnswerThatIsNoneIsToldSo(String status) throws Exception {
        Leaf leaf = leaf("def lambda_handler(event, context):\n    return {'statusCode': "
                + (status.equals("abc") ? "'abc'" : status) + "}\n");
        String answer = call(leaf, get("/"));
        assertTrue(answer.startsWith("500 ") && answer.contains("is no answer over HTTP"), answer);
    }

    @Test
    void webApplicationsCanBeCalledWithEvents() throws Exception {
        Leaf leaf = leaf("""
            def app(environ, start_response):
                start_response("201 Created", [("Content-Type", "image/png"), ("Set-Cookie", "a=1")])
                return [environ["REQUEST_METHOD"].encode(), environ["PATH_INFO"].encode("latin-1"),
                    environ["QUERY_STRING"].encode(), environ["wsgi.input"].read()]
            """);
        String event = "{\"version\": \"2.0\", \"rawPath\": \"/a b\", \"rawQueryString\": \"q=1\", \"body\": \"hi\","
                + " \"requestContext\": {\"http\": {\"method\": \"POST\"}}}";

        assertEquals(
                "200 {\"statusCode\": 201, \"headers\": {\"content-type\": \"image/png\"}, \"body\": "
                        + "\"UE9TVC9hIGJxPTFoaQ==\", \"isBase64Encoded\": true, \"cookies\": [\"a=1\"]}",
                call(leaf, Invocation.post(event.getBytes(StandardCharsets.UTF_8))));
        String none = call(leaf, Invocation.post("[1]".getBytes(StandardCharsets.UTF_8)));
        assertTrue(none.startsWith("400 ") && none.contains("describes no request"), none);
    }

    @Test
    void anAsgiApplicationCanBeForkedAfterItsFirstRequest() throws Exception {
        LeafSpec spec = real.lambda("entry-" + ++lambdas, """
            calls = []
            async def app(scope, receive, send):
                if scope["type"] == "lifespan":
                    await receive()
                    await send({"type": "lifespan.startup.complete"})
                    await receive()
                    return await send({"type": "lifespan.shutdown.complete"})
                calls.append(scope["path"])
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.body", "body": repr(calls).encode()})
            """);
        Zygote zygote = real.mechanism.createFunctionZygote(
                Optional.of(root), new FunctionZygoteSpec(spec, Optional.of("{\"path\": \"/warm\"}")));
        Leaf leaf = real.mechanism.createLeaf(Optional.of(zygote), spec);

        assertEquals("200 ['/warm', '/first']", call(leaf, get("/first")));
    }

    @Test
    void aHandlerCanBeForkedAfterItsFirstCall() throws Exception {
        LeafSpec spec = lambda("main.py", """
            calls = []
            def go(event, context):
                calls.append([event, context.invoked_function_arn[:8], context.client_context])
                return calls
            """, Map.of("_HANDLER", "main.go"));
        Zygote zygote =
                real.mechanism.createFunctionZygote(Optional.of(root), new FunctionZygoteSpec(spec, Optional.of("1")));
        Leaf leaf = real.mechanism.createLeaf(Optional.of(zygote), spec);

        assertEquals(
                "200 [[1, \"arn:aws:\", null], [2, \"arn:aws:\", null]]",
                call(leaf, Invocation.post("2".getBytes(StandardCharsets.UTF_8))));
    }

    @Test
    void bytesArriveAsTheyAre() throws Exception {
        Leaf leaf = leaf("""
            def app(environ, start_response):
                start_response("200 OK", [("Content-Type", "application/octet-stream")])
                return [environ["wsgi.input"].read()]
            """);
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        Reply reply = leaf.call(new Invocation("POST", "", List.of(), all, ORIGIN), LONG);
        assertArrayEquals(all, reply.body());
    }

    @Test
    void whatAFunctionReturnsMayBeTooLongWithoutEndingItsLeaf() throws Exception {
        Leaf leaf = leaf("def f(event):\n    return 'x' * event['n']\n");
        String answer = call(leaf, Invocation.post("{\"n\": 17000000}".getBytes(StandardCharsets.UTF_8)));

        assertTrue(answer.startsWith("500 ") && answer.contains("17000002 bytes of JSON"), answer);
        assertEquals("200 \"x\"", call(leaf, Invocation.post("{\"n\": 1}".getBytes(StandardCharsets.UTF_8))));
    }

    @Test
    void entriesThatAreNamedMustBeThere() throws Exception {
        LeafSpec spec = lambda("main.py", "x = 1\n", Map.of("OL_ENTRY_FILE", "main.py", "OL_WSGI_ENTRY", "mine"));
        SandboxException.ImportFailed failed = assertThrows(
                SandboxException.ImportFailed.class, () -> leaf(spec).call(get("/"), LONG));
        assertTrue(failed.getMessage().contains("main.py has no mine, which OL_WSGI_ENTRY names"), failed.getMessage());
        Leaf leaf = leaf(lambda("main.py", """
            class Site:
                async def __call__(self, scope, receive, send):
                    if scope["type"] == "http":
                        await send({"type": "http.response.start", "status": 200})
                        await send({"type": "http.response.body", "body": b"site"})
            site = Site()
            """, Map.of("OL_ENTRY_FILE", "main.py", "OL_ASGI_ENTRY", "site")));
        assertEquals("200 site", call(leaf, get("/")));
    }
}
