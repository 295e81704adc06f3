package io.zygotes.sandbox.sock.protocol;

import java.nio.ByteBuffer;

/**
 * A leaf has imported {@code f.py}.
 *
 * @param importNanos how long that took, in nanoseconds, as the leaf says
 * @param agoNanos how long ago it ended, in nanoseconds, as the leaf says
 */
public record LeafReady(long importNanos, long agoNanos) {

    /**
     * Reads it.
     *
     * @throws MisbehavedException if it is something else
     */
    public static LeafReady read(Frame frame) throws MisbehavedException {
        if (!frame.isReady() || frame.body().length != Protocol.READY_BODY_BYTES) {
            throw new MisbehavedException("it sent a message of kind " + frame.kind() + " and " + frame.body().length
                    + " bytes instead of being ready");
        }
        ByteBuffer body = ByteBuffer.wrap(frame.body());
        return new LeafReady(body.getLong(), body.getLong());
    }
}
