package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.warden.RootFolder;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.Reply;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sandboxes whose root is a folder with an interpreter of its own, wherever that folder lies. */
class BaseFolderTest {

    /** Copies the interpreter that runs it, its library and all that these load, below a folder; prints its path. */
    private static final String COPY = """
        import glob, os, re, shutil, subprocess, sys, sysconfig
        base = sys.argv[1]
        program = os.path.realpath(sys._base_executable)
        library = sysconfig.get_path("stdlib")
        left_out = ("site-packages", "dist-packages", "test", "tests", "idlelib", "ensurepip", "__pycache__", "config-*")
        shutil.copytree(library, base + library, ignore=shutil.ignore_patterns(*left_out))
        extensions = glob.glob(library + "/lib-dynload/*.so")
        told = subprocess.run(["ldd", program, *extensions], stdout=subprocess.PIPE, text=True).stdout
        for file in {program, *map(os.path.normpath, re.findall(r"(/\\S+) \\(0x", told))}:
            os.makedirs(os.path.dirname(base + file), exist_ok=True)
            shutil.copy(file, base + file)
        os.mkdir(base + "/etc")
        open(base + "/etc/hosts", "w").close()
        print(program)
        """;

    @TempDir
    private static Path place;

    private static Path base;
    private static String python;

    @BeforeAll
    static void copyAnInterpreter() throws Exception {
        base = Files.createDirectory(place.toRealPath().resolve("base"));
        Process copy = new ProcessBuilder("python3", "-I", "-S", "-c", COPY, base.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        python = new String(copy.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertEquals(0, copy.waitFor());
    }

    /** Moves the folder to where its path has so many bytes. */
    private static void moveTo(int length) throws Exception {
        Path at = Files.createTempDirectory(place, "deep").toRealPath();
        while (at.toString().length() + 202 < length) {
            at = at.resolve("x".repeat(200));
        }
        move(at.resolve("y".repeat(length - at.toString().length() - 1)));
        assertEquals(length, base.toString().length());
    }

    private static void move(Path to) throws Exception {
        Files.createDirectories(to.getParent());
        Files.move(base, to);
        base = to;
    }

    /** To where whoever removes it finds all that is in it. */
    @AfterEach
    void moveBack() throws Exception {
        move(place.toRealPath().resolve("base"));
    }

    private static void assertServes(Path worker) throws Exception {
        try (RealSandboxes real = new RealSandboxes(worker, python, Optional.of(base))) {
            Zygote root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
            Leaf leaf = real.mechanism.createLeaf(
                    Optional.of(root), real.lambda("which", "import sys\ndef f(event):\n    return sys.executable\n"));
            Reply reply = leaf.call(Invocation.post(new byte[0]), Duration.ofSeconds(30));
            assertEquals(
                    "200 \"" + python + "\"", reply.status() + " " + new String(reply.body(), StandardCharsets.UTF_8));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 4000})
    void itMayLieAsDeepAsPathsGo(int length, @TempDir Path worker) throws Exception {
        moveTo(length);
        assertServes(worker);
    }

    /** podman issues 14412 and 11042: whoever mounted the old file keeps it. */
    @Test
    void settingsThatChangeWhileTheWorkerRunsAreSeenByLeavesThatLiveAlready(@TempDir Path worker) throws Exception {
        Path resolver = base.resolve("etc/resolv.conf");
        try (RealSandboxes real = new RealSandboxes(worker, python, Optional.of(base))) {
            Zygote root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
            Leaf leaf = real.mechanism.createLeaf(Optional.of(root), real.lambda("servers", """
                def f(event):
                    try:
                        with open("/etc/resolv.conf") as file:
                            return file.read()
                    except FileNotFoundError:
                        return "none"
                """));
            assertEquals("\"none\"", servers(leaf));
            for (String servers : List.of("nameserver 192.0.2.1", "nameserver 192.0.2.2")) {
                Path beside = Files.writeString(base.resolve("beside"), servers);
                Files.move(beside, resolver, StandardCopyOption.ATOMIC_MOVE);
                long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
                while (!servers(leaf).equals("\"" + servers + "\"")) {
                    assertTrue(System.nanoTime() < end, servers + " is not seen");
                    Thread.sleep(100);
                }
            }
        } finally {
            Files.deleteIfExists(resolver);
        }
    }

    private static String servers(Leaf leaf) throws Exception {
        return new String(
                leaf.call(Invocation.post(new byte[0]), Duration.ofSeconds(30)).body(), StandardCharsets.UTF_8);
    }

    private static void assertRefused(Path refused, String why, Path worker) {
        SandboxException e = assertThrows(
                SandboxException.class, () -> new RealSandboxes(worker, python, Optional.of(refused)).close());
        assertTrue(e.getMessage().contains("sock_base_path"), e.getMessage());
        assertTrue(e.getMessage().contains(why), e.getMessage());
    }

    @Test
    void aPathThatLeavesNoRoomForWhatIsInsideIsRefusedWithTheSettingToMend(@TempDir Path worker) throws Exception {
        moveTo(RootFolder.LONGEST_PATH - 1);
        assertRefused(base, "4095 bytes", worker);
        assertRefused(base.resolve("longer"), "4095 bytes", worker);
    }

    @Test
    void aFolderThatIsNotThereIsRefusedWithTheSettingToMend(@TempDir Path worker) {
        assertRefused(base.resolve("missing"), "missing", worker);
    }
}
