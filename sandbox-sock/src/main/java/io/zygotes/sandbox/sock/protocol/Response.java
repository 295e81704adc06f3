package io.zygotes.sandbox.sock.protocol;

import io.zygotes.spi.HeaderField;
import io.zygotes.spi.Reply;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The answer of a web application, or the beginning of one: {@code FRAME_RESPONSE} and {@code FRAME_BEGIN}. */
public final class Response {

    /** Below are those that only an HTTP server may send, because another answer follows. */
    private static final int LEAST_STATUS = 200, MOST_STATUS = 999;

    private Response() {}

    /**
     * Reads it.
     *
     * @throws MisbehavedException if it is none that an HTTP server can send: the leaf's own code checks that, too, but
     *     the lambda may have written past it
     */
    public static Reply read(Frame frame) throws MisbehavedException {
        byte[] all = frame.body();
        int length = all.length < Protocol.CALL_HEAD_BYTES
                ? -1
                : ByteBuffer.wrap(all).getInt();
        if (length < 0 || length > all.length - Protocol.CALL_HEAD_BYTES) {
            throw new MisbehavedException("it sent an answer whose head is not in it");
        }
        int end = Protocol.CALL_HEAD_BYTES + length;
        String[] lines = new String(all, Protocol.CALL_HEAD_BYTES, length, StandardCharsets.ISO_8859_1)
                .split(Protocol.LINE_END, -1);
        return new Reply(status(lines[0]), fields(lines), Arrays.copyOfRange(all, end, all.length));
    }

    private static int status(String text) throws MisbehavedException {
        int status;
        try {
            status = Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new MisbehavedException("it answered with a status that is no number");
        }
        if (status < LEAST_STATUS || status > MOST_STATUS) {
            throw new MisbehavedException(
                    "it answered with status " + status + ", which is not from " + LEAST_STATUS + " to " + MOST_STATUS);
        }
        return status;
    }

    private static List<HeaderField> fields(String[] lines) throws MisbehavedException {
        if (lines.length % 2 == 0) {
            throw new MisbehavedException("it answered with a field of a header that has no value");
        }
        List<HeaderField> fields = new ArrayList<>(lines.length / 2);
        for (int i = 1; i < lines.length; i += 2) {
            if (!isToken(lines[i]) || lines[i + 1].indexOf('\r') >= 0 || lines[i + 1].indexOf('\0') >= 0) {
                throw new MisbehavedException("it answered with a field of a header that HTTP does not know");
            }
            fields.add(new HeaderField(lines[i], lines[i + 1]));
        }
        return fields;
    }

    /** RFC 9110 5.6.2. */
    private static boolean isToken(String name) {
        return !name.isEmpty()
                && name.chars()
                        .allMatch(c -> c >= '0' && c <= '9'
                                || c >= 'a' && c <= 'z'
                                || c >= 'A' && c <= 'Z'
                                || "!#$%&'*+-.^_`|~".indexOf(c) >= 0);
    }
}
