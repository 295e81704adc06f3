package io.zygotes.core.function;

import java.io.IOException;

/** Gets an answer that comes in parts, while the call goes on. Called by the thread that runs the call. */
public interface AnswerParts {

    /**
     * The answer begins; called once at most.
     *
     * @param head with the first part of the body
     * @throws IOException if nobody wants the answer any more
     */
    void begin(Answer head) throws IOException;

    /**
     * More of the body. Returns when it is taken.
     *
     * @param part not copied
     * @throws IOException if nobody wants the answer any more
     */
    void write(byte[] part) throws IOException;
}
