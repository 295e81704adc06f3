package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.launcher.plugins.PluginJar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The image as the build made it, run as a program. */
class ImageIT {

    private static final Path IMAGE = Path.of(System.getProperty("zygotes.image"));
    private static final long MOST_SECONDS = 120;

    /** As docs/plugins.md lists them. */
    private static final List<String> JDK_MODULES = List.of(
            "java.base",
            "java.compiler",
            "java.instrument",
            "java.logging",
            "java.management",
            "java.naming",
            "java.net.http",
            "java.security.jgss",
            "java.security.sasl",
            "java.sql",
            "java.sql.rowset",
            "java.xml",
            "jdk.jfr",
            "jdk.net",
            "jdk.unsupported");

    @TempDir
    Path folder;

    private record Ended(int exit, String out, String err) {}

    /** Runs a program without a Java anywhere in its environment. */
    private Ended run(String... command) throws IOException, InterruptedException {
        Path out = Files.createTempFile(folder, "out", "");
        Path err = Files.createTempFile(folder, "err", "");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.directory(folder.toFile());
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/bin:/bin");
        Process process = builder.start();
        try {
            assertTrue(
                    process.waitFor(MOST_SECONDS, TimeUnit.SECONDS), () -> String.join(" ", command) + " does not end");
            return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
        } finally {
            process.destroyForcibly();
        }
    }

    private static String script(Path image) {
        return image.resolve("bin/zygotes").toString();
    }

    private void copyImage(Path to) throws IOException, InterruptedException {
        assertEquals(0, run("cp", "-a", IMAGE.toString(), to.toString()).exit());
    }

    @Test
    void itSaysItsVersionAndNothingElse() throws Exception {
        Ended ended = run(script(IMAGE), "--version");

        assertEquals(new Ended(0, ended.out(), ""), ended);
        assertEquals(1, ended.out().lines().count(), ended.out());
    }

    @Test
    void itListsItsPluginsAsJsonAndPrintsNothingElse() throws Exception {
        Ended ended = run(script(IMAGE), "plugins", "--json");

        assertEquals("", ended.err());
        JsonNode json = new ObjectMapper().readTree(ended.out());
        assertEquals(0, json.get("broken").size(), ended.out());
        assertTrue(json.get("plugins").findValuesAsText("name").contains("tree"), ended.out());
    }

    @Test
    void anUnknownCommandIsWrongUsage() throws Exception {
        Ended ended = run(script(IMAGE), "fly");

        assertEquals(2, ended.exit());
        assertEquals("", ended.out());
        assertTrue(ended.err().startsWith("zygotes: "), ended.err());
    }

    @Test
    void itRunsFromAFolderWithABlankInItsName() throws Exception {
        Path copy = folder.resolve("my image");
        copyImage(copy);

        assertEquals(0, run(script(copy), "--version").exit());
    }

    @Test
    void itRunsThroughSymbolicLinks() throws Exception {
        Path one = Files.createSymbolicLink(folder.resolve("one"), IMAGE.resolve("bin/zygotes"));
        Path two = Files.createSymbolicLink(folder.resolve("two"), one.getFileName());

        assertEquals(0, run(two.toString(), "--version").exit());
    }

    @Test
    void argumentsWithBlanksArriveAsTheyAre() throws Exception {
        Path tree = Files.writeString(folder.resolve("my tree.json"), "{\"packages\": [], \"children\": []}");

        Ended ended = run(script(IMAGE), "tree", "show", tree.toString());

        assertEquals(0, ended.exit(), ended.err());
    }

    @Test
    void itHoldsNoDesktopAndNoMoreThanItMay() throws Exception {
        assertEquals(
                "",
                run(IMAGE.resolve("bin/java").toString(), "--list-modules")
                        .out()
                        .lines()
                        .filter(module -> module.startsWith("java.desktop"))
                        .collect(Collectors.joining()));
        try (Stream<Path> files = Files.walk(IMAGE)) {
            long bytes = 0;
            for (Path file : files.filter(Files::isRegularFile)
                    .filter(file -> !file.endsWith("zygotes.aot"))
                    .toList()) {
                bytes += Files.size(file);
            }
            assertTrue(bytes <= 80_000_000, bytes + " bytes");
        }
    }

