package io.zygotes.spi;

import java.io.IOException;

/**
 * Gets a reply that comes in parts, while the call goes on. Called by the thread that runs the call.
 *
 * @since 1.3
 */
@Stability(Stability.Level.STABLE)
public interface ReplyStream {

    /**
     * The reply begins. Called once at most, before any {@link #write}; not for a reply that comes as a whole.
     *
     * @param head status and header; the body is its first part, and may be empty
     * @throws IOException if nobody wants the reply any more
     */
    void begin(Reply head) throws IOException;

    /**
     * More of the body. Returns when it is taken: what takes its time here slows the lambda down.
     *
     * @param part not copied: do not change it
     * @throws IOException if nobody wants the reply any more
     */
    void write(byte[] part) throws IOException;
}
