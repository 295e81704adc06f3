package io.zygotes.core.http;

import io.zygotes.core.function.Answer;
import io.zygotes.core.function.AnswerParts;
import io.zygotes.core.function.Functions;
import io.zygotes.core.function.MethodNotAllowedException;
import io.zygotes.core.function.OverloadException;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.core.statistics.StatisticNames;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.spi.HeaderField;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Origin;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.Reply;
import io.zygotes.spi.ReplyStream;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What is behind {@code /run/}: takes a request to its lambda and counts it. Safe for use by many threads. */
public final class LambdaCalls {

    private static final Logger LOG = System.getLogger(LambdaCalls.class.getName());
    /** An answer is large, in bytes, if many of them at once can take the room for bodies. */
    private static final int LARGE = 64 << 10;

    private static final String RUN = "/run/";
    private static final String START = "X-Zygotes-Start";
    static final String SANDBOX = "X-Zygotes-Sandbox";

    private final Functions functions;
    private final Statistics statistics;
    private final boolean trace;
    private final int maxAnswer;
    private final LongAdder inFlight;
    /** How large the last answer was, of those lambdas whose answers are large. */
    private final Map<String, Integer> lastLarge = new ConcurrentHashMap<>();

    private final FailureAnswers failures = new FailureAnswers(LOG);

    /**
     * @param functions runs lambdas
     * @param statistics counts requests
     * @param trace {@code trace.latency}: whether to log how long each request took
     * @param maxAnswer the most bytes that an answer may have which does not come in parts
     */
    public LambdaCalls(Functions functions, Statistics statistics, boolean trace, int maxAnswer) {
        this.functions = functions;
        this.statistics = statistics;
        this.trace = trace;
        this.maxAnswer = maxAnswer;
        this.inFlight = statistics.counter(StatisticNames.REQUESTS_IN_FLIGHT);
    }

    /**
     * Answers a request.
     *
     * @param question the request
     * @param rest its path behind {@code /run/}
     */
    HttpAnswer answer(HttpQuestion question, String rest) {
        int slash = rest.indexOf('/');
        String name = slash < 0 ? rest : rest.substring(0, slash);
        String below =
                (slash < 0 ? "" : rest.substring(slash)) + (question.query() == null ? "" : "?" + question.query());
        long start = System.nanoTime();
        inFlight.increment();
        HttpAnswer answer;
        try {
            answer = call(new Target(decoded(name), RUN + name, below), question);
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
                            + Objects.requireNonNullElse(answer.header(START), "-"));
        }
    }

    /**
     * What is asked for.
     *
     * @param name the lambda's name
     * @param base the path under which it is found, as it was sent
     * @param below the path below that, and the query, as they were sent
     */
    private record Target(String name, String base, String below) {}

    private HttpAnswer call(Target target, HttpQuestion question) {
        byte[] body;
        try {
            body = question.body().read();
            // Before the call: afterwards a client that is told to try again would have it run twice.
            question.room().check(lastLarge.getOrDefault(target.name(), 0));
        } catch (HttpQuestion.TooLargeException | IOException e) {
            return FailureAnswers.toBody(e);
        }
        List<HeaderField> fields = question.headers().read();
        String id = CallId.of(fields);
        Parts parts = new Parts(question.stream(), id);
        HttpAnswer answer = call(target, invocation(target, question, fields, body, id), parts, id);
        if (parts.begun != null && !answer.isStreamed()) {
            LOG.log(
                    Level.WARNING,
                    "lambda " + target.name() + ", call " + id + ": its answer broke off: "
                            + new String(answer.body(), StandardCharsets.UTF_8));
        }
        return answer;
    }

    private HttpAnswer call(Target target, Invocation invocation, Parts parts, String id) {
        try {
            Answer answer = functions.invokeOverHttp(target.name(), invocation, parts);
            if (parts.begun != null) {
                return HttpAnswer.streamed(answer.reply().status(), fields(answer, id));
            }
            int length = answer.reply().body().length;
            if (length > maxAnswer) {
                return HttpAnswer.error(
                        502,
                        "lambda " + target.name() + " answered with " + length + " bytes, and " + maxAnswer
                                + " are the most (max_answer_mb in config.json); a web application can answer in parts",
                        HttpAnswer.PLAIN);
            }
            remember(target.name(), length);
            return new HttpAnswer(
                    answer.reply().status(), fields(answer, id), answer.reply().body(), false);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failures.toCall(target.name(), e);
        } catch (MethodNotAllowedException
                | RegistryException
                | PackageException
                | OverloadException
                | SandboxException
                | IOException
                | RuntimeException
                | Error e) {
            return failures.toCall(target.name(), e);
        }
    }

    private static Invocation invocation(
            Target target, HttpQuestion question, List<HeaderField> fields, byte[] body, String id) {
        return new Invocation(
                question.method(),
                target.below(),
                fields,
                body,
                new Origin(true, id, target.base(), "http", question.server(), question.client()));
    }

    /** Passes on an answer that comes in parts. */
    private static final class Parts implements AnswerParts {
        private final ReplyStream stream;
        private final String id;
        /** What it was begun with; null before that. */
        private Answer begun;

        private Parts(ReplyStream stream, String id) {
            this.stream = stream;
            this.id = id;
        }

        @Override
        public void begin(Answer head) throws IOException {
            begun = head;
            stream.begin(new Reply(
                    head.reply().status(), fields(head, id), head.reply().body()));
        }

        @Override
        public void write(byte[] part) throws IOException {
            stream.write(part);
        }
    }

    private void remember(String name, int length) {
        if (length >= LARGE) {
            lastLarge.put(name, length);
        } else if (!lastLarge.isEmpty()) {
            lastLarge.remove(name);
        }
    }

    /** The lambda's own fields, and what the worker says. */
    private static List<HeaderField> fields(Answer answer, String id) {
        List<HeaderField> fields = new ArrayList<>(answer.reply().fields());
        fields.add(new HeaderField(START, answer.start().name().toLowerCase(Locale.ROOT)));
        fields.add(new HeaderField(SANDBOX, answer.sandbox()));
        fields.add(new HeaderField(CallId.FIELD, id));
        return fields;
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
