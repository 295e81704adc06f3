package io.zygotes.sandbox.sock;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** How long the steps of making a sandbox took. */
final class StepTimes {

    private final Map<String, Long> nanos = new LinkedHashMap<>();
    private long last = System.nanoTime();

    /** Ends a step that began when the one before ended. */
    void step(String name) {
        step(name, 0);
    }

    /**
     * Ends a step.
     *
     * @param ago nanoseconds since it ended, as somebody else says; not taken for more than can be
     */
    synchronized void step(String name, long ago) {
        long now = System.nanoTime();
        long ended = now - Math.clamp(ago, 0, now - last);
        nanos.put(name, ended - last);
        last = ended;
    }

    /** The next step begins now: what went before was waiting. */
    synchronized void resume() {
        last = System.nanoTime();
    }

    /** Notes a time that was measured elsewhere. */
    synchronized void add(String name, long value) {
        nanos.put(name, value);
    }

    synchronized Map<String, Long> snapshot() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(nanos));
    }
}
