package io.zygotes.sandbox.sock.protocol;

import io.zygotes.spi.HeaderField;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Origin;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A call as a leaf gets it: {@code FRAME_CALL}. */
public final class Call {

    private static final byte[] CANCEL = Frame.encode(Protocol.FRAME_CANCEL, new byte[0]);

    private Call() {}

    /**
     * Writes it.
     *
     * @param deadline the moment ({@link System#nanoTime}, which is CLOCK_MONOTONIC) until which it may take
     */
    public static byte[] encode(Invocation invocation, long deadline) {
        byte[] head = head(invocation, deadline).getBytes(StandardCharsets.ISO_8859_1);
        byte[] body = invocation.body();
        int length = Protocol.CALL_HEAD_BYTES + head.length + body.length;
        return ByteBuffer.allocate(Protocol.FRAME_HEADER_BYTES + length)
                .putInt(length)
                .put((byte) Protocol.FRAME_CALL)
                .putInt(head.length)
                .put(head)
                .put(body)
                .array();
    }

    /** Says that nobody wants the rest of an answer. Not to be changed. */
    public static byte[] cancel() {
        return CANCEL;
    }

    private static String head(Invocation invocation, long deadline) {
        Origin origin = invocation.origin();
        StringBuilder head = new StringBuilder(256);
        head.append(origin.isRequest() ? Protocol.CALL_REQUEST : Protocol.CALL_EVENT);
        add(head, origin.id());
        add(head, Long.toString(deadline));
        add(head, invocation.method());
        add(head, invocation.path());
        add(head, origin.base());
        add(head, origin.scheme());
        add(head, origin.server());
        add(head, origin.client());
        for (HeaderField field : invocation.fields()) {
            add(head, field.name());
            add(head, field.value());
        }
        return head.toString();
    }

    private static void add(StringBuilder head, String line) {
        // What comes over HTTP has no line break in it. An import cache's or a trigger's call may.
        head.append(Protocol.LINE_END).append(line.indexOf('\n') < 0 ? line : line.replace('\n', ' '));
    }
}
