package io.zygotes.launcher.measure.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.launcher.measure.tree.RecordedCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ScheduleTest {

    private static final OptionalDouble RECORDED = OptionalDouble.empty();

    /** Calls at these times; -1 for none. */
    private static List<RecordedCall> at(long... times) {
        List<RecordedCall> calls = new ArrayList<>();
        for (long time : times) {
            calls.add(new RecordedCall("f", Set.of(), time < 0 ? OptionalLong.empty() : OptionalLong.of(time)));
        }
        return calls;
    }

    @Test
    void recordedTimesAreKept() {
        Schedule schedule = Schedule.of(at(5000, 5010, 5010, 5400), RECORDED, 1, 1000);
        assertEquals(Optional.of(List.of(0.0, 10.0, 10.0, 400.0)), schedule.offsets());
        assertEquals(0.4, schedule.seconds());
    }

    @Test
    void timePassesFasterAndLongPausesAreCutAfterwards() {
        Schedule schedule = Schedule.of(at(0, 100, 4_000_000, 4_000_100), RECORDED, 2, 1000);
        assertEquals(Optional.of(List.of(0.0, 50.0, 1050.0, 1100.0)), schedule.offsets());
        assertEquals("2 times as fast as recorded, pauses of at most 1000 ms", schedule.name());
    }

    @Test
    void aCallWithoutATimeIsMadeWithTheOneBeforeIt() {
        assertEquals(
                Optional.of(List.of(0.0, 0.0, 30.0, 30.0)),
                Schedule.of(at(-1, 70, 100, -1), RECORDED, 1, 1000).offsets());
    }

    @Test
    void aGivenPaceReplacesTheRecordedTimes() {
        Schedule schedule = Schedule.of(at(5, 9000, -1), OptionalDouble.of(2.5), 7, 1);
        assertEquals(Optional.of(List.of(0.0, 2.5, 5.0)), schedule.offsets());
        assertEquals("one call every 2.5 ms", schedule.name());
    }

    @Test
    void withoutTimesEachCallWaitsForTheOneBeforeIt() {
        Schedule schedule = Schedule.of(at(-1, -1), RECORDED, 1, 1000);
        assertEquals(Optional.empty(), schedule.offsets());
        assertEquals(0, schedule.seconds());
    }
}
