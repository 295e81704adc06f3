package io.zygotes.sandbox.sock.protocol;

import java.util.Arrays;

/**
 * A leaf's answer to a call.
 *
 * @param status one of the protocol's
 * @param body what f returned, or what went wrong, as JSON
 */
public record Answer(int status, byte[] body) {

    /**
     * Reads it.
     *
     * @throws MisbehavedException if it is something else
     */
    public static Answer read(Frame frame) throws MisbehavedException {
        byte[] all = frame.body();
        if (!frame.isReply() || all.length < Protocol.REPLY_STATUS_BYTES) {
            throw new MisbehavedException("it sent a message of kind " + frame.kind() + " instead of an answer");
        }
        int status = (all[0] & 0xff) << 8 | all[1] & 0xff;
        if (!Protocol.STATUSES.contains(status)) {
            throw new MisbehavedException(
                    "it answered with status " + status + ", which is none of " + Protocol.STATUSES);
        }
        return new Answer(status, Arrays.copyOfRange(all, Protocol.REPLY_STATUS_BYTES, all.length));
    }
}
