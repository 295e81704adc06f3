package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.sandbox.sock.protocol.Protocol;
import io.zygotes.spi.Reply;
import io.zygotes.spi.ReplyStream;
import io.zygotes.spi.SandboxException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/** Puts an answer that comes in parts together, for a caller that wants it as a whole. */
final class WholeReply implements ReplyStream {

    private final ByteArrayOutputStream parts = new ByteArrayOutputStream();
    private boolean tooLong;

    @Override
    public void begin(Reply head) throws IOException {
        write(head.body());
    }

    @Override
    public void write(byte[] part) throws IOException {
        if (parts.size() + part.length > Protocol.LARGEST_BODY) {
            tooLong = true;
            throw new IOException("nobody wants the rest of what is too long");
        }
        parts.writeBytes(part);
    }

    /**
     * The whole answer.
     *
     * @param reply what the call returned
     * @throws SandboxException if it is longer than one that comes as a whole may be
     */
    Reply of(Reply reply) throws SandboxException {
        if (tooLong) {
            throw new SandboxException("the answer is longer than " + Protocol.LARGEST_BODY
                    + " bytes, which is the most for one that is not passed on in parts");
        }
        return parts.size() == 0 ? reply : new Reply(reply.status(), reply.fields(), parts.toByteArray());
    }
}
