package io.zygotes.core.http;

import io.zygotes.core.aws.AwsAnswer;
import io.zygotes.core.aws.AwsApi;
import io.zygotes.core.aws.AwsRequest;
import io.zygotes.core.statistics.StatisticNames;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Origin;
import java.io.IOException;
import java.lang.System.Logger;
import java.util.concurrent.atomic.LongAdder;

/** Between HTTP and the API of AWS Lambda: reads requests, writes answers, counts calls. Safe for use by many threads. */
public final class AwsCalls {

    private static final Logger LOG = System.getLogger(AwsCalls.class.getName());

    private final AwsApi api;
    private final LambdaCalls lambdas;
    private final Statistics statistics;
    private final LongAdder inFlight;
    private final FewLines log = new FewLines(LOG);

    /**
     * @param api answers
     * @param lambdas answers requests to URLs of functions
     * @param statistics counts requests that run functions, as those to {@code /run/}
     */
    public AwsCalls(AwsApi api, LambdaCalls lambdas, Statistics statistics) {
        this.api = api;
        this.lambdas = lambdas;
        this.statistics = statistics;
        this.inFlight = statistics.counter(StatisticNames.REQUESTS_IN_FLIGHT);
    }

    HttpAnswer answer(HttpQuestion question) {
        if (!AwsApi.invokes(question.method(), question.path())) {
            return written(asked(question));
        }
        inFlight.increment();
        AwsAnswer answer;
        try {
            answer = asked(question);
        } finally {
            inFlight.decrement();
        }
        statistics.count(StatisticNames.REQUESTS);
        statistics.count(StatisticNames.requests(answer.status()));
        return written(answer);
    }

    private static HttpAnswer written(AwsAnswer answer) {
        return new HttpAnswer(answer.status(), answer.contentType(), answer.headers(), answer.body());
    }

    /** The answer to a request to a function's URL: that of the function, if the request may go there. */
    HttpAnswer toUrl(HttpQuestion question) {
        byte[] body;
        try {
            body = question.body().read();
        } catch (HttpQuestion.TooLargeException | IOException e) {
            return FailureAnswers.toBody(e);
        }
        AwsApi.UrlTarget target = api.url(request(question, body));
        if (target.lambda().isEmpty()) {
            return written(target.refusal().orElseThrow());
        }
        String path = question.path();
        int name = path.indexOf('/', 1) + 1;
        int below = path.indexOf('/', name);
        return lambdas.answer(
                question.withBody(body), target.lambda().get() + (below < 0 ? "" : path.substring(below)));
    }

    private static AwsRequest request(HttpQuestion question, byte[] body) {
        return new AwsRequest(
                question.method(),
                question.path(),
                question.query() == null ? "" : question.query(),
                new Invocation(question.method(), "", question.headers().read(), body, Origin.UNKNOWN).headers(),
                body);
    }

    private AwsAnswer asked(HttpQuestion question) {
        byte[] body;
        try {
            body = question.body().read();
        } catch (HttpQuestion.TooLargeException e) {
            return closing(AwsApi.tooLarge(e.getMessage()));
        } catch (IOException e) {
            return closing(AwsApi.unavailable("the body cannot be read: " + e.getMessage()));
        }
        try {
            return api.answer(
                    request(question, body),
                    switch (question.sender()) {
                        case CLIENT -> AwsApi.Sender.CLIENT;
                        case LAMBDA -> AwsApi.Sender.LAMBDA;
                        case OWNER -> AwsApi.Sender.OWNER;
                    });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return closing(AwsApi.unavailable("the worker is stopping"));
        } catch (RuntimeException | Error e) {
            log.log(question.method() + " " + question.path() + ": the worker failed", e);
            return AwsApi.unavailable("the worker failed: " + e);
        }
    }

    /** What is left of the request is not read, so nothing else can follow it. */
    private static AwsAnswer closing(AwsAnswer answer) {
        return answer.with("Connection", "close");
    }
}
