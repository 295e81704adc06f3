package io.zygotes.core.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

class StatisticsTest {

    @Test
    void quantilesAreRightToSixPercent() {
        Latency latency = new Latency();
        for (int micros = 1; micros <= 10_000; micros++) {
            latency.record(micros * 1000L);
        }
        Latency.Summary summary = latency.summary();

        assertEquals(10_000, summary.count());
        assertEquals(5.0005, summary.meanMs(), 1e-9);
        assertEquals(5, summary.p50Ms(), 0.3);
        assertEquals(9.9, summary.p99Ms(), 0.6);
    }

    @Test
    void extremesAreCounted() {
        Latency latency = new Latency();
        latency.record(-5);
        latency.record(0);
        latency.record(Long.MAX_VALUE);

        assertEquals(3, latency.summary().count());
        assertEquals(0, new Latency().summary().p99Ms());
    }

    @Test
    void theSnapshotIsFlatAndSorted() {
        Statistics statistics = new Statistics();
        statistics.count("b");
        statistics.count("b");
        statistics.latency("a").record(15);

        Map<String, Number> snapshot = statistics.snapshot();

        assertEquals(
                "[a_count, a_mean_ms, a_p50_ms, a_p99_ms, b]", snapshot.keySet().toString());
        assertEquals(2L, snapshot.get("b"));
        assertEquals(1L, snapshot.get("a_count"));
    }
}
