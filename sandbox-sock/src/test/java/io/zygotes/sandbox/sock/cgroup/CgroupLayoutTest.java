package io.zygotes.sandbox.sock.cgroup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CgroupLayoutTest {

    @TempDir
    private Path unified;

    private static String mount(Object where, String kind, String options) {
        return "30 23 0:26 / " + where + " rw,nosuid shared:9 - " + kind + " " + kind + " " + options;
    }

    private CgroupLayout find(String controllers, String... lines) throws IOException, SandboxException {
        Files.writeString(unified.resolve("cgroup.controllers"), controllers + "\n");
        return CgroupLayout.find(List.of(lines));
    }

    @Test
    void allControllersMayBeInVersion2() throws Exception {
        CgroupLayout layout = find(
                "cpuset cpu io memory hugetlb pids",
                mount("/", "ext4", "rw"),
                mount(unified, "cgroup2", "rw,nsdelegate"));
        assertEquals(new CgroupLayout(unified, Set.of("cpu", "memory", "pids"), Map.of()), layout);
        assertTrue(layout.describe().startsWith("cgroup v2 at " + unified + " with ["), layout.describe());
    }

    @Test
    void eachMayBeInAVersion1Hierarchy() throws Exception {
        CgroupLayout layout = find(
                "",
                mount("/c/cpu", "cgroup", "rw,cpu,cpuacct"),
                mount("/c/memory", "cgroup", "rw,memory"),
                mount("/c/pids", "cgroup", "rw,pids"),
                mount("/c/name", "cgroup", "rw,xattr,name=systemd"),
                mount(unified, "cgroup2", "rw"));
        Map<String, Path> legacy =
                Map.of("cpu", Path.of("/c/cpu"), "memory", Path.of("/c/memory"), "pids", Path.of("/c/pids"));
        assertEquals(new CgroupLayout(unified, Set.of(), legacy), layout);
    }

    @Test
    void version2GoesFirstWhereAControllerSeemsToBeInBoth() throws Exception {
        CgroupLayout layout = find(
                "memory pids",
                mount(unified, "cgroup2", "rw"),
                mount("/c/memory", "cgroup", "rw,memory"),
                mount("/c/cpu", "cgroup", "rw,cpu"));
        assertEquals(new CgroupLayout(unified, Set.of("memory", "pids"), Map.of("cpu", Path.of("/c/cpu"))), layout);
    }

    @Test
    void cpusetIsNotCpu() {
        SandboxException e =
                assertThrows(SandboxException.class, () -> find("cpuset memory pids", mount(unified, "cgroup2", "rw")));
        assertTrue(e.getMessage().contains("[cpu]"), e.getMessage());
    }

    @Test
    void aMachineWithoutVersion2IsRefusedWithTheCommandThatMendsIt() {
        SandboxException e =
                assertThrows(SandboxException.class, () -> find("", mount("/c/memory", "cgroup", "rw,memory")));
        assertTrue(e.getMessage().contains("mount -t cgroup2"), e.getMessage());
    }

    @Test
    void aMachineWithoutANeededControllerIsRefusedAndToldWhich() {
        SandboxException e = assertThrows(
                SandboxException.class,
                () -> find("cpu", mount(unified, "cgroup2", "rw"), mount("/c/pids", "cgroup", "rw,pids")));
        assertTrue(e.getMessage().contains("[memory]"), e.getMessage());
    }

    @Test
    void aControllerIsGivenOnUnlessItIsAlready() throws Exception {
        Path control = Files.writeString(unified.resolve("cgroup.subtree_control"), "cpuset memory\n");
        new CgroupLayout(unified, Set.of("memory"), Map.of()).delegate(unified);
        assertEquals("cpuset memory\n", Files.readString(control));
        new CgroupLayout(unified, Set.of("cpu"), Map.of()).delegate(unified);
        assertTrue(Files.readString(control).startsWith("+cpu"), "cpuset was taken for cpu");
    }
}
