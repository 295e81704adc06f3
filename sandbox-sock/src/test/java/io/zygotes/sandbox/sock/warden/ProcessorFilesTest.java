package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessorFilesTest {

    @TempDir
    private Path sys;

    private void file(String path, String content) throws Exception {
        Path file = sys.resolve("devices/system").resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    @Test
    void whatDescribesProcessorsIsCopiedAndNothingThatControlsThem() throws Exception {
        file("cpu/online", "0-1\n");
        file("cpu/cpu0/topology/core_id", "0\n");
        file("cpu/cpu0/cache/index0/size", "32K\n");
        file("cpu/cpu0/thermal_throttle/core_throttle_count", "9\n");
        file("cpu/cpu0/cpufreq/scaling_governor", "performance\n");
        file("cpu/cpu0/hotplug/target", "1\n");
        file("cpu/cpu0/uevent", "x\n");
        file("cpu/probe", "x\n");
        file("memory/auto_online_blocks", "x\n");
        file("node/node0/cpumap", "3\n");
        file("node/node0/compact", "x\n");
        Files.createSymbolicLink(sys.resolve("devices/system/cpu/cpu0/node0"), Path.of("../../node/node0"));
        Files.createSymbolicLink(sys.resolve("devices/system/cpu/cpu0/driver"), Path.of("../../../bus"));
        List<List<String>> entries = ProcessorFiles.entries(sys);
        String system = "/sys/devices/system/";
        assertEquals(
                Set.of(
                        List.of("text", system + "cpu/online", "0-1\n"),
                        List.of("text", system + "cpu/cpu0/topology/core_id", "0\n"),
                        List.of("text", system + "cpu/cpu0/cache/index0/size", "32K\n"),
                        List.of("link", system + "cpu/cpu0/node0", "../../node/node0"),
                        List.of("text", system + "node/node0/cpumap", "3\n")),
                entries.stream().filter(entry -> !entry.get(0).equals("folder")).collect(Collectors.toSet()));
        assertTrue(entries.contains(List.of("folder", "/sys/class/power_supply")), entries::toString);
    }

    @Test
    void aMachineThatShowsNoneHasFoldersWithoutDevicesAlone() throws Exception {
        assertTrue(ProcessorFiles.entries(sys).stream()
                .allMatch(entry -> entry.get(1).startsWith("/sys/class/")));
    }
}
