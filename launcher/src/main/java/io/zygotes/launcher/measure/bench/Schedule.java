package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.measure.tree.RecordedCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * When the calls of a trace are made again.
 *
 * @param name in words
 * @param offsets of each call the milliseconds after the first one; empty if each one waits for the answer to the one
 *     before it
 */
record Schedule(String name, Optional<List<Double>> offsets) {

    /** Copies the list. */
    Schedule {
        offsets = offsets.map(List::copyOf);
    }

    /**
     * Makes a schedule.
     *
     * @param calls the calls, in their order
     * @param paceMillis the time between two calls, instead of the recorded times; empty for these
     * @param speed how many times as fast as recorded; more than 0
     * @param longestPauseMillis longer pauses between two calls, after the change of speed, are cut to this
     */
    static Schedule of(List<RecordedCall> calls, OptionalDouble paceMillis, double speed, double longestPauseMillis) {
        List<Double> offsets = new ArrayList<>();
        if (paceMillis.isPresent()) {
            calls.forEach(call -> offsets.add(offsets.size() * paceMillis.getAsDouble()));
            return new Schedule(
                    String.format(Locale.ROOT, "one call every %s ms", number(paceMillis.getAsDouble())),
                    Optional.of(offsets));
        }
        if (calls.stream().noneMatch(call -> call.atMillis().isPresent())) {
            return new Schedule("one call after another, for the trace has no times", Optional.empty());
        }
        double now = 0;
        OptionalLong before = OptionalLong.empty();
        for (RecordedCall call : calls) {
            if (call.atMillis().isPresent()) {
                if (before.isPresent()) {
                    double pause = Math.max(0, (double) call.atMillis().getAsLong() - before.getAsLong()) / speed;
                    now += Math.min(pause, longestPauseMillis);
                }
                before = call.atMillis();
            }
            offsets.add(now);
        }
        return new Schedule(
                String.format(
                        Locale.ROOT,
                        "%s times as fast as recorded, pauses of at most %s ms",
                        number(speed),
                        number(longestPauseMillis)),
                Optional.of(offsets));
    }

    private static String number(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }

    /** How long the calls take at least, in seconds; 0 if that depends on the answers alone. */
    double seconds() {
        return offsets.filter(all -> !all.isEmpty())
                .map(all -> all.getLast() / 1000)
                .orElse(0.0);
    }
}
