package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.spi.mechanism.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said about a machine, which here is a folder of made-up files. */
class CheckupTest {

    @TempDir
    Path machine;

    private Path proc;
    private Path unified;
    private Checkup.Trial mounts = () -> {};
    private Checkup.Trial fastMoves = () -> {};

    @BeforeEach
    void aGoodMachine() throws IOException {
        proc = machine.resolve("proc");
        unified = machine.resolve("cgroup");
        write("self/status", "Name:\tjava\nUid:\t0\t0\t0\t0\n");
        write("sys/kernel/osrelease", "6.1.0-40-amd64\n");
        write("sys/user/max_user_namespaces", "127000\n");
        write("sys/kernel/seccomp/actions_avail", "kill_process kill_thread trap errno trace log allow\n");
        write(
                "self/limits",
                "Limit                     Soft Limit           Hard Limit           Units\n"
                        + "Max open files            1024                 1048576              files\n");
        write("self/mountinfo", "30 23 0:28 / " + unified + " rw,relatime - cgroup2 cgroup2 rw\n");
        for (String namespace : List.of("user", "mnt", "pid", "ipc", "uts", "cgroup", "net")) {
            write("self/ns/" + namespace, "");
        }
        Files.createDirectories(unified.resolve("init"));
        Files.writeString(unified.resolve("cgroup.controllers"), "cpuset cpu io memory pids\n");
        Files.writeString(unified.resolve("init/cgroup.kill"), "");
    }

