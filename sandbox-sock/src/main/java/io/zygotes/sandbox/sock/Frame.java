package io.zygotes.sandbox.sock;

/**
 * A message on a sandbox's channel; the kinds are those of {@code protocol.py}.
 *
 * @param kind what it is
 * @param body its content
 * @param pid the process that sent it, as the kernel says
 */
record Frame(int kind, byte[] body, int pid) {

    static final int GO = 0;
    static final int CALL = 1;
    static final int MOUNT = 2;
    static final int HELLO = 10;
    static final int READY = 11;
    static final int REPLY = 12;
    static final int FAILED = 13;

    static final int HEADER = 5;

    /** Header and body, as they go over a stream. */
    static byte[] encode(int kind, byte[] body) {
        byte[] data = new byte[HEADER + body.length];
        data[0] = (byte) (body.length >>> 24);
        data[1] = (byte) (body.length >>> 16);
        data[2] = (byte) (body.length >>> 8);
        data[3] = (byte) body.length;
        data[4] = (byte) kind;
        System.arraycopy(body, 0, data, HEADER, body.length);
        return data;
    }
}
