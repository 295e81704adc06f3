package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Reply;
import io.zygotes.spi.Zygote;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a lambda finds around it is what it would find in a container. */
@AlsoOnPureCgroup2
class SurroundingsTest {

    private RealSandboxes real;

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        real = new RealSandboxes(folder);
    }

    @AfterEach
    void stop() {
        real.close();
    }

    private String answer(boolean forked, String source, PackageId... packages) throws Exception {
        Optional<Zygote> zygote = Optional.empty();
        if (forked) {
            zygote = Optional.of(real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote(packages)));
        }
        Leaf leaf = real.mechanism.createLeaf(zygote, real.lambda("looks", source, packages));
        Reply reply = leaf.call(Invocation.post(new byte[0]), Duration.ofSeconds(20));
        return reply.status() + " " + new String(reply.body(), StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theMachineCanBeLookedAt(boolean forked) throws Exception {
        assertEquals("200 []", answer(forked, """
            import os, subprocess
            def f(event):
                wrong = []
                for name in ("meminfo", "stat", "cpuinfo", "uptime", "loadavg", "version", "filesystems", "vmstat",
                             "diskstats", "net/dev", "mounts", "swaps", "sys/kernel/random/uuid",
                             "sys/kernel/pid_max", "sys/vm/overcommit_memory"):
                    if not open("/proc/" + name).read(1) and name != "swaps":
                        wrong.append(name)
                for name in ("online", "possible", "present"):
                    if not open("/sys/devices/system/cpu/" + name).read(1):
                        wrong.append(name)
                if os.cpu_count() != len(os.sched_getaffinity(0)):
                    wrong.append("%r processors" % os.cpu_count())
                if not os.path.exists("/sys/devices/system/cpu/cpu0"):
                    wrong.append("no cpu0")
                for program in (["nproc"], ["free"], ["uptime"], ["ps", "-e"], ["df", "/tmp"], ["lscpu"]):
                    try:
                        done = subprocess.run(program, capture_output=True)
                    except FileNotFoundError:
                        continue  # this machine has no such program
                    if done.returncode or not done.stdout:
                        wrong.append("%s: %s" % (program, done.stderr))
                return wrong
            """));
    }

    /** runc's masked and read-only paths, and others' processes. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatAContainerDoesNotShowIsNotShown(boolean forked) throws Exception {
        assertEquals("200 []", answer(forked, """
            import os
            def f(event):
                shown = [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
                for name in ("acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi",
                             "timer_list", "timer_stats"):
                    path = "/proc/" + name
                    try:
                        if os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1):
                            shown.append(name)
                    except OSError:
                        pass
                for name in ("sysrq-trigger", "sys/kernel/core_pattern", "sys/vm/drop_caches", "sys/kernel/hostname",
                             "sys/net/ipv4/ip_forward", "irq/0/smp_affinity", "mtrr"):
                    try:
                        open("/proc/" + name, "w").close()
                        shown.append("writes " + name)
                    except OSError:
                        pass
                return shown
            """));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void itsOwnNameResolvesAndItsHomeIsThere(boolean forked) throws Exception {
        assertEquals("200 [true, true, true, true, true]", answer(forked, """
            import os, pwd, socket
            def f(event):
                name = socket.gethostname()
                address = socket.gethostbyname(name)
                user = pwd.getpwuid(os.getuid())
                with open("/etc/hostname") as file:
                    told = file.read().strip()
                return [address.startswith("127."), socket.getfqdn() == name, told == name,
                        os.access(user.pw_dir, os.W_OK), os.path.expanduser("~") == user.pw_dir]
            """));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTerminalCanBeHadAndNobodyElseSeesIt(boolean forked) throws Exception {
        assertEquals("200 [\"/dev/pts/0\", \"typed by a child\", [\"0\", \"ptmx\"]]", answer(forked, """
            import os, pty
            def f(event):
                ours, theirs = pty.openpty()
                name = os.ttyname(theirs)
                child, end = pty.fork()
                if child == 0:
                    with open("/dev/tty", "w") as terminal:
                        terminal.write("typed by a child")
                    os._exit(0)
                text = os.read(end, 100).decode()
                os.waitpid(child, 0)
                os.close(end)
                return [name, text, sorted(os.listdir("/dev/pts"))]
            """));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatItPrintsCanBeOpenedByName(boolean forked) throws Exception {
        assertEquals("200 null", answer(forked, """
            import subprocess
            def f(event):
                for path in ("/dev/stdout", "/dev/stderr"):
                    with open(path, "w") as file:
                        file.write("line for a file\\\\n")
                subprocess.run(["sh", "-c", "echo line of a shell > /dev/stderr"], check=True)
            """.replace("\\\\n", "\\n")));
    }

    /** psutil reads /proc/stat while it is imported. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void importsInAZygoteFindTheSame(boolean forked) throws Exception {
        PackageId looks = real.pack("looks", "1", """
            import os, socket
            with open("/proc/stat") as file:
                FIRST = file.readline().split()[0]
            MASKED = os.path.exists("/proc/keys") and open("/proc/keys").read()
            ADDRESS = socket.gethostbyname(socket.gethostname())
            """);
        String expected = "200 [\"cpu\", true, true]";
        assertEquals(expected, answer(forked, """
            import looks
            def f(event):
                return [looks.FIRST, not looks.MASKED, looks.ADDRESS.startswith("127.")]
            """, looks));
    }
}
