package io.zygotes.sandbox.sock;

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
    void all_controllers_may_be_in_version_2() throws Exception {
        CgroupLayout layout = find(
                "cpuset cpu io memory hugetlb pids",
                mount("/", "ext4", "rw"),
                mount(unified, "cgroup2", "rw,nsdelegate"));
        assertEquals(new CgroupLayout(unified, Set.of("cpu", "memory", "pids"), Map.of()), layout);
        assertTrue(layout.describe().startsWith("cgroup v2 at " + unified + " with ["), layout.describe());
    }

    @Test
    void each_may_be_in_a_version_1_hierarchy() throws Exception {
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
    void version_2_goes_first_where_a_controller_seems_to_be_in_both() throws Exception {
        CgroupLayout layout = find(
                "memory pids",
                mount(unified, "cgroup2", "rw"),
                mount("/c/memory", "cgroup", "rw,memory"),
                mount("/c/cpu", "cgroup", "rw,cpu"));
        assertEquals(new CgroupLayout(unified, Set.of("memory", "pids"), Map.of("cpu", Path.of("/c/cpu"))), layout);
    }

    @Test
    void cpuset_is_not_cpu() {
        var e = assertThrows(SandboxException.class, () -> find("cpuset memory pids", mount(unified, "cgroup2", "rw")));
        assertTrue(e.getMessage().contains("[cpu]"), e.getMessage());
    }

    @Test
    void a_machine_without_version_2_is_refused_with_the_command_that_mends_it() {
        var e = assertThrows(SandboxException.class, () -> find("", mount("/c/memory", "cgroup", "rw,memory")));
        assertTrue(e.getMessage().contains("mount -t cgroup2"), e.getMessage());
    }

    @Test
    void a_machine_without_a_needed_controller_is_refused_and_told_which() {
        var e = assertThrows(
                SandboxException.class,
                () -> find("cpu", mount(unified, "cgroup2", "rw"), mount("/c/pids", "cgroup", "rw,pids")));
        assertTrue(e.getMessage().contains("[memory]"), e.getMessage());
    }

    @Test
    void a_controller_is_given_on_unless_it_is_already() throws Exception {
        Path control = Files.writeString(unified.resolve("cgroup.subtree_control"), "cpuset memory\n");
        new CgroupLayout(unified, Set.of("memory"), Map.of()).delegate(unified);
        assertEquals("cpuset memory\n", Files.readString(control));
        new CgroupLayout(unified, Set.of("cpu"), Map.of()).delegate(unified);
        assertTrue(Files.readString(control).startsWith("+cpu"), "cpuset was taken for cpu");
    }
}
