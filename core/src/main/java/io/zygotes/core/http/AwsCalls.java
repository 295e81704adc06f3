package io.zygotes.core.http;

import io.zygotes.core.aws.AwsAnswer;
import io.zygotes.core.aws.AwsApi;
import io.zygotes.core.aws.AwsRequest;
import io.zygotes.core.statistics.StatisticNames;
import io.zygotes.core.statistics.Statistics;
import java.io.IOException;
import java.lang.System.Logger;
import java.util.concurrent.atomic.LongAdder;

/** Between HTTP and the API of AWS Lambda: reads requests, writes answers, counts calls. Safe for use by many threads. */
public final class AwsCalls {

    private static final Logger LOG = System.getLogger(AwsCalls.class.getName());

    private final AwsApi api;
    private final Statistics statistics;
    private final LongAdder inFlight;
    private final FewLines log = new FewLines(LOG);

    /**
     * @param api answers
     * @param statistics counts requests that run functions, as those to {@code /run/}
     */
    public AwsCalls(AwsApi api, Statistics statistics) {
        this.api = api;
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
            return api.answer(new AwsRequest(
                    question.method(),
                    question.path(),
                    question.query() == null ? "" : question.query(),
                    question.headers().read(),
                    body));
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