    @Test
    void itWorksWithoutTheCacheOfLoadedClasses() throws Exception {
        Path copy = folder.resolve("copy");
        copyImage(copy);
        Files.delete(copy.resolve("lib/zygotes.aot"));

        assertEquals(new Ended(0, run(script(IMAGE), "--version").out(), ""), run(script(copy), "--version"));
    }

    /** Some that a worker does not need, and the training so has not met, are read; of the libraries nearly none. */
    @Test
    void itsCommandsTakeTheirClassesFromTheCache() throws Exception {
        assumeTrue(Files.exists(IMAGE.resolve("lib/zygotes.aot")));
        Path loaded = folder.resolve("loaded.txt");

        Ended ended = run(
                "env",
                "ZYGOTES_JAVA_OPTS=-Xlog:class+load:file=" + loaded,
                script(IMAGE),
                "down",
                "-p",
                folder.toString());

        assertEquals(1, ended.exit(), ended.toString());
        List<String> read = Files.readAllLines(loaded).stream()
                .filter(line -> line.contains("source: jrt:"))
                .toList();
        assertTrue(read.size() < 60, read::toString);
    }

    @Test
    void aDroppedInJarIsFound() throws Exception {
        Path copy = folder.resolve("copy");
        copyImage(copy);
        Files.writeString(copy.resolve("plugins/broken.jar"), "not a jar");
        Files.writeString(copy.resolve("plugins/notes.txt"), "not a plugin");

        JsonNode json = new ObjectMapper()
                .readTree(run(script(copy), "plugins", "--json").out());

        assertEquals(1, json.get("broken").size(), json.toString());
        assertTrue(json.get("broken").get(0).get("origin").asText().endsWith("broken.jar"), json.toString());
    }

    @Test
    void itHasTheJdkModulesThatPluginsUsuallyNeed() throws Exception {
        Ended ended = run(IMAGE.resolve("bin/java").toString(), "--list-modules");

        for (String module : JDK_MODULES) {
            assertTrue(ended.out().lines().anyMatch(line -> line.startsWith(module + "@")), module + " is missing");
        }
    }

    @Test
    void aPluginCanRequireThem() throws Exception {
        List<String> directives = new ArrayList<>(
                List.of("requires io.zygotes.spi;", "provides io.zygotes.spi.ImportCacheProvider with acme.Good;"));
        JDK_MODULES.forEach(module -> directives.add("requires " + module + ";"));
        Path jar = new PluginJar()
                .provider("Good", "good", "1.0")
                .module("acme.good", directives.toArray(String[]::new))
                .write(folder.resolve("good.jar"));

        Ended ended = run(script(IMAGE), "plugins", "check", jar.toString());

        assertTrue(ended.out().startsWith("ok: "), ended.out());
    }

    @Test
    void withoutThePluginTreeEverythingElseWorks() throws Exception {
        Path copy = folder.resolve("copy");
        copyImage(copy);
        Files.delete(copy.resolve("conf/built-in-plugins"));
        String[] zygotes = {
            copy.resolve("bin/java").toString(),
            "--limit-modules",
            "io.zygotes.launcher,io.zygotes.plugin.none",
            "-m",
            "io.zygotes.launcher/io.zygotes.launcher.Main"
        };

        Ended help = run(with(zygotes, "--help"));
        Ended plugins = run(with(zygotes, "plugins"));
        Ended init = run(with(zygotes, "init", "-p", folder.resolve("worker").toString()));
        Ended fit = run(with(zygotes, "tree", "fit", "--trace", "x", "--nodes", "3", "--out", "y"));

        assertEquals(0, help.exit(), help.err());
        assertEquals(0, plugins.exit(), plugins.err());
        assertEquals(0, init.exit(), init.err());
        assertEquals(1, fit.exit());
        assertTrue(fit.err().contains("built without the plugin tree"), fit.err());
    }

