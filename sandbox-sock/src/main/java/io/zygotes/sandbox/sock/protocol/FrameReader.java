package io.zygotes.sandbox.sock.protocol;

import java.io.IOException;
import java.util.concurrent.TimeoutException;

/** Puts frames together from what came in parts. One thread at a time. */
final class FrameReader {

    /** Room for a body before any of it came: what a header claims may be a lie. */
    private static final int FIRST_ROOM = 1 << 16;

    private byte[] pending = {};
    private int at;
    private int sender;

    /** Gets more of what came, and adds it. */
    @FunctionalInterface
    interface Source {
        void fill() throws IOException, TimeoutException, InterruptedException;
    }

    /** How many bytes came that are in no frame yet. */
    int length() {
        return pending.length - at;
    }

    /** @param pid who sent it */
    void add(byte[] data, int pid) {
        sender = pid;
        int left = length();
        byte[] joined = new byte[left + data.length];
        System.arraycopy(pending, at, joined, 0, left);
        System.arraycopy(data, 0, joined, left, data.length);
        pending = joined;
        at = 0;
    }

    /**
     * The next frame.
     *
     * @param source for as long as it is not whole
     * @throws MisbehavedException if it would be longer than a frame may be
     */
    Frame next(Source source) throws IOException, TimeoutException, InterruptedException {
        while (length() < Protocol.FRAME_HEADER_BYTES) {
            source.fill();
        }
        int length = (pending[at] & 0xff) << 24
                | (pending[at + 1] & 0xff) << 16
                | (pending[at + 2] & 0xff) << 8
                | pending[at + 3] & 0xff;
        int kind = pending[at + 4];
        at += Protocol.FRAME_HEADER_BYTES;
        if (length < 0 || length > Protocol.LARGEST_BODY) {
            throw new MisbehavedException("an answer of " + Integer.toUnsignedString(length) + " bytes is longer than "
                    + Protocol.LARGEST_BODY);
        }
        return new Frame(kind, body(length, source), sender);
    }

    private byte[] body(int length, Source source) throws IOException, TimeoutException, InterruptedException {
        byte[] body = room(Math.min(length, FIRST_ROOM));
        int done = 0;
        while (done < length) {
            if (at == pending.length) {
                source.fill();
            }
            if (done == body.length) {
                byte[] larger = room(Math.min(length, 4 * body.length));
                System.arraycopy(body, 0, larger, 0, done);
                body = larger;
            }
            int part = Math.min(body.length - done, pending.length - at);
            System.arraycopy(pending, at, body, done, part);
            at += part;
            done += part;
        }
        return body;
    }

    /** A worker that is short of memory fails the call whose answer is too large for it, and no other. */
    private static byte[] room(int bytes) throws IOException {
        try {
            return new byte[bytes];
        } catch (OutOfMemoryError e) {
            throw new IOException(
                    "the worker has no memory left for an answer of " + bytes
                            + " bytes: let lambdas answer with less, or give its Java more (ZYGOTES_JAVA_OPTS=-Xmx…)",
                    e);
        }
    }
}
