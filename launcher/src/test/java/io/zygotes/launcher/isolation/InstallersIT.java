package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.files.Folders;
import io.zygotes.launcher.image.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Two workers, of which one installs with pip and the other one with uv, from an index that asks for credentials. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InstallersIT {

    private static final String UV = "uv==0.13.9";
    /** What each installer writes of its own, beside the programs that it makes of entry points. */
    private static final Set<String> OF_INSTALLERS = Set.of("RECORD", "INSTALLER", "REQUESTED", "uv_cache.json");

    private Path folder;
    private LoopbackIndex index;
    private AttackedWorker pip;
    private AttackedWorker uv;

    @BeforeAll
    void start() throws Exception {
        Machine.require("InstallersIT");
        folder = Files.createTempDirectory("zygotes-installers-").toRealPath();
        Path program = Files.createDirectory(folder.resolve("uv"));
        Process install = new ProcessBuilder(
                        "python3",
                        "-m",
                        "pip",
                        "install",
                        "-q",
                        "--no-input",
                        "--root-user-action=ignore",
                        "--target",
                        program.toString(),
                        UV)
                .inheritIO()
                .start();
        assertEquals(0, install.waitFor(), "pip cannot install " + UV);
        index = new LoopbackIndex(Files.createDirectory(folder.resolve("links")));
        pip = worker("pip", python("python-pip", "s3cret"), config -> {});
        uv = worker("uv", python("python-uv", "s3cret"), config -> {});
    }

    @AfterAll
    void stop() throws Exception {
        for (AutoCloseable one : new AutoCloseable[] {pip, uv, index}) {
            if (one != null) {
                one.close();
            }
        }
        if (folder != null) {
            Folders.delete(folder);
        }
    }

    /** An interpreter whose pip has settings of its own, and that finds uv, as a version manager's wrapper would. */
    private Path python(String name, String password) throws IOException {
        return Files.writeString(folder.resolve(name), """
            #!/bin/sh
            for name in $(env | sed -n 's/^\\(PIP_[A-Z_]*\\)=.*/\\1/p'); do unset "$name"; done
            export PATH=%s/uv/bin:$PATH PIP_CONFIG_FILE=/dev/null PIP_RETRIES=1
            export PIP_INDEX_URL=%s PIP_FIND_LINKS=%s/links
            exec python3 "$@"
            """.formatted(folder, index.url(password), folder))
                .toAbsolutePath();
    }

    private AttackedWorker worker(String installer, Path python, Consumer<ObjectNode> change) throws Exception {
        Files.setPosixFilePermissions(python, PosixFilePermissions.fromString("rwxr-xr-x"));
        return AttackedWorker.start(config -> {
            config.put("installer", installer).put("python", python.toString());
            change.accept(config);
        });
    }

    private static AttackedWorker.Answer call(AttackedWorker worker, String lambda, String module, String requirements)
            throws Exception {
        worker.install(
                lambda,
                "import " + module + "\ndef f(event):\n    return " + module + ".VALUE\n",
                Map.of("requirements.txt", requirements));
        return worker.call(lambda, null);
    }

    private static void assertInstalls(AttackedWorker worker, String lambda, String module, String requirements)
            throws Exception {
        AttackedWorker.Answer answer = call(worker, lambda, module, requirements);
        assertEquals("\"" + module + "\"", answer.body().toString());
    }

    private static Map<String, String> tree(AttackedWorker worker, String name) throws IOException {
        Path top = worker.directory().resolve("packages/" + name + "==1/files");
        Map<String, String> all = new TreeMap<>();
        try (Stream<Path> files = Files.walk(top)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (!OF_INSTALLERS.contains(file.getFileName().toString())) {
                    boolean made = file.endsWith("bin/" + name + "-run");
                    all.put(
                            top.relativize(file) + " " + Files.isExecutable(file),
                            made
                                    ? ""
                                    : new String(
                                            Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1));
                }
            }
        }
        return all;
    }

    private static String installer(AttackedWorker worker, String name) throws IOException {
        Path info = worker.directory().resolve("packages/" + name + "==1/files/" + name + "-1.dist-info/INSTALLER");
        return Files.readString(info).strip();
    }

    @Test
    void bothPutTheSameFilesIntoTheSameFolders() throws Exception {
        // Both packages have a file of the same name, so that they cannot lie in one folder.
        for (AttackedWorker worker : List.of(pip, uv)) {
            assertInstalls(worker, "same", "plain", "plain==1\nother==1\nlinked==1\n");
        }
        for (String name : List.of("plain", "other", "linked")) {
            assertEquals(tree(pip, name), tree(uv, name));
            assertEquals("pip", installer(pip, name));
            assertEquals("uv", installer(uv, name));
        }
        Map<String, String> tree = tree(uv, "plain");
        assertEquals("of plain\n", tree.get("notice.txt false"));
        assertTrue(tree.containsKey("include/python/plain/plain.h false"), tree.keySet()::toString);
        assertTrue(tree.containsKey("bin/plain-tool true"), tree.keySet()::toString);
        assertTrue(
                tree.keySet().stream().anyMatch(file -> file.contains("__pycache__/part.")), tree.keySet()::toString);
    }

    @Test
    void bothTakeAWithdrawnVersionThatIsPinnedAndOneWithTheRightHash() throws Exception {
        for (AttackedWorker worker : List.of(pip, uv)) {
            assertInstalls(worker, "hashed", "withdrawn", "withdrawn==1 --hash=" + index.hash("withdrawn") + "\n");
            // What is there is compared with what another lambda wants, with the other installer or the same.
            assertInstalls(worker, "again", "withdrawn", "withdrawn==1 --hash=" + index.hash("withdrawn") + "\n");
        }
        assertEquals(tree(pip, "withdrawn"), tree(uv, "withdrawn"));
    }

    private void assertBothRefuse(String lambda, String requirements, String words) throws Exception {
        for (AttackedWorker worker : List.of(pip, uv)) {
            String module = requirements.substring(0, requirements.indexOf('='));
            AttackedWorker.Answer answer = call(worker, lambda, module, requirements);
            assertEquals(500, answer.status(), () -> answer.body().toString());
            String said = answer.body().toString();
            assertTrue(said.contains((worker == uv ? "uv" : "pip") + " cannot install " + module), said);
            assertTrue(said.contains(words), said);
            assertFalse(said.contains("s3cret"), said);
            assertEquals(List.of(), worker.staging());
        }
    }

    @Test
    void bothRefuseInTheSameWords() throws Exception {
        String wrong = "sha256:" + "0".repeat(64);
        assertBothRefuse("wrong", "other==1 --hash=" + wrong + "\n", "its archive is another one than the hashes");
        assertBothRefuse("lies", "broken==1\n", "its archive is another one than the hashes");
        assertBothRefuse("version", "plain==7\n", "no index has that version");
    }

    @Test
    void withWrongCredentialsBothSayThatItIsThem() throws Exception {
        for (String installer : List.of("pip", "uv")) {
            try (AttackedWorker worker = worker(installer, python("python-wrong", "wr0ng"), config -> {})) {
                AttackedWorker.Answer answer = call(worker, "plain", "plain", "plain==1\n");
                assertEquals(500, answer.status());
                String said = answer.body().toString();
                assertTrue(said.contains("not accept the credentials in pip's settings"), said);
                assertFalse(said.contains("wr0ng"), said);
            }
        }
    }

    private static List<Path> kept(Path cache) throws IOException {
        if (!Files.exists(cache)) {
            return List.of();
        }
        try (Stream<Path> all = Files.walk(cache)) {
            return all.filter(path -> path.endsWith("tree"))
                    .map(Path::getParent)
                    .toList();
        }
    }

    /** It is filled behind the call. */
    private static List<Path> awaitKept(Path cache, int count) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (kept(cache).size() < count && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        return kept(cache);
    }

    @Test
    void anotherWorkerTakesFromTheCacheWhatTheIndexHasNoMoreAndNothingThatWasChanged() throws Exception {
        Path cache = folder.resolve("wheels");
        Consumer<ObjectNode> shared = config -> config.put("wheel_cache", cache.toString());
        Path links = folder.resolve("none");
        Path python = python("python-shared", "s3cret");
        Files.writeString(python, Files.readString(python).replace(folder + "/links", links.toString()));
        try (AttackedWorker first = worker("auto", python, shared)) {
            assertInstalls(first, "first", "plain", "plain==1\n");
        }
        Path entry = awaitKept(cache, 1).getFirst();
        Path file = entry.resolve("package/files/plain/part.py");

        Path unreachable = python("python-unreachable", "s3cret");
        Files.writeString(
                unreachable, Files.readString(python).replace("exec ", "export HTTP_PROXY=http://127.0.0.1:9\nexec "));
        try (AttackedWorker second = worker("auto", unreachable, shared)) {
            assertInstalls(second, "second", "plain", "plain==1\n");
            Path taken = second.directory().resolve("packages/plain==1/files/plain/part.py");
            assertTrue(Files.isSameFile(file, taken), "it is linked");
        }
        Files.delete(file);
        Files.writeString(file, "PART = 'planted'\n");
        try (AttackedWorker third = worker("auto", python, shared)) {
            assertInstalls(third, "third", "plain", "plain==1\n");
            Path taken = third.directory().resolve("packages/plain==1/files/plain/part.py");
            assertEquals("PART = 1\n", Files.readString(taken));
        }
    }

    @Test
    void whatABuildWritesIsNeverKeptForOthers() throws Exception {
        Path cache = folder.resolve("attacked");
        Path links = folder.resolve("none");
        Path python = python("python-attacked", "s3cret");
        Files.writeString(python, Files.readString(python).replace(folder + "/links", links.toString()));
        try (AttackedWorker worker = worker("auto", python, config -> config.put("wheel_cache", cache.toString()))) {
            assertInstalls(worker, "first", "plain", "plain==1\n");
            Path entry = awaitKept(cache, 1).getFirst();

            AttackedWorker.Answer evil = call(worker, "evil", "evil", "evil==1\nother==1\n");

            assertEquals(200, evil.status(), () -> evil.body().toString());
            assertTrue(evil.body().toString().contains("/mnt/out"), () -> "it ran: " + evil.body());
            assertFalse(
                    evil.body().toString().contains("attacked"),
                    () -> evil.body().toString());
            // The wheel that was installed with it is kept; it is not.
            assertEquals(
                    List.of("other==1", "plain==1"),
                    awaitKept(cache, 2).stream()
                            .map(kept -> kept.getParent().getFileName().toString())
                            .sorted()
                            .toList());
            assertTrue(Files.exists(entry, LinkOption.NOFOLLOW_LINKS));
            try (Stream<Path> all = Files.walk(cache)) {
                assertTrue(all.noneMatch(path -> path.endsWith("planted")));
            }
            // What it said of its archive's hash is not believed.
            AttackedWorker.Answer hashed =
                    call(worker, "hashed", "evil", "evil==1 --hash=sha256:" + "1".repeat(64) + "\n");
            assertEquals(500, hashed.status(), () -> hashed.body().toString());
        }
    }
}
