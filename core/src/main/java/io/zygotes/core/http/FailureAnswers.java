package io.zygotes.core.http;

import static io.zygotes.core.http.HttpAnswer.CLOSE;
import static io.zygotes.core.http.HttpAnswer.PLAIN;
import static io.zygotes.core.http.HttpAnswer.RETRY;
import static io.zygotes.core.http.HttpAnswer.RETRY_AND_CLOSE;
import static io.zygotes.core.http.HttpAnswer.error;

import io.zygotes.core.files.StorageException;
import io.zygotes.core.function.MethodNotAllowedException;
import io.zygotes.core.function.OverloadException;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.core.threads.NoThreadException;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.lang.System.Logger;
import java.net.SocketTimeoutException;
import java.util.Map;

/**
 * What is answered to which error: a table, read from top to bottom. Errors that the operator has to hear of are logged
 * as well. Safe for use by many threads.
 */
final class FailureAnswers {

    private static final String MORE_FILES = "The worker has as many open files as it may: allow it more, with"
            + " LimitNOFILE in its service's unit or 'ulimit -Hn'";
    private static final String MORE_THREADS =
            "raise pids.max of its cgroup (TasksMax in its service's unit) or 'ulimit -Hu'";
    private static final String MORE_HEAP = "give Java more: ZYGOTES_JAVA_OPTS=-Xmx…";

    private final FewLines log;

    /** @param log where errors go that the operator has to hear of */
    FailureAnswers(Logger log) {
        this.log = new FewLines(log);
    }

    /**
     * The answer to a request whose body could not be read. The rest of the body is not read either, so the connection
     * cannot be used any more.
     */
    static HttpAnswer toBody(Exception failure) {
        return switch (failure) {
            case HttpQuestion.TooLargeException e -> error(413, e.getMessage(), CLOSE);
            case HttpQuestion.NoRoomException e -> noRoom(e);
            case SocketTimeoutException e -> error(408, "the body did not arrive in time: " + e.getMessage(), CLOSE);
            default -> error(400, "the body cannot be read: " + failure.getMessage(), CLOSE);
        };
    }

    /** The answer where there is no memory for a body; what is left of the request is not read. */
    static HttpAnswer noRoom(HttpQuestion.NoRoomException e) {
        return error(503, e.getMessage(), RETRY_AND_CLOSE);
    }

    /**
     * The answer instead of one that there is no memory for. No Retry-After: what was asked for was done, and a client
     * that asks again has it done twice.
     *
     * @param done the answer that is lost
     */
    static HttpAnswer doneWithoutRoom(HttpAnswer done, HttpQuestion.NoRoomException e) {
        return error(
                503,
                "the request was carried out, but its answer of " + done.body().length + " bytes (status "
                        + done.status() + ") is lost: " + e.getMessage().replace("; try again later", "")
                        + ". Ask again only if it may be done twice",
                done.headers());
    }

    /** The answer of a worker that ends. */
    static HttpAnswer stopping() {
        return error(503, "the worker is stopping", CLOSE);
    }

    /**
     * The answer to a call that failed.
     *
     * @param lambda the lambda's name as the request has it
     * @param failure what {@code Functions.invoke} threw
     */
    HttpAnswer toCall(String lambda, Throwable failure) {
        String message = "lambda " + lambda + ": " + failure.getMessage();
        return switch (failure) {
            case PackageException e when lacksFiles(e) -> ofFiles(FailureKind.TOO_MANY_FILES, e.getMessage());
            case RegistryException e when lacksFiles(e) -> ofFiles(FailureKind.TOO_MANY_FILES, e.getMessage());
            case RuntimeException e
            when lacksFiles(e) ->
                logged(e, lambda, "cannot use its files", ofFiles(FailureKind.TOO_MANY_FILES, message));
            case RegistryException e -> error(status(e.kind()), e.getMessage(), PLAIN);
            case MethodNotAllowedException e ->
                error(405, e.getMessage(), Map.of("Allow", String.join(", ", e.allowed())));
            case PackageException e -> error(500, e.getMessage(), PLAIN);
            case OverloadException e -> error(429, e.getMessage(), RETRY);
            case SandboxException.NoCapacity _ -> error(429, message, RETRY);
            case SandboxException.ZygoteGone _ -> error(503, message, RETRY);
            case SandboxException.TimedOut _ -> error(504, message, PLAIN);
            case SandboxException.OutOfMemory _ -> error(502, message, PLAIN);
            case SandboxException.Died _ -> error(502, message, PLAIN);
            case SandboxException.BrokenOff e -> error(500, message, e.traceback());
            case SandboxException.ImportFailed e -> error(500, message, e.traceback());
            case SandboxException e -> logged(e, lambda, "no sandbox", error(500, message, PLAIN));
            case InterruptedException _ -> stopping();
            case StorageException e -> logged(e, lambda, "cannot read or write its files", ofFiles(e.kind(), message));
            case IOException e -> logged(e, lambda, "cannot read or write its files", error(500, message, PLAIN));
            case NoThreadException e -> noThread(lambda, e);
            case OutOfMemoryError _ -> noHeap(lambda);
            default -> logged(failure, lambda, "the worker failed", workerFailed(lambda, failure));
        };
    }

    private static int status(RegistryException.Kind kind) {
        return switch (kind) {
            case BAD_NAME -> 400;
            case UNKNOWN -> 404;
            case BROKEN -> 500;
        };
    }

    private static boolean lacksFiles(Throwable failure) {
        return StorageException.kindOf(failure) == FailureKind.TOO_MANY_FILES;
    }

    private static HttpAnswer ofFiles(FailureKind kind, String message) {
        return switch (kind) {
            case TOO_MANY_FILES -> error(503, message + ". " + MORE_FILES, RETRY);
            case NO_SPACE -> error(507, message, PLAIN);
            case NO_PROCESSES, NO_MEMORY, REFUSED, TIMED_OUT, GONE, PYTHON, OTHER -> error(500, message, PLAIN);
        };
    }

    private HttpAnswer noThread(String lambda, NoThreadException e) {
        log.log("no thread for a request to lambda " + lambda + "; " + MORE_THREADS, null);
        return error(503, e.getMessage() + "; " + MORE_THREADS, RETRY);
    }

    /** Bodies are by far the largest things in the heap, so it is this request that there is no room for. */
    private HttpAnswer noHeap(String lambda) {
        log.log("no memory for a request to lambda " + lambda + "; " + MORE_HEAP, null);
        return error(503, "the worker has no memory left for this request", RETRY);
    }

    private static HttpAnswer workerFailed(String lambda, Throwable failure) {
        return error(500, "lambda " + lambda + ": the worker failed: " + failure, PLAIN);
    }

    private HttpAnswer logged(Throwable failure, String lambda, String what, HttpAnswer answer) {
        log.log("lambda " + lambda + ": " + what, failure);
        return answer;
    }
}