    private void write(String file, String content) throws IOException {
        Path path = proc.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, content);
    }

    private List<Finding> findings() {
        return new Checkup(proc, "Linux", "amd64", () -> mounts.run(), () -> fastMoves.run()).findings();
    }

    private Finding finding(String name) {
        return findings().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void refuse() throws LinuxException {
        Linux.readFile("/nonexistent");
    }

    private static void assertMissing(Finding finding, String mend) {
        assertFalse(finding.ok(), finding.toString());
        assertTrue(finding.needed(), finding.toString());
        assertTrue(finding.mend().contains(mend), finding.toString());
    }

    @Test
    void a_machine_with_everything_lacks_nothing() {
        assertEquals(List.of(), findings().stream().filter(each -> !each.ok()).toList());
        assertEquals("owned by cgroup v2", finding("controller memory").found());
    }

    @Test
    void what_is_ok_needs_no_mending() {
        assertTrue(findings().stream().allMatch(each -> each.mend().isEmpty()));
    }

    @Test
    void another_system_is_the_only_finding() {
        List<Finding> findings = new Checkup(proc, "Windows 11", "amd64", mounts, fastMoves).findings();

        assertEquals(List.of("system"), findings.stream().map(Finding::name).toList());
        assertMissing(findings.getFirst(), "Linux");
    }

    @Test
    void another_processor_is_missing() {
        List<Finding> findings = new Checkup(proc, "Linux", "riscv64", mounts, fastMoves).findings();

        assertMissing(
                findings.stream()
                        .filter(each -> each.name().equals("architecture"))
                        .findFirst()
                        .orElseThrow(),
                "x86-64");
    }

    @Test
    void without_root_sudo_is_advised_and_nothing_is_tried() throws IOException {
        write("self/status", "Uid:\t1000\t1000\t1000\t1000\n");
        mounts = () -> {
            throw new IllegalStateException("tried");
        };

        assertMissing(finding("user"), "sudo");
    }

    @Test
    void the_effective_user_counts() throws IOException {
        write("self/status", "Uid:\t1000\t0\t1000\t1000\n");

        assertTrue(finding("user").ok());
    }

    @Test
    void an_old_kernel_is_missing() throws IOException {
        write("sys/kernel/osrelease", "5.10.0-30-amd64\n");

        assertMissing(finding("kernel"), "5.14");
    }

    @Test
    void the_major_version_counts_before_the_minor_one() throws IOException {
        write("sys/kernel/osrelease", "4.19.0\n");
        assertFalse(finding("kernel").ok());

        write("sys/kernel/osrelease", "7.0.0\n");
        assertTrue(finding("kernel").ok());
    }

    @Test
    void without_cgroup_v2_the_command_to_mount_it_is_given() throws IOException {
        write("self/mountinfo", "32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");

        assertMissing(finding("cgroup v2"), "mount -t cgroup2");
        assertMissing(finding("controller pids"), "mount -t cgroup -o pids");
    }

    @Test
    void a_read_only_cgroup_v2_is_missing() throws IOException {
        write("self/mountinfo", "30 23 0:28 / " + unified + " ro,relatime - cgroup2 cgroup2 rw\n");

        assertMissing(finding("cgroup v2"), "remount");
    }

    @Test
    void a_kernel_without_cgroup_kill_is_missing() throws IOException {
        Files.delete(unified.resolve("init/cgroup.kill"));

        assertMissing(finding("cgroup.kill"), "5.14");
    }

    @Test
    void controllers_of_version_1_are_served_and_said_to_be_so() throws IOException {
        Files.writeString(unified.resolve("cgroup.controllers"), "\n");
        write(
                "self/mountinfo",
                "30 23 0:28 / " + unified + " rw - cgroup2 cgroup2 rw\n"
                        + "32 31 0:29 / /v1/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
                        + "33 31 0:30 / /v1/memory rw - cgroup cgroup rw,memory\n"
                        + "34 31 0:31 / /v1/pids rw - cgroup cgroup rw,pids\n");

        assertEquals("owned by cgroup v1, at /v1/cpu", finding("controller cpu").found());
        assertTrue(finding("controller cpu").ok());
        assertTrue(finding("favordynmods").ok());
    }

    @Test
    void without_favordynmods_it_only_runs_worse() throws IOException {
        controllers_of_version_1_are_served_and_said_to_be_so();
        fastMoves = CheckupTest::refuse;

        assertFalse(finding("favordynmods").ok());
        assertFalse(finding("favordynmods").needed());
    }

    @Test
    void with_all_controllers_in_version_2_favordynmods_does_not_matter() {
        assertTrue(findings().stream().noneMatch(each -> each.name().equals("favordynmods")));
    }

    @Test
    void user_namespaces_that_are_switched_off_are_missing() throws IOException {
        write("sys/user/max_user_namespaces", "0\n");
        write("sys/kernel/unprivileged_userns_clone", "0\n");
        write("sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");

        assertMissing(finding("max_user_namespaces"), "sysctl -w user.max_user_namespaces=65536");
        assertMissing(finding("unprivileged_userns_clone"), "sysctl -w kernel.unprivileged_userns_clone=1");
        assertMissing(
                finding("apparmor_restrict_unprivileged_userns"),
                "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
    }

    @Test
    void a_namespace_that_the_kernel_does_not_have_is_named() throws IOException {
        Files.delete(proc.resolve("self/ns/user"));

        assertEquals("without user", finding("namespaces").found());
    }

    @Test
    void a_kernel_without_filters_is_missing() throws IOException {
        Files.delete(proc.resolve("sys/kernel/seccomp/actions_avail"));

        assertMissing(finding("seccomp"), "CONFIG_SECCOMP_FILTER");
    }

    @Test
    void a_refused_mount_is_missing() {
        mounts = CheckupTest::refuse;

        assertMissing(finding("mount API"), "privileged");
    }

    @Test
    void few_open_files_only_make_it_worse() throws IOException {
        write("self/limits", "Max open files            1024                 4096                 files\n");

        assertFalse(finding("open files").ok());
        assertFalse(finding("open files").needed());
    }

    @Test
    void numbers_below_proc_sys_are_read_to_their_end() throws IOException {
        // Only the kernel's own files show this: a number is given out whole, or after its first byte not at all.
        String real = new Checkup(Path.of("/proc"), "Linux", "amd64", mounts, fastMoves)
                .findings().stream()
                        .filter(each -> each.name().equals("max_user_namespaces"))
                        .findFirst()
                        .orElseThrow()
                        .found();

        assertTrue(real.length() > 1 || real.equals("0"), real);
    }
}
