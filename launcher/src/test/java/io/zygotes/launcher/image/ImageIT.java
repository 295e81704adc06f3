package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The image as the build made it, run as a program. */
class ImageIT {

    private static final Path IMAGE = Path.of(System.getProperty("zygotes.image"));
    private static final long MOST_SECONDS = 120;

    @TempDir
    Path folder;

    private record Ended(int exit, String out, String err) {}

    /** Runs a program without a Java anywhere in its environment. */
    private Ended run(String... command) throws IOException, InterruptedException {
        Path out = Files.createTempFile(folder, "out", "");
        Path err = Files.createTempFile(folder, "err", "");
        var builder = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.directory(folder.toFile());
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/bin:/bin");
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(MOST_SECONDS, TimeUnit.SECONDS), () -> String.join(" ", command) + " does not end");
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
    void itWorksWithoutTheCacheOfLoadedClasses() throws Exception {
        Path copy = folder.resolve("copy");
        copyImage(copy);
        Files.delete(copy.resolve("lib/zygotes.aot"));

        assertEquals(new Ended(0, run(script(IMAGE), "--version").out(), ""), run(script(copy), "--version"));
    }

    @Test
    void aDroppedInJarIsFound() throws Exception {
        Path copy = folder.resolve("copy");
        copyImage(copy);
        Files.writeString(copy.resolve("plugins/broken.jar"), "not a jar");
        Files.writeString(copy.resolve("plugins/notes.txt"), "not a plugin");

        JsonNode json = new ObjectMapper().readTree(run(script(copy), "plugins", "--json").out());

        assertEquals(1, json.get("broken").size(), json.toString());
        assertTrue(json.get("broken").get(0).get("origin").asText().endsWith("broken.jar"), json.toString());
    }

    @Test
    void itHasTheJdkModulesThatPluginsUsuallyNeed() throws Exception {
        Ended ended = run(IMAGE.resolve("bin/java").toString(), "--list-modules");

        for (String module : List.of("java.net.http", "java.sql", "java.xml", "java.management", "jdk.jfr")) {
            assertTrue(ended.out().lines().anyMatch(line -> line.startsWith(module + "@")), module + " is missing");
        }
    }

    @Test
    void withoutThePluginTreeEverythingElseWorks() throws Exception {
        String[] zygotes = {
            IMAGE.resolve("bin/java").toString(),
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

    private static String[] with(String[] command, String... more) {
        return Stream.concat(Arrays.stream(command), Arrays.stream(more)).toArray(String[]::new);
    }
}
