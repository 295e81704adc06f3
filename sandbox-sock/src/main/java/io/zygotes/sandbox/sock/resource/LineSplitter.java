package io.zygotes.sandbox.sock.resource;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Splits what is printed into lines. Who prints more than anybody can read loses the rest, and is told how much. */
final class LineSplitter implements Source {

    private static final int LONGEST_LINE = 8192;
    /** What is split into lines, in bytes a second; the rest is lost. */
    private static final int MOST_IN_A_SECOND = 2 << 20;
    /** What a line costs beside its bytes, as it will be with time and names before it. */
    private static final int COST_OF_A_LINE = 64;

    private final Consumer<String> sink;
    private final StringBuilder line = new StringBuilder();
    private volatile boolean hasPart;
    private volatile boolean rests;
    private long since = System.nanoTime();
    private int left = MOST_IN_A_SECOND;
    private long lost;

    LineSplitter(Consumer<String> sink) {
        this.sink = sink;
    }

    @Override
    public void take(byte[] bytes) {
        long now = System.nanoTime();
        if (now - since >= TimeUnit.SECONDS.toNanos(1)) {
            reportLost();
            since = now;
            left = MOST_IN_A_SECOND;
        }
        // Latin-1 first: a character may be cut in two between reads, and bytes must not be lost.
        int at = 0;
        for (; at < bytes.length && left > 0; at++, left--) {
            if (bytes[at] == '\n') {
                flush();
                left -= COST_OF_A_LINE;
            } else {
                line.append((char) (bytes[at] & 0xff));
                if (line.length() >= LONGEST_LINE) {
                    flush();
                }
            }
        }
        lost += bytes.length - at;
        hasPart = !line.isEmpty();
    }

    @Override
    public boolean hasPart() {
        return hasPart;
    }

    @Override
    public void pause() {
        if (!line.isEmpty()) {
            flush();
        }
        hasPart = false;
    }

    @Override
    public void rest(boolean on) {
        rests = on;
    }

    @Override
    public boolean rests() {
        return rests;
    }

    private void reportLost() {
        if (lost > 0) {
            sink.accept(
                    "[" + lost + " bytes lost: it printed more than " + (MOST_IN_A_SECOND >> 20) + " MiB in a second]");
            lost = 0;
        }
    }

    private void flush() {
        String whole = line.toString();
        line.setLength(0);
        sink.accept(new String(whole.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
    }

    @Override
    public void end() {
        if (!line.isEmpty()) {
            flush();
        }
        reportLost();
    }
}
