package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** How fast measured rounds follow one another: a tight loop hides waits of the kernel. */
enum Pace {
    /** Back to back. */
    BURST(0, 10),
    /** With a rest before each. */
    SPACED(100, 5);

    private final int restMillis;
    private final int batch;

    Pace(int restMillis, int batch) {
        this.restMillis = restMillis;
        this.batch = batch;
    }

    /** Milliseconds of rest before each round. */
    int restMillis() {
        return restMillis;
    }

    /** How many rounds of one kind are done before it is the other kind's turn. */
    int batch() {
        return batch;
    }

    @Override
    @JsonValue
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
