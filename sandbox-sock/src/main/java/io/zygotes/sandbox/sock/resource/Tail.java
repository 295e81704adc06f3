package io.zygotes.sandbox.sock.resource;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

/** Keeps the last 64 KiB of what is printed. */
final class Tail implements Source {

    private static final int KEPT = 1 << 16;

    private final Consumer<String> done;
    private byte[] kept = {};

    Tail(Consumer<String> done) {
        this.done = done;
    }

    @Override
    public void take(byte[] bytes) {
        byte[] joined = new byte[kept.length + bytes.length];
        System.arraycopy(kept, 0, joined, 0, kept.length);
        System.arraycopy(bytes, 0, joined, kept.length, bytes.length);
        kept = joined.length <= KEPT ? joined : Arrays.copyOfRange(joined, joined.length - KEPT, joined.length);
    }

    @Override
    public void end() {
        done.accept(new String(kept, StandardCharsets.UTF_8));
    }
}
