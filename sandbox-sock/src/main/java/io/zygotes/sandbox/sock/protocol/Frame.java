package io.zygotes.sandbox.sock.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A message on a sandbox's channel.
 *
 * @param kind what it is: {@link Protocol}
 * @param body its content
 * @param pid the process that sent it, as the kernel says; 0 for one that is to be sent
 */
public record Frame(int kind, byte[] body, int pid) {

    private static final byte[] NOTHING = {};
    private static final byte[] GO_NOW = encode(Protocol.FRAME_GO, NOTHING);

    /** The go for a sandbox that was told everything else already. Not to be changed. */
    public static byte[] goNow() {
        return GO_NOW;
    }

    /** What a zygote that was forked waits for, which is no frame. */
    public static byte[] idsAreMapped() {
        return Protocol.IDS_ARE_MAPPED.getBytes(StandardCharsets.US_ASCII);
    }

    /** Whether it says that a process was born. */
    public boolean isHello() {
        return kind == Protocol.FRAME_HELLO;
    }

    /** Whether it says that a sandbox is ready for work. */
    public boolean isReady() {
        return kind == Protocol.FRAME_READY;
    }

    /** Whether it says what the zygote of a function begins: {@link SnapshotStep}. */
    public boolean isStep() {
        return kind == Protocol.FRAME_STEP;
    }

    /** Whether it is the answer to a call. */
    public boolean isReply() {
        return kind == Protocol.FRAME_REPLY;
    }

    /** Whether it is the whole answer of a web application: {@link Response}. */
    public boolean isResponse() {
        return kind == Protocol.FRAME_RESPONSE;
    }

    /** Whether it is the beginning of an answer that comes in parts: {@link Response}. */
    public boolean isBegin() {
        return kind == Protocol.FRAME_BEGIN;
    }

    /** Whether it is a part of such an answer. */
    public boolean isPart() {
        return kind == Protocol.FRAME_PART;
    }

    /** Whether it is the end of such an answer: with nothing in it, or with what went wrong. */
    public boolean isEnd() {
        return kind == Protocol.FRAME_END;
    }

    /** Whether a zygote says that it begins to import a further module. */
    public boolean isImporting() {
        return kind == Protocol.FRAME_IMPORTING;
    }

    /** Whether a leaf says which modules it loaded. */
    public boolean isLoaded() {
        return kind == Protocol.FRAME_LOADED;
    }

    /** The modules that a leaf says it loaded; what is too much is passed over. */
    public List<String> loaded() {
        return text().lines().limit(Protocol.MOST_LOADED).toList();
    }

    /** Its content as a text. */
    public String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    /** Whether it says why there will be no sandbox: {@link FailureReport}. */
    public boolean isFailure() {
        return kind == Protocol.FRAME_FAILED;
    }

    /** Header and body, as they go over a stream. */
    static byte[] encode(int kind, byte[] body) {
        return ByteBuffer.allocate(Protocol.FRAME_HEADER_BYTES + body.length)
                .putInt(body.length)
                .put((byte) kind)
                .put(body)
                .array();
    }
}
