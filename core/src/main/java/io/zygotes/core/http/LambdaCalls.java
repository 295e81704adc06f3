package io.zygotes.core.http;

import io.zygotes.core.function.Answer;
import io.zygotes.core.function.Functions;
import io.zygotes.core.function.OverloadException;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.core.statistics.StatisticNames;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What is behind {@code /run/}: takes a request to its lambda and counts it. Safe for use by many threads. */
public final class LambdaCalls {

    private static final Logger LOG = System.getLogger(LambdaCalls.class.getName());
    /** An answer is large, in bytes, if many of them at once can take the room for bodies. */
    private static final int LARGE = 64 << 10;

    private static final String START = "X-Zygotes-Start";
    static final String SANDBOX = "X-Zygotes-Sandbox";

    private final Functions functions;
    private final Statistics statistics;
    private final boolean trace;
    private final LongAdder inFlight;
    /** How large the last answer was, of those lambdas whose answers are large. */
    private final Map<String, Integer> lastLarge = new ConcurrentHashMap<>();

    private final FailureAnswers failures = new FailureAnswers(LOG);

    /**
     * @param functions runs lambdas
     * @param statistics counts requests
     * @param trace {@code trace.latency}: whether to log how long each request took
     */
    public LambdaCalls(Functions functions, Statistics statistics, boolean trace) {
        this.functions = functions;
        this.statistics = statistics;
        this.trace = trace;
        this.inFlight = statistics.counter(StatisticNames.REQUESTS_IN_FLIGHT);
    }

    /**
     * Answers a request.
     *
     * @param question the request
     * @param rest its path behind {@code /run/}
     */
    HttpAnswer answer(HttpQuestion question, String rest) {
        if (!question.method().equals("POST") && !question.method().equals("GET")) {
            return HttpAnswer.error(405, "lambdas take POST and GET only", Map.of("Allow", "GET, POST"));
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
        count(name, answer, System.nanoTime() - start);
        return answer;
    }

    private void count(String name, HttpAnswer answer, long nanos) {
        statistics.count(StatisticNames.REQUESTS);
        statistics.count(StatisticNames.requests(answer.status()));
        if (trace) {
            LOG.log(
                    Level.INFO,
                    "lambda " + name + ": " + answer.status() + " in " + nanos / 1000 + " µs "
                            + answer.headers().getOrDefault(START, "-"));
        }
    }

    private HttpAnswer call(String name, String below, HttpQuestion question) {
        byte[] body;
        try {
            body = question.body().read();
            // Before the call: afterwards a client that is told to try again would have it run twice.
            question.room().check(lastLarge.getOrDefault(name, 0));
        } catch (HttpQuestion.TooLargeException | IOException e) {
            return FailureAnswers.toBody(e);
        }
        try {
            Answer answer = functions.invoke(
                    name,
                    new Invocation(question.method(), below, question.headers().read(), body));
            remember(name, answer.reply().body().length);
            return answer(answer);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failures.toCall(name, e);
        } catch (RegistryException
                | PackageException
                | OverloadException
                | SandboxException
                | IOException
                | RuntimeException
                | Error e) {
            return failures.toCall(name, e);
        }
    }

    private void remember(String name, int length) {
        if (length >= LARGE) {
            lastLarge.put(name, length);
        } else if (!lastLarge.isEmpty()) {
            lastLarge.remove(name);
        }
    }

    private static HttpAnswer answer(Answer answer) {
        return new HttpAnswer(
                answer.reply().status(),
                HttpAnswer.JSON,
                Map.of(START, answer.start().name().toLowerCase(Locale.ROOT), SANDBOX, answer.sandbox()),
                answer.reply().body());
    }

    /** A name without its percent signs. */
    static String decoded(String name) {
        try {
            return URLDecoder.decode(name, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // A wrong percent sign is no name, either way.
            return name;
        }
    }
}
