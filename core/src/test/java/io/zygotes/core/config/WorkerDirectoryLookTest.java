package io.zygotes.core.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Other processes look whether a worker runs, as {@code up -d} and {@code status} do, while one starts. */
class WorkerDirectoryLookTest {

    /** @param arguments the worker directory; looks at it until the process is ended */
    public static void main(String[] arguments) throws Exception {
        WorkerDirectory directory = WorkerDirectory.open(Path.of(arguments[0]));
        System.out.println("looking");
        while (true) {
            directory.running();
        }
    }

    @Test
    void aLookNeverKeepsAWorkerFromItsDirectory(@TempDir Path folder) throws Exception {
        WorkerDirectory directory =
                WorkerDirectory.init(folder.resolve("w"), new ByteArrayInputStream("{}".getBytes()));
        directory.lock(directory.config()).close();
        String classes = Stream.of("jdk.module.path", "surefire.test.class.path", "java.class.path")
                .map(System::getProperty)
                .filter(Objects::nonNull)
                .collect(Collectors.joining(File.pathSeparator));
        String tests = Path.of(System.getProperty("basedir", ""))
                .toAbsolutePath()
                .resolve("target/test-classes")
                .toString();
        Process looker = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx64m",
                        "-cp",
                        tests + File.pathSeparator + classes,
                        WorkerDirectoryLookTest.class.getName(),
                        directory.path().toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertEquals("looking", looker.inputReader().readLine());
            for (int i = 0; i < 300; i++) {
                directory.lock(directory.config()).close();
            }
            assertTrue(looker.isAlive());
        } finally {
            looker.destroyForcibly().waitFor();
        }
    }
}
