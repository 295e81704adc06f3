package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ImportCacheProvider;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of docs/plugins.md, from the empty folder to the image with the plugin, run as they stand there. */
class PluginDocsIT {

    private static final Path DOCS =
            Path.of(System.getProperty("zygotes.examples")).resolveSibling("docs/plugins.md");
    private static final Pattern COMMANDS = Pattern.compile("^```\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final long MOST_SECONDS = 300;

    @TempDir
    Path folder;

    /** What the page shows as commands up to where the contract begins. */
    private static String commands() throws Exception {
        String text = Files.readString(DOCS);
        String tutorial = text.substring(0, text.indexOf("## Life of a cache"));
        return COMMANDS.matcher(tutorial).results().map(found -> found.group(1)).collect(Collectors.joining("\n"));
    }

    /** Only what differs from machine to machine is replaced: paths, and the port, which may be in use. */
    private String script(Path image, int port) throws Exception {
        Path spi = Path.of(URI.create(ImportCacheProvider.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toString()));
        String commands = commands();
        assertTrue(commands.contains("IMAGE=/path/to/image\n") && commands.contains("localhost:5000/"), commands);
        // The page starts the worker twice and stops it each time; the private socket needs a worker that runs.
        assertEquals(3, commands.split("zygotes down", -1).length, commands);
        return "set -e\nPATH=" + System.getProperty("java.home") + "/bin:$PATH\n"
                + commands.replace("IMAGE=/path/to/image\n", "IMAGE='" + image + "'\n")
                        .replaceAll("SPI=/path/to/\\S+", "SPI='" + spi + "'")
                        .replaceAll(
                                "(?m)^(\\$IMAGE/bin/zygotes init .*)$",
                                "$1\nsed -i 's/\"worker_port\" *: *5000/\"worker_port\": " + port
                                        + "/' work/config.json")
                        .replace("localhost:5000/", "localhost:" + port + "/");
    }

    @Test
    void everyCommandWorksAsItStandsThere() throws Exception {
        Machine.require("PluginDocsIT");
        Path image = folder.resolve("image");
        assertEquals(
                0,
                new ProcessBuilder("cp", "-a", Program.IMAGE.toString(), image.toString())
                        .start()
                        .waitFor());
        Path empty = Files.createDirectory(folder.resolve("empty"));
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Path out = folder.resolve("out");
        Process shell = new ProcessBuilder("/bin/bash", "-c", script(image, port))
                .directory(empty.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            assertTrue(shell.waitFor(MOST_SECONDS, TimeUnit.SECONDS), () -> "does not end");
            String said = Files.readString(out);
            assertEquals(0, shell.exitValue(), said);
            for (String part : new String[] {
                "ok: \"one\" 1.0 (module com.example.one",
                "{\"hello\": \"you\"}",
                "import cache 'one'\n  (root) *zygote-",
                "import cache \"one\", made anew",
                "\"restart_needed\" : false",
                "with the import caches \"\", \"none\", \"one\""
            }) {
                assertTrue(said.contains(part), part + " is not in: " + said);
            }
        } finally {
            shell.destroyForcibly();
            Program.runOf(image, folder, "down", "-p", empty.resolve("work").toString());
        }
    }
}
