package io.zygotes.core.http;

import io.zygotes.core.http.HttpQuestion.TooLargeException;
import io.zygotes.spi.HeaderField;
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
    private final int maxBody;

    /**
     * @param api answers
     * @param maxBody the largest body of a request, in bytes, and of an answer that comes in parts
     */
    public PrivateFront(WorkerApi api, int maxBody) {
        this.api = api;
        this.maxBody = maxBody;
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
        WholeAnswer whole = new WholeAnswer(maxBody);
        HttpAnswer answer = whole.of(api.answer(new HttpQuestion(
                question.method(),
                question.path(),
                question.query(),
                question.headers().getOrDefault("host", ""),
                "",
                () -> question.headers().entrySet().stream()
                        .map(field -> new HeaderField(field.getKey(), field.getValue()))
                        .toList(),
                () -> body(question),
                _ -> {},
                whole,
                (file, most) -> UploadedBody.write(question.body(), question.length(), file, most),
                HttpQuestion.Sender.OWNER)));
        Map<String, String> headers = new TreeMap<>();
        answer.fields().forEach(field -> headers.merge(field.name(), field.value(), (one, next) -> one + ", " + next));
        return new Answer(answer.status(), headers, answer.body());
    }

    private byte[] body(Question question) throws TooLargeException, IOException {
        byte[] body = question.body().readNBytes(maxBody + 1);
        if (body.length > maxBody) {
            throw new TooLargeException("the body is larger than " + (maxBody >> 20) + " MiB");
        }
        return body;
    }
}
