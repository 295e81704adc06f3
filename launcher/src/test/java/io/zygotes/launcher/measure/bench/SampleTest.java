package io.zygotes.launcher.measure.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SampleTest {

    private static final long MS = 1_000_000;

    @Test
    void theMedianIsTheMiddleOne() {
        assertEquals(2, new Sample(List.of(3 * MS, MS, 2 * MS)).p50Ms());
    }

    @Test
    void ofAnEvenNumberTheMedianIsTheLowerOfTheTwoInTheMiddle() {
        assertEquals(2, new Sample(List.of(4 * MS, MS, 3 * MS, 2 * MS)).p50Ms());
    }

    @Test
    void of200DurationsTheThirdLongestIsThe99thPercentile() {
        List<Long> nanos = new ArrayList<>(
                LongStream.rangeClosed(1, 200).mapToObj(each -> each * MS).toList());
        Collections.shuffle(nanos, new Random(1));

        assertEquals(198, new Sample(nanos).p99Ms());
    }

    @Test
    void ofFewerThanAHundredTheLongestIsThe99thPercentile() {
        assertEquals(7, new Sample(List.of(MS, 7 * MS, 2 * MS)).p99Ms());
    }

    @Test
    void oneDurationIsAllPercentiles() {
        Sample one = new Sample(List.of(5 * MS));

        assertEquals(5, one.p50Ms());
        assertEquals(5, one.p99Ms());
    }

    @Test
    void nothingCannotBeSummedUp() {
        assertThrows(IllegalArgumentException.class, () -> new Sample(List.of()));
    }
}
