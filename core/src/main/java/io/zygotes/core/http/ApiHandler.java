package io.zygotes.core.http;

import io.zygotes.core.aws.AwsApi;
import io.zygotes.spi.HeaderField;
import java.lang.System.Logger;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Between the server and the worker: reads requests, writes answers, and counts those that are not written yet. */
final class ApiHandler extends Handler.Abstract {

    private static final Logger LOG = System.getLogger(ApiHandler.class.getName());
    private final Function<HttpQuestion, HttpAnswer> api;
    private final BodyRoom room;
    private final int maxBody;
    private final Duration patience;
    private final AtomicInteger underWay;
    private final FewLines log = new FewLines(LOG);

    /**
     * @param api answers
     * @param room the memory for bodies
     * @param maxBody the largest body of a request, in bytes
     * @param patience how long a client may take for {@link AnswerWriter#PIECE} bytes
     * @param underWay counts requests from their arrival until their answers are written
     */
    ApiHandler(
            Function<HttpQuestion, HttpAnswer> api,
            BodyRoom room,
            int maxBody,
            Duration patience,
            AtomicInteger underWay) {
        this.api = api;
        this.room = room;
        this.maxBody = maxBody;
        this.patience = patience;
        this.underWay = underWay;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        // A lambda may think longer than a connection may idle. For the answer there is a time of its own.
        request.addIdleTimeoutListener(timeout -> false);
        BodyRoom.Share share = room.share();
        AnswerStream stream = new AnswerStream(request, response, patience);
        underWay.incrementAndGet();
        boolean answered = false;
        try {
            RequestBody sent = new RequestBody(request, share, maxBody);
            HttpAnswer answer = answer(request, sent, share, stream);
            if (stream.isBegun()) {
                answered = true;
                stream.end(answer.isStreamed(), ending(share, callback));
                return true;
            }
            answer = fitting(answer, share);
            byte[] body = AnswerStream.hasBody(answer.status()) ? answer.body() : new byte[0];
            AnswerStream.writeHead(response, answer.status(), answer.fields());
            if (sent.isLeft()) {
                // The server ends the connection then, and a client that is not told sends its next request there.
                response.getHeaders().put(HttpHeader.CONNECTION, HttpHeaderValue.CLOSE);
            }
            if (!request.getMethod().equals(HttpMethod.HEAD.asString()) || body.length > 0) {
                response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
            }
            AnswerWriter writer = writer(body, request, response, ending(share, callback));
            answered = true;
            writer.iterate();
            return true;
        } finally {
            if (!answered) {
                end(share);
            }
        }
    }

    /** What comes after the last byte of an answer. */
    private Callback ending(BodyRoom.Share share, Callback callback) {
        return Callback.from(
                () -> {
                    end(share);
                    callback.succeeded();
                },
                failure -> {
                    end(share);
                    callback.failed(failure);
                });
    }

    private AnswerWriter writer(byte[] body, Request request, Response response, Callback ending) {
        return new AnswerWriter(
                response,
                body,
                request.getConnectionMetaData().getConnection().getEndPoint(),
                request.getComponents().getScheduler(),
                patience) {
            @Override
            void ended(Throwable failure) {
                if (failure == null) {
                    ending.succeeded();
                } else {
                    ending.failed(failure);
                }
            }
        };
    }

    private void end(BodyRoom.Share share) {
        share.close();
        underWay.decrementAndGet();
    }

    private HttpAnswer answer(Request request, RequestBody sent, BodyRoom.Share share, AnswerStream stream) {
        if (GuardedConnector.isRefused(request.getConnectionMetaData())) {
            return WorkerApi.refusal();
        }
        try {
            return api.apply(new HttpQuestion(
                    request.getMethod(),
                    request.getHttpURI().getPath(),
                    request.getHttpURI().getQuery(),
                    Objects.requireNonNullElse(request.getHttpURI().getAuthority(), ""),
                    client(request.getConnectionMetaData().getRemoteSocketAddress()),
                    () -> headers(request),
                    sent::read,
                    share::check,
                    stream,
                    sent::write,
                    GuardedConnector.senderOf(request.getConnectionMetaData())));
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

    /** Address and port; an address of IPv6 in brackets. */
    private static String client(SocketAddress address) {
        if (!(address instanceof InetSocketAddress known) || known.getAddress() == null) {
            return "";
        }
        String host = known.getAddress().getHostAddress();
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + known.getPort();
    }

    private static List<HeaderField> headers(Request request) {
        List<HeaderField> all = new ArrayList<>();
        for (HttpField field : request.getHeaders()) {
            String value = field.getValue() == null ? "" : field.getValue();
            String name = field.getName().toLowerCase(Locale.ROOT);
            // By these the worker tells a function of its call, and nobody else does.
            if (!name.startsWith(AwsApi.RUNTIME_HEADERS)) {
                all.add(new HeaderField(name, value));
            }
        }
        return all;
    }
}
