package io.zygotes.core.http;

import io.zygotes.core.aws.AwsApi;
import io.zygotes.core.http.HttpQuestion.TooLargeException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Between the server and the worker: reads requests, writes answers, and counts those that are not written yet. */
final class ApiHandler extends Handler.Abstract {

    private static final Logger LOG = System.getLogger(ApiHandler.class.getName());
    /** A client that takes longer to send its body holds a thread for nothing. */
    private static final long BODY_NANOS = Duration.ofSeconds(60).toNanos();

    private final Function<HttpQuestion, HttpAnswer> api;
    private final BodyRoom room;
    private final Duration patience;
    private final AtomicInteger underWay;
    private final FewLines log = new FewLines(LOG);

    /**
     * @param api answers
     * @param room the memory for bodies
     * @param patience how long a client may take for {@link AnswerWriter#PIECE} bytes
     * @param underWay counts requests from their arrival until their answers are written
     */
    ApiHandler(Function<HttpQuestion, HttpAnswer> api, BodyRoom room, Duration patience, AtomicInteger underWay) {
        this.api = api;
        this.room = room;
        this.patience = patience;
        this.underWay = underWay;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        // A lambda may think longer than a connection may idle. For the answer there is a time of its own.
        request.addIdleTimeoutListener(timeout -> false);
        BodyRoom.Share share = room.share();
        underWay.incrementAndGet();
        boolean answered = false;
        try {
            HttpAnswer answer = fitting(answer(request, share), share);
            response.setStatus(answer.status());
            answer.headers().forEach(response.getHeaders()::put);
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, answer.contentType());
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, answer.body().length);
            AnswerWriter writer = writer(answer, request, response, share, callback);
            answered = true;
            writer.iterate();
            return true;
        } finally {
            if (!answered) {
                end(share);
            }
        }
    }

    private AnswerWriter writer(
            HttpAnswer answer, Request request, Response response, BodyRoom.Share share, Callback callback) {
        return new AnswerWriter(
                response,
                answer.body(),
                request.getConnectionMetaData().getConnection().getEndPoint(),
                request.getComponents().getScheduler(),
                patience) {
            @Override
            void ended(Throwable failure) {
                end(share);
                if (failure == null) {
                    callback.succeeded();
                } else {
                    callback.failed(failure);
                }
            }
        };
    }

    private void end(BodyRoom.Share share) {
        share.close();
        underWay.decrementAndGet();
    }

    private HttpAnswer answer(Request request, BodyRoom.Share share) {
        if (GuardedConnector.isRefused(request.getConnectionMetaData())) {
            return WorkerApi.refusal();
        }
        try {
            return api.apply(new HttpQuestion(
                    request.getMethod(),
                    request.getHttpURI().getPath(),
                    request.getHttpURI().getQuery(),
                    () -> headers(request),
                    () -> body(request, share),
                    share::check));
        } catch (RuntimeException | Error e) {
            // Jetty would answer with a page of its own.
            log.log(request.getMethod() + " " + request.getHttpURI().getPath() + ": the worker failed", e);
            return HttpAnswer.error(500, "the worker failed: " + e, HttpAnswer.PLAIN);
        }
    }

    /** The answer, or that there is no room for it: a client may take its time to read it. */
    private static HttpAnswer fitting(HttpAnswer answer, BodyRoom.Share share) {
        try {
            share.takeAnswer(answer.body().length);
            return answer;
        } catch (HttpQuestion.NoRoomException e) {
            return FailureAnswers.doneWithoutRoom(answer, e);
        }
    }

    /** The fields of a request by their names in lower case; a field that comes more than once is put together. */
    private static Map<String, String> headers(Request request) {
        Map<String, String> all = new TreeMap<>();
        for (HttpField field : request.getHeaders()) {
            String value = field.getValue() == null ? "" : field.getValue();
            String name = field.getName().toLowerCase(Locale.ROOT);
            if (name.startsWith(AwsApi.RUNTIME_HEADERS)) {
                // By these the worker tells a function of its call, and nobody else does.
                continue;
            }
            // RFC 9110 5.3; cookies are the exception, as a comma may be part of one (RFC 6265 5.4, RFC 9113 8.2.3).
            String separator = name.equals("cookie") ? "; " : ", ";
            all.merge(name, value, (first, next) -> first + separator + next);
        }
        return all;
    }

    private static byte[] body(Request request, BodyRoom.Share share) throws TooLargeException, IOException {
        if (request.getLength() == 0) {
            return new byte[0];
        }
        if (request.getLength() > HttpFront.MAX_BODY) {
            throw tooLarge();
        }
        long until = System.nanoTime() + BODY_NANOS;
        // The array grows as bytes come: a client may say that it sends more than it does.
        byte[] body = new byte[BodyRoom.FREE];
        int length = 0;
        try (InputStream in = Content.Source.asInputStream(request)) {
            for (int n = in.read(body, 0, body.length); n >= 0; n = in.read(body, length, body.length - length)) {
                length += n;
                if (length > HttpFront.MAX_BODY) {
                    throw tooLarge();
                }
                if (System.nanoTime() > until) {
                    throw new SocketTimeoutException("the body took longer than a minute");
                }
                if (length == body.length) {
                    share.take(Math.min(length, HttpFront.MAX_BODY + 1 - length));
                    body = Arrays.copyOf(body, Math.min(2 * length, HttpFront.MAX_BODY + 1));
                }
            }
        }
        return length == body.length ? body : Arrays.copyOf(body, length);
    }

    private static TooLargeException tooLarge() {
        return new TooLargeException("the body is larger than " + (HttpFront.MAX_BODY >> 20) + " MiB");
    }
}
