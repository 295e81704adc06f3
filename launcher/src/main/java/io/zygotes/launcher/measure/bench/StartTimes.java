package io.zygotes.launcher.measure.bench;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What was measured of one function. For one thread. */
final class StartTimes {

    /** The kinds of calls: {@link StartRow}. */
    enum What {
        NONE,
        INSTALLED,
        HIT,
        FUNCTION,
        WARM,
        FLOOR
    }

    private final Map<What, List<Long>> nanos = new EnumMap<>(What.class);
    private String leftOut;

    void add(What what, long duration) {
        addAll(what, List.of(duration));
    }

    void addAll(What what, List<Long> durations) {
        nanos.computeIfAbsent(what, key -> new ArrayList<>()).addAll(durations);
    }

    /** Says why it cannot be measured. */
    void leaveOut(String reason) {
        leftOut = reason;
    }

    boolean isLeftOut() {
        return leftOut != null;
    }

    StartRow row(StartFunction function) {
        return new StartRow(
                function.name(),
                p50(What.NONE),
                p50(What.INSTALLED),
                p50(What.HIT),
                p50(What.FUNCTION),
                p50(What.WARM),
                p50(What.FLOOR),
                ofFloor(What.HIT),
                ofFloor(What.FUNCTION),
                leftOut);
    }

    private Double p50(What what) {
        return nanos.containsKey(what) ? ColdTable.rounded(new Sample(nanos.get(what)).p50Ms()) : null;
    }

    private Double ofFloor(What what) {
        return nanos.containsKey(what) && nanos.containsKey(What.FLOOR)
                ? ColdTable.rounded(p50(what) / p50(What.FLOOR))
                : null;
    }
}
