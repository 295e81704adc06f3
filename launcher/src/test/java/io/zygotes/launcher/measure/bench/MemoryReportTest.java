package io.zygotes.launcher.measure.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.zygotes.launcher.measure.bench.MemoryReport.Charges;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryReportTest {

    private static Charges charges(int leaves, double leavesMb, double zygotesMb, double machineMb, int memoryMb) {
        MachineMemory machine = new MachineMemory(machineMb, 0, 0, 0, 0, 0, 0);
        return Charges.of(leaves, leavesMb, zygotesMb, machine, memoryMb);
    }

    @Test
    void whatTheMachineLostIsSharedByAll() throws Exception {
        MachineMemory before = MachineMemory.parse(meminfo(9000, 100));
        MachineMemory each = before.takenByEach(MachineMemory.parse(meminfo(7976, 356)), 2);

        assertEquals(new MachineMemory(0.5, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125), each);
        assertThrows(IOException.class, () -> MachineMemory.parse(List.of("MemAvailable:    5 kB")));
    }

    private static List<String> meminfo(int available, int other) {
        List<String> lines =
                new ArrayList<>(List.of("MemAvailable:    " + available + " kB", "HugePages_Total:       0"));
        for (String name : List.of("AnonPages", "Slab", "Percpu", "PageTables", "KernelStack", "Shmem")) {
            lines.add(name + ":      " + other + " kB");
        }
        return lines;
    }

    @Test
    void whatFitsIsTheMemoryLessTheZygotesOnceByTheShareOfOneLeaf() {
        assertEquals(450, charges(10, 20, 100, 3, 1000).leavesThatFit());
    }

    @Test
    void aLeafThatFitsOnlyInPartDoesNotCount() {
        assertEquals(2, charges(1, 40, 0, 40, 119).leavesThatFit());
    }

    @Test
    void zygotesThatDoNotFitLeaveNoRoom() {
        assertEquals(0, charges(1, 2, 100, 2, 50).leavesThatFit());
    }

    @Test
    void leavesThatCostNothingWereNotMeasured() {
        assertThrows(IllegalArgumentException.class, () -> charges(3, 0, 100, 2, 50));
    }

    @Test
    void timesAsManyComparesWhatFits() {
        MemoryReport report =
                MemoryReport.of("pandas", 2.5, 60, charges(10, 20, 100, 3, 1000), charges(4, 200, 0, 60, 1000), 1000);

        assertEquals(20, report.withoutZygotes().leavesThatFit());
        assertEquals(22.5, report.timesAsMany());
    }

    @Test
    void nothingIsManyTimesNothing() {
        Charges none = charges(1, 200, 0, 60, 100);

        assertEquals(0, MemoryReport.of("pandas", 2, 60, none, none, 100).timesAsMany());
    }
}
