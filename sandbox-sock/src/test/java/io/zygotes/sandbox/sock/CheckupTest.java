package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.linux.FileIo;
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
    private boolean tcpDiag = true;

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
        return new Checkup(proc, "Linux", "amd64", () -> mounts.run(), () -> fastMoves.run(), () -> tcpDiag).findings();
    }

    private Finding finding(String name) {
        return findings().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void refuse() throws IOException {
        FileIo.readFile("/nonexistent");
    }

    private static void assertMissing(Finding finding, String mend) {
        assertFalse(finding.ok(), finding.toString());
        assertTrue(finding.needed(), finding.toString());
        assertTrue(finding.mend().contains(mend), finding.toString());
    }

    @Test
    void aMachineWithEverythingLacksNothing() {
        assertEquals(List.of(), findings().stream().filter(each -> !each.ok()).toList());
        assertEquals("owned by cgroup v2", finding("controller memory").found());
    }

    @Test
    void whatIsOkNeedsNoMending() {
        assertTrue(findings().stream().allMatch(each -> each.mend().isEmpty()));
    }

    @Test
    void anotherSystemIsTheOnlyFinding() {
        List<Finding> findings = new Checkup(proc, "Windows 11", "amd64", mounts, fastMoves, () -> true).findings();

        assertEquals(List.of("system"), findings.stream().map(Finding::name).toList());
        assertMissing(findings.getFirst(), "Linux");
    }

    @Test
    void anotherProcessorIsMissing() {
        List<Finding> findings = new Checkup(proc, "Linux", "riscv64", mounts, fastMoves, () -> true).findings();

        assertMissing(
                findings.stream()
                        .filter(each -> each.name().equals("architecture"))
                        .findFirst()
                        .orElseThrow(),
                "x86-64");
    }

    @Test
    void withoutRootSudoIsAdvisedAndNothingIsTried() throws IOException {
        write("self/status", "Uid:\t1000\t1000\t1000\t1000\n");
        mounts = () -> {
            throw new IllegalStateException("tried");
        };

        assertMissing(finding("user"), "sudo");
    }

    @Test
    void theEffectiveUserCounts() throws IOException {
        write("self/status", "Uid:\t1000\t0\t1000\t1000\n");

        assertTrue(finding("user").ok());
    }

    @Test
    void anOldKernelIsMissing() throws IOException {
        write("sys/kernel/osrelease", "5.10.0-30-amd64\n");

        assertMissing(finding("kernel"), "5.14");
    }

    @Test
    void theMajorVersionCountsBeforeTheMinorOne() throws IOException {
        write("sys/kernel/osrelease", "4.19.0\n");
        assertFalse(finding("kernel").ok());

        write("sys/kernel/osrelease", "7.0.0\n");
        assertTrue(finding("kernel").ok());
    }

    @Test
    void withoutCgroupV2TheCommandToMountItIsGiven() throws IOException {
        write("self/mountinfo", "32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");

        assertMissing(finding("cgroup v2"), "mount -t cgroup2");
        assertMissing(finding("controller pids"), "mount -t cgroup -o pids");
    }

    @Test
    void aReadOnlyCgroupV2IsMissing() throws IOException {
        write("self/mountinfo", "30 23 0:28 / " + unified + " ro,relatime - cgroup2 cgroup2 rw\n");

        assertMissing(finding("cgroup v2"), "remount");
    }

    @Test
    void aKernelWithoutCgroupKillIsMissing() throws IOException {
        Files.delete(unified.resolve("init/cgroup.kill"));

        assertMissing(finding("cgroup.kill"), "5.14");
    }

    @Test
    void controllersOfVersion1AreServedAndSaidToBeSo() throws IOException {
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
    void withoutFavordynmodsItOnlyRunsWorse() throws IOException {
        controllersOfVersion1AreServedAndSaidToBeSo();
        fastMoves = CheckupTest::refuse;

        assertFalse(finding("favordynmods").ok());
        assertFalse(finding("favordynmods").needed());
    }

    @Test
    void withAllControllersInVersion2FavordynmodsDoesNotMatter() {
        assertTrue(findings().stream().noneMatch(each -> each.name().equals("favordynmods")));
    }

    @Test
    void userNamespacesThatAreSwitchedOffAreMissing() throws IOException {
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
    void aNamespaceThatTheKernelDoesNotHaveIsNamed() throws IOException {
        Files.delete(proc.resolve("self/ns/user"));

        assertEquals("without user", finding("namespaces").found());
    }

    @Test
    void aKernelWithoutFiltersIsMissing() throws IOException {
        Files.delete(proc.resolve("sys/kernel/seccomp/actions_avail"));

        assertMissing(finding("seccomp"), "CONFIG_SECCOMP_FILTER");
    }

    @Test
    void aRefusedMountIsMissing() {
        mounts = CheckupTest::refuse;

        assertMissing(finding("mount API"), "privileged");
    }

    @Test
    void withoutTcpDiagItOnlyRunsWorse() {
        tcpDiag = false;

        assertFalse(finding("tcp_diag").ok());
        assertFalse(finding("tcp_diag").needed());
    }

    @Test
    void theMendsOfAMachineThatRefusesSandboxesAreThoseOfWhatIsMissing() throws IOException {
        write("sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
        tcpDiag = false;

        String mends = Mends.of(findings());
        assertTrue(mends.contains("sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"), mends);
        assertFalse(mends.contains("tcp_diag"), mends);
    }

    @Test
    void aMachineThatRefusesSandboxesForNoKnownReasonGetsAHint() {
        assertTrue(Mends.of(findings()).contains("dmesg"));
    }

    @Test
    void fewOpenFilesOnlyMakeItWorse() throws IOException {
        write("self/limits", "Max open files            1024                 4096                 files\n");

        assertFalse(finding("open files").ok());
        assertFalse(finding("open files").needed());
    }

    @Test
    void numbersBelowProcSysAreReadToTheirEnd() throws IOException {
        // Only the kernel's own files show this: a number is given out whole, or after its first byte not at all.
        String real = new Checkup(Path.of("/proc"), "Linux", "amd64", mounts, fastMoves, () -> true)
                .findings().stream()
                        .filter(each -> each.name().equals("max_user_namespaces"))
                        .findFirst()
                        .orElseThrow()
                        .found();

        assertTrue(real.length() > 1 || real.equals("0"), real);
    }
}
