package io.zygotes.core.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Says the worker's errors as a text to whoever asks for that, as OpenLambda says them to all. */
final class TextErrors {

    private static final ObjectMapper JSON = new ObjectMapper();

    private TextErrors() {}

    /**
     * The same answer, as a text if it is an error of the worker's and the client names {@code text/plain} first in
     * {@code Accept}. What a lambda answers is the lambda's own affair.
     */
    static HttpAnswer ifAsked(HttpQuestion question, HttpAnswer answer) {
        if (answer.status() < 400
                || !HttpAnswer.JSON.equals(answer.header(HttpAnswer.CONTENT_TYPE))
                || answer.header(LambdaCalls.SANDBOX) != null
                || !question.header("accept").strip().toLowerCase(Locale.ROOT).startsWith("text/plain")) {
            return answer;
        }
        try {
            JsonNode error = JSON.readTree(answer.body());
            String traceback = error.path("traceback").asText("");
            String text = error.path("error").asText() + "\n" + (traceback.isEmpty() ? "" : traceback + "\n");
            return new HttpAnswer(
                    answer.status(), HttpAnswer.TEXT, answer.headers(), text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("an error of the worker's is no JSON", e);
        }
    }
}
