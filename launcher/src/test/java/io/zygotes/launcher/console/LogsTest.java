package io.zygotes.launcher.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is logged while a process ends. */
@Timeout(60)
class LogsTest {

    /** A process whose shutdown hook has something to say, some time after the JDK's own hook has run. */
    public static final class Ending {

        private Ending() {}

        /** Logs at the end. */
        public static void main(String[] args) {
            Logs.install();
            Logger log = Logger.getLogger("ending");
            log.info("it lives");
            Logs.keepOpen();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                try {
                    Thread.sleep(500);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                log.severe("its last words");
                Logs.close();
                log.severe("too late");
            }));
            System.exit(0);
        }
    }

    private static String location(Class<?> type) throws Exception {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI())
                .toString();
    }

    @Test
    void whatAShutdownHookLogsIsSeen() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        location(Logs.class) + File.pathSeparator + location(Ending.class),
                        Ending.class.getName())
                .redirectErrorStream(true)
                .start();

        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertEquals(0, process.waitFor(), output);
        assertTrue(output.contains("it lives") && output.contains("its last words"), output);
        assertTrue(!output.contains("too late"), output);
    }
}
