package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A worker that is started with another umask than most. */
class UmaskIT {

    @TempDir
    Path folder;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("UmaskIT");
    }

    @AfterEach
    void stopWorker() throws Exception {
        Program.run(folder, "down", "-p", "worker");
    }

    private void run(String umask, String... arguments) throws IOException, InterruptedException {
        Path log = folder.resolve("log");
        Stream<String> command = Stream.concat(
                Stream.of(
                        "sh",
                        "-c",
                        "umask " + umask + "; exec \"$@\"",
                        "sh",
                        Program.IMAGE.resolve("bin/zygotes").toString()),
                Stream.of(arguments));
        Process process = new ProcessBuilder(command.toList())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertEquals(0, process.waitFor(), () -> {
            try {
                return Files.readString(log);
            } catch (IOException e) {
                return e.toString();
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"000", "077"})
    void lambdasRunAndNobodyElseMayWriteWhatTheWorkerRuns(String umask) throws Exception {
        run(umask, "init", "-p", "worker");
        Path settings = folder.resolve("worker/config.json");
        ObjectNode config = (ObjectNode) new ObjectMapper().readTree(settings.toFile());
        config.put("worker_port", 0).put("mem_pool_mb", 2048);
        Files.writeString(settings, config.toString());
        Path lambda = Files.createDirectories(folder.resolve("hello"));
        Files.writeString(
                lambda.resolve("f.py"),
                "import os, tempfile\ndef f(event):\n    tempfile.mkdtemp()\n    return os.umask(0)\n");
        run(umask, "admin", "install", "-p", "worker", lambda.toString());
        run(umask, "up", "-p", "worker", "-d");
        Program.Ended answer = Program.run(folder, "invoke", "-p", "worker", "hello");
        assertEquals("18", answer.out().strip(), () -> "the lambda's own umask is 022: " + answer.err());
        try (Stream<Path> all = Files.walk(folder.resolve("worker"))) {
            assertEquals(List.of(), all.filter(UmaskIT::isWritableByOthers).toList());
        }
        for (String secret : List.of("registry", "code", "logs")) {
            assertEquals(
                    "rwx------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(
                            folder.resolve("worker").resolve(secret))),
                    secret);
        }
    }

    private static boolean isWritableByOthers(Path path) {
        try {
            return !Files.isSymbolicLink(path)
                    && Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS)
                            .contains(PosixFilePermission.OTHERS_WRITE);
        } catch (IOException e) {
            return false; // it is gone already
        }
    }
}
