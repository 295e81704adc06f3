package io.zygotes.launcher.measure.bench;

import io.zygotes.spi.CreationSteps;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Collects durations and turns them into rows. For one thread. */
final class ColdTable {

    /** The kinds of start, in the order of the rows. */
    enum What {
        LIMIT,
        HIT,
        CREATE,
        NONE,
        SPARE;

        /** Whose rounds took turns with those of the limit that this kind is compared to. */
        What besides() {
            return this == CREATE ? HIT : this;
        }
    }

    private record Key(String set, Pace pace, What what) {}

    private final Map<Key, List<Long>> nanos = new LinkedHashMap<>();
    /** Rounds of the limit, by what they took turns with. */
    private final Map<Key, List<Long>> limits = new LinkedHashMap<>();

    private final Map<Key, StepTimes> steps = new LinkedHashMap<>();

    void add(PackageSet set, Pace pace, What what, long duration) {
        nanos.computeIfAbsent(new Key(set.name(), pace, what), key -> new ArrayList<>())
                .add(duration);
    }

    /** Adds rounds of the limit that took turns with rounds of something else, which is compared to these alone. */
    void addLimit(PackageSet set, Pace pace, What beside, List<Long> durations) {
        limits.computeIfAbsent(new Key(set.name(), pace, beside), key -> new ArrayList<>())
                .addAll(durations);
    }

    /**
     * Adds how one sandbox was made; all its steps together are its {@link What#CREATE}. A mechanism that does not
     * measure its steps has no such row.
     */
    void addSteps(PackageSet set, Pace pace, CreationSteps creation) {
        if (creation.steps().isEmpty()) {
            return;
        }
        steps.computeIfAbsent(new Key(set.name(), pace, What.CREATE), key -> new StepTimes())
                .add(creation);
        add(set, pace, What.CREATE, creation.totalNanos());
    }

    /**
     * The rows of everything added so far, in the order of the sets; a kind that was not measured has none. What took
     * turns with the limit is compared to those rounds of it, everything else to the limit's row.
     */
    List<ColdRow> rows() {
        List<ColdRow> rows = new ArrayList<>();
        for (PackageSet set : PackageSet.ALL) {
            for (Pace pace : Pace.values()) {
                List<Long> floor = limit(set, pace, What.HIT, limit(set, pace, What.SPARE, null));
                if (floor == null) {
                    continue;
                }
                Sample limit = new Sample(floor);
                rows.add(row(new Key(set.name(), pace, What.LIMIT), limit, limit));
                for (What what : What.values()) {
                    Key key = new Key(set.name(), pace, what);
                    if (nanos.containsKey(key)) {
                        Sample beside = new Sample(limit(set, pace, what.besides(), floor));
                        rows.add(row(key, new Sample(nanos.get(key)), beside));
                    }
                }
            }
        }
        return rows;
    }

    private List<Long> limit(PackageSet set, Pace pace, What beside, List<Long> otherwise) {
        return limits.getOrDefault(new Key(set.name(), pace, beside), otherwise);
    }

    private ColdRow row(Key key, Sample sample, Sample limit) {
        Optional<StepTimes> times = Optional.ofNullable(steps.get(key));
        return new ColdRow(
                key.set(),
                key.pace().toString(),
                key.what().name().toLowerCase(Locale.ROOT),
                sample.nanos().size(),
                rounded(sample.p50Ms()),
                rounded(sample.p99Ms()),
                rounded(sample.p50Ms() / limit.p50Ms()),
                rounded(sample.p99Ms() / limit.p99Ms()),
                times.map(StepTimes::stepsP50Ms).orElse(null),
                times.map(StepTimes::partsP50Ms).orElse(null));
    }

    /** Three digits behind the point: microseconds, or a thousandth of a ratio. */
    static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }
}