    @Test
    void anImageMadeFromItHasTheChosenPluginAndTheAddedOneAndNoOthers() throws Exception {
        Path jar = new ExamplePlugin(Files.createDirectory(folder.resolve("work"))).jar();
        Path made = folder.resolve("made");

        Ended ended =
                run(script(IMAGE), "image", "--plugins", "none", "--add", jar.toString(), "--output", made.toString());

        assertEquals(0, ended.exit(), ended.err());
        assertEquals("", ended.err());
        Ended plugins = run(script(made), "plugins", "--json");
        assertEquals("", plugins.err());
        JsonNode json = new ObjectMapper().readTree(plugins.out());
        assertEquals(
                List.of("", "recent"),
                json.get("plugins").findValuesAsText("name").stream().sorted().toList());
        assertEquals(0, json.get("broken").size(), plugins.out());
        Ended init = run(script(made), "init", "-p", folder.resolve("worker").toString());
        assertTrue(
                init.out().contains("chooses the import cache \"tree\", which this image does not have"), init.out());
        // Made from an image that was made this way, as well.
        Ended again = run(
                script(made),
                "image",
                "--plugins",
                "recent",
                "--output",
                folder.resolve("again").toString());
        assertEquals(0, again.exit(), again.err());
        Ended listed = run(script(folder.resolve("again")), "plugins");
        assertFalse(listed.out().contains("io.zygotes.plugin"), listed.out());
        assertTrue(listed.out().contains("\"recent\""), listed.out());
        assertTrue(run(script(IMAGE), "plugins").out().contains("multitree"), "the old one is as it was");
    }

    @Test
    void aBadRequestForAnImageLeavesNothingBehind() throws Exception {
        Path target = folder.resolve("place/made");

        Ended unknown = run(script(IMAGE), "image", "--plugins", "forest", "--output", target.toString());
        Ended nowhere = run(script(IMAGE), "image", "--plugins", "none");
        Ended full = run(
                "/bin/sh",
                "-c",
                "ulimit -f 20000; exec \"$0\" image --output \"$1\"",
                script(IMAGE),
                target.toString());

        assertEquals(1, unknown.exit());
        assertTrue(unknown.err().contains("\"forest\"") && unknown.err().contains("\"tree\""), unknown.err());
        assertEquals(2, nowhere.exit());
        assertTrue(nowhere.err().contains("--output"), nowhere.err());
        assertEquals(1, full.exit(), full.err());
        assertTrue(
                full.err().contains("cannot write the image " + target)
                        && full.err().contains("File too large"),
                full.err());
        try (Stream<Path> left = Files.list(target.getParent())) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void aCopyThatIsInterruptedIsTakenAway() throws Exception {
        Path target = folder.resolve("place/made");
        ProcessBuilder builder = new ProcessBuilder(script(IMAGE), "image", "--output", target.toString());
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(folder.resolve("out").toFile())
                .start();
        try {
            while (process.isAlive() && !Files.isDirectory(target.getParent())) {
                Thread.sleep(1);
            }
            process.destroy();
            assertTrue(process.waitFor(MOST_SECONDS, TimeUnit.SECONDS));
        } finally {
            process.destroyForcibly();
        }

        try (Stream<Path> left = Files.list(target.getParent())) {
            // Where the signal comes too late, the image is there, and whole.
            assertTrue(
                    left.allMatch(path -> path.equals(target) && Files.exists(path.resolve("conf/built-in-plugins"))));
        }
    }

    private static String[] with(String[] command, String... more) {
        return Stream.concat(Arrays.stream(command), Arrays.stream(more)).toArray(String[]::new);
    }
}
