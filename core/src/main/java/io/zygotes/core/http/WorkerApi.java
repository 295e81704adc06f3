package io.zygotes.core.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.function.Answer;
import io.zygotes.core.function.Functions;
import io.zygotes.core.function.OverloadException;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketTimeoutException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/** What the worker answers to which request. Knows nothing of the HTTP server. Safe for use by many threads. */
public final class WorkerApi {

    private static final Logger LOG = System.getLogger(WorkerApi.class.getName());
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String RUN = "/run/";
    private static final String REGISTRY = "/registry/";
    /** What Java says of the kernel's refusal to make one. */
    private static final String NO_THREAD = "native thread";

    private static final String MORE_THREADS =
            "raise pids.max of its cgroup (TasksMax in its service's unit) or 'ulimit -Hu'";
    /** What the C library says of EMFILE and ENFILE. */
    private static final String NO_FILES = "Too many open files";
    /** What the C library says of ENOSPC. */
    private static final String NO_SPACE = "No space left on device";

    private final Functions functions;
    private final LambdaStore store;
    private final Statistics statistics;
    private final Supplier<Map<String, Number>> stats;
    private final Supplier<String> debug;
    private final boolean trace;
    private final LongAdder inFlight;
    private final FewLines failures = new FewLines(LOG);
    private volatile boolean stopping;

    /**
     * @param functions runs lambdas
     * @param store lists lambdas
     * @param statistics counts requests
     * @param stats numbers for {@code /stats}
     * @param debug text for {@code /debug}
     * @param trace whether to log how long each request took
     */
    public WorkerApi(
            Functions functions,
            LambdaStore store,
            Statistics statistics,
            Supplier<Map<String, Number>> stats,
            Supplier<String> debug,
            boolean trace) {
        this.functions = functions;
        this.store = store;
        this.statistics = statistics;
        this.stats = stats;
        this.debug = debug;
        this.trace = trace;
        this.inFlight = statistics.counter("requests_in_flight");
    }

    /** Refuses all further requests. */
    public void stop() {
        stopping = true;
    }

    /** How many requests are being answered. */
    public long inFlight() {
        return inFlight.sum();
    }

    /** The answer to a lambda. */
    static HttpAnswer refusal() {
        return error(
                403,
                "lambdas may not call this worker; \"allow_lambda_calls\": true in config.json lets them. If you are"
                        + " none, it could not be found out who you are: the worker's log has the reason",
                null,
                Map.of("Connection", "close"));
    }

    /** The answer where there is no memory for a body; what is left of the request is not read. */
    static HttpAnswer noRoom(HttpQuestion.NoRoomException e) {
        return error(503, e.getMessage(), null, Map.of("Retry-After", "1", "Connection", "close"));
    }

    HttpAnswer answer(HttpQuestion question) {
        if (stopping) {
            return error(503, "the worker is stopping", null, Map.of("Connection", "close"));
        }
        String path = question.path();
        if (path.startsWith(RUN)) {
            return run(question, path.substring(RUN.length()));
        }
        boolean known = path.equals("/status")
                || path.equals("/stats")
                || path.equals("/debug")
                || path.startsWith(REGISTRY)
                || path.equals("/registry");
        if (!known) {
            return error(404, "there is nothing at " + path + "; lambdas are at /run/NAME", null, Map.of());
        }
        if (!question.method().equals("GET")) {
            return error(405, path + " takes GET only", null, Map.of("Allow", "GET"));
        }
        return switch (path) {
            case "/status" -> text("ready\n");
            case "/stats" -> json(200, stats.get());
            case "/debug" -> text(debug.get());
            default -> registry(path);
        };
    }

    private HttpAnswer registry(String path) {
        if (!path.equals(REGISTRY) && !path.equals("/registry")) {
            return error(404, "/registry/ lists the lambdas; there is nothing at " + path, null, Map.of());
        }
        try {
            return json(200, store.names());
        } catch (IOException e) {
            LOG.log(Level.ERROR, "cannot list the registry " + store.folder(), e);
            return error(500, "cannot list the registry: " + e.getMessage(), null, Map.of());
        }
    }

    private HttpAnswer run(HttpQuestion question, String rest) {
        if (!question.method().equals("POST") && !question.method().equals("GET")) {
            return error(405, "lambdas take POST and GET only", null, Map.of("Allow", "GET, POST"));
        }
        int slash = rest.indexOf('/');
        String name = slash < 0 ? rest : rest.substring(0, slash);
        String below =
                (slash < 0 ? "" : rest.substring(slash)) + (question.query() == null ? "" : "?" + question.query());
        long start = System.nanoTime();
        inFlight.increment();
        HttpAnswer answer;
        try {
            answer = call(decoded(name), below, question);
        } finally {
            inFlight.decrement();
        }
        long nanos = System.nanoTime() - start;
        statistics.count("requests");
        statistics.count("requests_" + answer.status() / 100 + "xx");
        if (trace) {
            LOG.log(
                    Level.INFO,
                    "lambda " + name + ": " + answer.status() + " in " + nanos / 1000 + " µs "
                            + answer.headers().getOrDefault("X-Zygotes-Start", "-"));
        }
        return answer;
    }

