package io.zygotes.sandbox.sock;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** How long the steps of making a sandbox took. */
final class StepTimes {

    private final Map<String, Long> nanos = new LinkedHashMap<>();
    private long last = System.nanoTime();

    /** Ends a step that began when the one before ended. */
    synchronized void step(String name) {
        long now = System.nanoTime();
        nanos.put(name, now - last);
        last = now;
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
