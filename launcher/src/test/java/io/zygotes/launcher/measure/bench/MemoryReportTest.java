package io.zygotes.launcher.measure.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.zygotes.launcher.measure.bench.MemoryReport.Charges;
import org.junit.jupiter.api.Test;

class MemoryReportTest {

    @Test
    void whatFitsIsTheMemoryLessTheZygotesOnceByTheShareOfOneLeaf() {
        assertEquals(450, Charges.of(10, 20, 100, 3, 1000).leavesThatFit());
    }

    @Test
    void aLeafThatFitsOnlyInPartDoesNotCount() {
        assertEquals(2, Charges.of(1, 40, 0, 40, 119).leavesThatFit());
    }

    @Test
    void zygotesThatDoNotFitLeaveNoRoom() {
        assertEquals(0, Charges.of(1, 2, 100, 2, 50).leavesThatFit());
    }

    @Test
    void leavesThatCostNothingWereNotMeasured() {
        assertThrows(IllegalArgumentException.class, () -> Charges.of(3, 0, 100, 2, 50));
    }

    @Test
    void timesAsManyComparesWhatFits() {
        MemoryReport report =
                MemoryReport.of(2.5, 60, Charges.of(10, 20, 100, 3, 1000), Charges.of(4, 200, 0, 60, 1000), 1000);

        assertEquals(20, report.withoutZygotes().leavesThatFit());
        assertEquals(22.5, report.timesAsMany());
    }

    @Test
    void nothingIsManyTimesNothing() {
        Charges none = Charges.of(1, 200, 0, 60, 100);

        assertEquals(0, MemoryReport.of(2, 60, none, none, 100).timesAsMany());
    }
}