    private HttpAnswer call(String name, String below, HttpQuestion question) {
        byte[] body;
        try {
            body = question.body().read();
        } catch (HttpQuestion.TooLargeException e) {
            return error(413, e.getMessage(), null, Map.of("Connection", "close"));
        } catch (HttpQuestion.NoRoomException e) {
            return noRoom(e);
        } catch (SocketTimeoutException e) {
            return error(
                    408, "the body did not arrive in time: " + e.getMessage(), null, Map.of("Connection", "close"));
        } catch (IOException e) {
            return error(400, "the body cannot be read: " + e.getMessage(), null, Map.of("Connection", "close"));
        }
        try {
            Answer answer = functions.invoke(
                    name,
                    new Invocation(question.method(), below, question.headers().read(), body));
            return new HttpAnswer(
                    answer.reply().status(),
                    HttpAnswer.JSON,
                    Map.of(
                            "X-Zygotes-Start", answer.start().name().toLowerCase(Locale.ROOT),
                            "X-Zygotes-Sandbox", answer.sandbox()),
                    answer.reply().body());
        } catch (RegistryException e) {
            return error(
                    switch (e.kind()) {
                        case BAD_NAME -> 400;
                        case UNKNOWN -> 404;
                        case BROKEN -> 500;
                    },
                    e.getMessage(),
                    null,
                    Map.of());
        } catch (PackageException e) {
            return error(500, e.getMessage(), null, Map.of());
        } catch (OverloadException e) {
            return error(429, e.getMessage(), null, Map.of("Retry-After", "1"));
        } catch (SandboxException e) {
            return sandboxError(name, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return error(503, "the worker is stopping", null, Map.of("Connection", "close"));
        } catch (IOException e) {
            failures.log("lambda " + name + ": cannot read or write its files", e);
            if (String.valueOf(e.getMessage()).contains(NO_FILES)) {
                return error(
                        503,
                        "lambda " + name + ": " + e.getMessage()
                                + ". The worker has as many open files as it may: allow it"
                                + " more, with LimitNOFILE in its service's unit or 'ulimit -Hn'",
                        null,
                        Map.of("Retry-After", "1"));
            }
            boolean full = String.valueOf(e.getMessage()).contains(NO_SPACE);
            return error(full ? 507 : 500, "lambda " + name + ": " + e.getMessage(), null, Map.of());
        } catch (RuntimeException e) {
            failures.log("lambda " + name + ": the worker failed", e);
            return error(500, "lambda " + name + ": the worker failed: " + e, null, Map.of());
        } catch (OutOfMemoryError e) {
            if (String.valueOf(e.getMessage()).contains(NO_THREAD)) {
                failures.log("no thread for a request to lambda " + name + "; " + MORE_THREADS, null);
                return error(
                        503,
                        "the worker may not start another thread; " + MORE_THREADS,
                        null,
                        Map.of("Retry-After", "1"));
            }
            // bodies are by far the largest things here, so it is this request that there is no room for
            failures.log(
                    "no memory for a request to lambda " + name + "; give Java more: ZYGOTES_JAVA_OPTS=-Xmx…", null);
            return error(503, "the worker has no memory left for this request", null, Map.of("Retry-After", "1"));
        }
    }

    private HttpAnswer sandboxError(String name, SandboxException e) {
        String message = "lambda " + name + ": " + e.getMessage();
        return switch (e) {
            case SandboxException.NoCapacity full -> error(429, message, null, Map.of("Retry-After", "1"));
            case SandboxException.TimedOut late -> error(504, message, null, Map.of());
            case SandboxException.ImportFailed failed -> error(500, message, failed.traceback(), Map.of());
            case SandboxException.OutOfMemory memory -> error(502, message, null, Map.of());
            case SandboxException.Died died -> error(502, message, null, Map.of());
            case SandboxException.ZygoteGone gone -> error(503, message, null, Map.of("Retry-After", "1"));
            default -> {
                failures.log("lambda " + name + ": no sandbox", e);
                yield error(500, message, null, Map.of());
            }
        };
    }

    private static String decoded(String name) {
        try {
            return URLDecoder.decode(name, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // a wrong percent sign is no name, either way
            return name;
        }
    }

    private static HttpAnswer text(String text) {
        return new HttpAnswer(200, HttpAnswer.TEXT, Map.of(), text.getBytes(StandardCharsets.UTF_8));
    }

    private static HttpAnswer error(int status, String message, String traceback, Map<String, String> headers) {
        ObjectNode body = JSON.createObjectNode();
        body.put("error", message);
        if (traceback != null) {
            body.put("traceback", traceback);
        }
        return new HttpAnswer(status, HttpAnswer.JSON, headers, bytes(body));
    }

    private static HttpAnswer json(int status, Object value) {
        return new HttpAnswer(status, HttpAnswer.JSON, Map.of(), bytes(value));
    }

    private static byte[] bytes(Object value) {
        try {
            return JSON.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
