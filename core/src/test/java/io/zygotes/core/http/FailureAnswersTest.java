package io.zygotes.core.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.core.files.StorageException;
import io.zygotes.core.function.OverloadException;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.core.threads.NoThreadException;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.nio.file.FileSystemException;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The table of what is answered to which error. */
class FailureAnswersTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, String> RETRY = Map.of("Retry-After", "1");
    private static final Map<String, String> CLOSE = Map.of("Connection", "close");

    private final FailureAnswers answers = new FailureAnswers(System.getLogger(FailureAnswersTest.class.getName()));

    private String answered(Throwable failure, int status, Map<String, String> headers) throws Exception {
        return answered(answers.toCall("hello", failure), failure, status, headers);
    }

    private static String answered(HttpAnswer answer, Throwable failure, int status, Map<String, String> headers)
            throws Exception {
        assertEquals(status, answer.status(), failure.toString());
        assertEquals(headers, answer.headers(), failure.toString());
        JsonNode body = JSON.readTree(answer.body());
        return body.path("error").asText();
    }

    private static IOException files(String reason) {
        return new StorageException("cannot unpack it into /code", new FileSystemException("/code", null, reason));
    }

    @Test
    void whatIsShortIsSaidWithWhatToDo() throws Exception {
        assertEquals(
                "lambda hello: cannot unpack it into /code. The worker has as many open files as it may: allow it more,"
                        + " with LimitNOFILE in its service's unit or 'ulimit -Hn'",
                answered(files("Too many open files"), 503, RETRY));
        assertEquals(
                "lambda hello: cannot unpack it into /code", answered(files("No space left on device"), 507, Map.of()));
        assertEquals(
                "the worker may not start another thread; raise pids.max of its cgroup (TasksMax in its service's unit)"
                        + " or 'ulimit -Hu'",
                answered(
                        new NoThreadException("the worker may not start another thread", new OutOfMemoryError()),
                        503,
                        RETRY));
        assertEquals(
                "the worker has no memory left for this request",
                answered(new OutOfMemoryError("Java heap space"), 503, RETRY));
    }

    @Test
    void whoeverFindsNoFilesForItsPackagesOrCodeMayTryAgain() throws Exception {
        FileSystemException few = new FileSystemException("/code", null, "Too many open files");
        assertTrue(answered(new UncheckedIOException(few), 503, RETRY).contains("LimitNOFILE"));
        assertTrue(answered(
                        new PackageException(
                                PackageId.parse("a==1"), FailureKind.TOO_MANY_FILES, "cannot read a==1", few),
                        503,
                        RETRY)
                .contains("LimitNOFILE"));
        assertTrue(answered(new RegistryException(RegistryException.Kind.BROKEN, "cannot read it", few), 503, RETRY)
                .contains("LimitNOFILE"));
    }

    @Test
    void noTextIsSearchedForAReason() throws Exception {
        answered(new IOException("Too many open files"), 500, Map.of());
        answered(files("Input/output error"), 500, Map.of());
        answered(new OutOfMemoryError("unable to create native thread"), 503, RETRY);
    }

    @Test
    void whatTheCallerOrTheLambdaDidHasItsStatus() throws Exception {
        answered(new RegistryException(RegistryException.Kind.BAD_NAME, "bad"), 400, Map.of());
        answered(new RegistryException(RegistryException.Kind.UNKNOWN, "unknown"), 404, Map.of());
        answered(new RegistryException(RegistryException.Kind.BROKEN, "broken"), 500, Map.of());
        answered(new PackageException(PackageId.parse("a==1"), "no such package"), 500, Map.of());
        answered(new OverloadException("full"), 429, RETRY);
        answered(new SandboxException.NoCapacity("full"), 429, RETRY);
        answered(new SandboxException.ZygoteGone("gone"), 503, RETRY);
        answered(new InterruptedException(), 503, CLOSE);
        assertTrue(answered(new IllegalStateException("a fault"), 500, Map.of()).contains("the worker failed"));
        HttpAnswer traceback = answers.toCall("hello", new SandboxException.ImportFailed("f.py", "Traceback: x"));
        assertEquals(
                "Traceback: x",
                JSON.readTree(traceback.body()).path("traceback").asText());
    }

    @Test
    void aBodyThatCannotBeReadEndsTheConnection() throws Exception {
        Map<Exception, Integer> failures = Map.of(
                new HttpQuestion.TooLargeException("large"), 413,
                new SocketTimeoutException("slow"), 408,
                new IOException("gone"), 400);
        for (Map.Entry<Exception, Integer> failure : failures.entrySet()) {
            answered(FailureAnswers.toBody(failure.getKey()), failure.getKey(), failure.getValue(), CLOSE);
        }
        HttpQuestion.NoRoomException room = new HttpQuestion.NoRoomException("no room");
        answered(FailureAnswers.toBody(room), room, 503, Map.of("Retry-After", "1", "Connection", "close"));
    }
}
