package io.zygotes.launcher.control;

import java.util.Objects;

/**
 * What a worker answers to a command.
 *
 * @param status the HTTP status; 200 if it was done
 * @param json the body, one JSON value
 */
public record ControlAnswer(int status, String json) {

    /** Checks for null. */
    public ControlAnswer {
        Objects.requireNonNull(json);
    }
}
