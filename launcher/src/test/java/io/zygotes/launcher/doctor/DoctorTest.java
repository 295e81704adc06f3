package io.zygotes.launcher.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.mechanism.Finding;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class DoctorTest {

    private static final Finding GOOD = Finding.good("kernel", "Linux 6.1");
    private static final Finding WORSE = Finding.lacking("pip", "none", "install it");
    private static final Finding FATAL = Finding.missing("user", "uid 7", "use sudo");

    private static String memInfo(long totalMb) {
        return "MemTotal:       " + totalMb * 1024 + " kB\nMemFree:  1 kB\nMemAvailable:   524288 kB\n";
    }

    @Test
    void aWorkerCanRunWhereOnlyWhatMakesItBetterIsMissing() {
        assertTrue(Diagnosis.of(List.of(GOOD, WORSE)).ok());
    }

    @Test
    void aWorkerCannotRunWhereSomethingThatItNeedsIsMissing() {
        assertFalse(Diagnosis.of(List.of(GOOD, FATAL, WORSE)).ok());
    }

    @Test
    void memoryIsSaidWithWhatTheSandboxesMayUse() {
        Finding finding = Doctor.memory(memInfo(4096), 3596);

        assertTrue(finding.ok());
        assertEquals("4096 MB, 512 MB available, mem_pool_mb is 3596", finding.found());
    }

    @Test
    void aPoolLargerThanTheMachineIsToBeLowered() {
        Finding finding = Doctor.memory(memInfo(2048), 4096);

        assertFalse(finding.ok());
        assertEquals("lower mem_pool_mb in config.json below 2048", finding.mend());
    }

    @Test
    void tooFewOpenFilesForThePoolAreSaidWithTheNumberThatIsEnough() {
        String limits = "Limit                     Soft Limit           Hard Limit           Units\n"
                + "Max open files            1024                 4096                 files\n";

        Finding few = Doctor.openFiles(limits, 16_000);
        assertFalse(few.ok());
        assertFalse(few.needed());
        assertEquals("4096, enough for 448 leaves at rest; 16000 MB may hold 2000", few.found());
        assertTrue(few.mend().contains("LimitNOFILE=16512"), few.mend());
        assertTrue(Doctor.openFiles(limits.replace("4096", "16512"), 16_000).ok());
        assertTrue(Doctor.openFiles(limits.replace("4096", "unlimited"), 16_000).ok());
    }

    @Test
    void aSmallMachineIsWorse() {
        assertFalse(Doctor.memory(memInfo(512), 300).ok());
    }

    @Test
    void aDirectoryThatCannotBeWrittenStopsAWorker() {
        Finding finding = Doctor.disk(Path.of("/data"), false, 100_000);

        assertTrue(finding.needed());
        assertFalse(finding.ok());
    }

    @Test
    void aFullDiskIsWorse() {
        Finding finding = Doctor.disk(Path.of("/data"), true, 100);

        assertFalse(finding.ok());
        assertFalse(finding.needed());
        assertEquals("100 MB free at /data", finding.found());
    }
}
