package io.zygotes.core.http;

import io.zygotes.core.http.HttpQuestion.TooLargeException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Answers what comes over the private socket of the worker directory, whose owner alone can open it: all that the HTTP
 * server answers, and what takes an administrator besides. Safe for use by many threads.
 */
public final class PrivateFront {

    private final WorkerApi api;

    /** @param api answers */
    public PrivateFront(WorkerApi api) {
        this.api = api;
    }

    /**
     * A request.
     *
     * @param method its method
     * @param path its path as it was sent
     * @param query what follows the question mark; null if there is none
     * @param headers its headers, names in lower case
     * @param length of its body in bytes; negative if it is not known
     * @param body not closed
     */
    public record Question(
            String method, String path, String query, Map<String, String> headers, long length, InputStream body) {

        /** Checks for null and copies. */
        public Question {
            Objects.requireNonNull(method);
            Objects.requireNonNull(path);
            headers = Map.copyOf(headers);
            Objects.requireNonNull(body);
        }
    }

    /**
     * An answer.
     *
     * @param status its status
     * @param headers all of them, the content's type included
     * @param body not copied
     */
    public record Answer(int status, Map<String, String> headers, byte[] body) {}

    /** Answers a request. */
    public Answer answer(Question question) {
        HttpAnswer answer = api.answer(new HttpQuestion(
                question.method(),
                question.path(),
                question.query(),
                question::headers,
                () -> body(question),
                _ -> {},
                (file, most) -> UploadedBody.write(question.body(), question.length(), file, most),
                HttpQuestion.Origin.OWNER));
        Map<String, String> headers = new TreeMap<>(answer.headers());
        headers.put("Content-Type", answer.contentType());
        return new Answer(answer.status(), headers, answer.body());
    }

    private static byte[] body(Question question) throws TooLargeException, IOException {
        byte[] body = question.body().readNBytes(HttpFront.MAX_BODY + 1);
        if (body.length > HttpFront.MAX_BODY) {
            throw new TooLargeException("the body is larger than " + (HttpFront.MAX_BODY >> 20) + " MiB");
        }
        return body;
    }
}
