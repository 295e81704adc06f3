package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.plugins.Plugin;
import io.zygotes.launcher.plugins.PluginJar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images made from an image: a folder that looks like one, with the plugins of this JVM built in. */
class ImageCopyTest {

    @TempDir
    Path folder;

    private Path image;
    private Path output;
    private final List<String> notices = new ArrayList<>();

    @BeforeEach
    void makeImage() throws IOException {
        image = Files.createDirectory(folder.resolve("image"));
        output = folder.resolve("elsewhere/new");
        for (String part : List.of("bin", "conf", "lib/server", "legal/java.base", "plugins")) {
            Files.createDirectories(image.resolve(part));
        }
        Files.writeString(image.resolve("bin/zygotes"), "#!/bin/sh");
        Files.setPosixFilePermissions(image.resolve("bin/zygotes"), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(image.resolve("release"), "JAVA_VERSION=25");
        Files.writeString(image.resolve("lib/modules"), "classes");
        Files.createSymbolicLink(image.resolve("legal/java.base/COPY"), Path.of("../../release"));
        // What a user may have put there is not part of an image.
        Files.createDirectories(image.resolve("default-ol/registry"));
    }

    private static PluginJar plugin(String name) {
        return new PluginJar().provider("Good", name, "1.0").servicesFile("acme.Good");
    }

    private Path jar(String name) throws IOException {
        return plugin(name).write(folder.resolve("jars/" + name + ".jar"));
    }

    private Set<String> make(Optional<Collection<String>> keep, Path... add) throws Exception {
        return new ImageCopy(image, notices::add).make(keep, List.of(add), output);
    }

    private static Optional<Collection<String>> only(String... names) {
        return Optional.of(List.of(names));
    }

    private String refused(Optional<Collection<String>> keep, Path... add) {
        String message = assertThrows(Failure.class, () -> make(keep, add)).getMessage();
        assertFalse(Files.exists(output.resolve("release")), message);
        return message;
    }

    private List<String> leftBeside() throws IOException {
        if (!Files.isDirectory(output.getParent())) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(output.getParent())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals("new"))
                    .toList();
        }
    }

    private Set<String> found() throws Exception {
        ImportCaches caches = ImportCaches.find(output, List.of(), "test");
        assertEquals(List.of(), caches.broken());
        return caches.plugins().stream().map(Plugin::name).collect(Collectors.toSet());
    }

    @Test
    void itHasTheChosenAndTheAddedPluginsAndNoOthers() throws Exception {
        make(only("none"), jar("mine"));

        assertEquals(Set.of("", "mine"), found());
        assertEquals(List.of(), leftBeside());
    }

    @Test
    void withoutAChoiceItHasAllThatThePresentOneHas() throws Exception {
        plugin("dropped").write(image.resolve("plugins/dropped.jar"));

        make(Optional.empty());

        assertEquals(Set.of("", "tree", "multitree", "dropped"), found());
    }

    @Test
    void pluginsThatWereDroppedInCanBeKeptOrLeftOut() throws Exception {
        plugin("one").write(image.resolve("plugins/one.jar"));
        plugin("two").write(image.resolve("plugins/two.jar"));

        make(only("tree", "two"));

        assertEquals(Set.of("tree", "two"), found());
        assertFalse(Files.exists(output.resolve("plugins/one.jar")));
    }

    @Test
    void anImageThatWasMadeThisWayCanBeCopiedAgain() throws Exception {
        make(only("none"), jar("mine"));
        Path first = output;
        output = folder.resolve("second");

        new ImageCopy(first, notices::add).make(Optional.empty(), List.of(jar("other")), output);

        assertEquals(Set.of("", "mine", "other"), found());
        assertTrue(assertThrows(
                        Failure.class,
                        () -> new ImageCopy(first, notices::add).make(only("tree"), List.of(), folder.resolve("third")))
                .getMessage()
                .contains("\"tree\""));
    }

    @Test
    void aFolderIsAddedWithItsJarsAlone() throws Exception {
        Path library = new PluginJar()
                .source("lib/Library.java", "package lib; public class Library { public static void touch() {} }")
                .write(folder.resolve("mine/lib.jar"));
        new PluginJar()
                .source(
                        "acme/Good.java",
                        PluginJar.providerSource("acme", "Good", "mine", "1.0", "lib.Library.touch();"))
                .servicesFile("acme.Good")
                .dependsOn(library)
                .write(folder.resolve("mine/mine.jar"));
        Files.writeString(folder.resolve("mine/notes.txt"), "notes");

        make(only("none"), folder.resolve("mine"));

        assertEquals(Set.of("", "mine"), found());
        assertFalse(Files.exists(output.resolve("plugins/mine/notes.txt")));
    }

    @Test
    void filesKeepPermissionsTimesAndLinks() throws Exception {
        make(Optional.empty());

        assertTrue(Files.isExecutable(output.resolve("bin/zygotes")));
        assertEquals(
                Files.getLastModifiedTime(image.resolve("release")),
                Files.getLastModifiedTime(output.resolve("release")));
        assertEquals(Path.of("../../release"), Files.readSymbolicLink(output.resolve("legal/java.base/COPY")));
        assertFalse(Files.exists(output.resolve("default-ol")));
    }

    @Test
    void anUnknownNameIsAnsweredWithTheKnownOnes() throws Exception {
        String message = refused(only("tre"));

        assertTrue(
                message.contains("\"tre\"") && message.contains("\"tree\"") && message.contains("\"none\""), message);
        assertTrue(refused(only("tre"), jar("mine")).contains("\"tre\""));
    }

    @Test
    void theNameOfWhatIsAddedMayBeListedToo() throws Exception {
        make(only("none", "mine"), jar("mine"));

        assertEquals(Set.of("", "mine"), found());
    }

    @Test
    void aJarThatIsNotThereIsNamed() {
        assertTrue(refused(only("none"), folder.resolve("missing.jar")).contains("missing.jar"));
    }

    @Test
    void aJarThatDoesNotPassTheChecksIsRefusedWithTheReason() throws Exception {
        Path broken = Files.writeString(folder.resolve("broken.jar"), "not a jar");
        Path newer = new PluginJar()
                .provider("Good", "newer", "1.999")
                .servicesFile("acme.Good")
                .write(folder.resolve("newer.jar"));

        assertTrue(refused(only("none"), broken).contains("cannot be read as a jar"));
        assertTrue(refused(only("none"), newer).contains("revision 1.999"));
        assertTrue(refused(only("none"), folder).contains("broken.jar"), "a folder with a broken jar");
        assertTrue(refused(only("none"), image.resolve("release")).contains("neither a jar nor"));
        assertEquals(List.of(), leftBeside());
    }

    @Test
    void twoPluginsOfOneNameAreRefusedNamingBoth() throws Exception {
        String builtIn = refused(Optional.empty(), jar("tree"));
        Path again = plugin("mine").write(folder.resolve("again.jar"));
        String added = refused(only("none"), jar("mine"), again);

        assertTrue(builtIn.contains("the image") && builtIn.contains("tree.jar"), builtIn);
        assertTrue(added.contains("mine.jar") && added.contains("again.jar"), added);
    }

    @Test
    void aPluginMayTakeTheNameOfOneThatIsLeftOut() throws Exception {
        make(only("none"), jar("tree"));

        assertEquals(Set.of("", "tree"), found());
    }

    @Test
    void twoJarsOfOneFileNameAreRefused() throws Exception {
        Path one = plugin("one").write(folder.resolve("a/plugin.jar"));
        Path two = plugin("two").write(folder.resolve("b/plugin.jar"));

        assertTrue(refused(only("none"), one, two).contains("same file name"));
    }

    @Test
    void aJarWithTwoImportCachesIsKeptWholeOrNotAtAll() throws Exception {
        new PluginJar()
                .provider("One", "one", "1.0")
                .provider("Two", "two", "1.0")
                .servicesFile("acme.One\nacme.Two")
                .write(image.resolve("plugins/both.jar"));

        assertTrue(refused(only("one")).contains("also holds \"two\""));
        make(only("one", "two"));
        assertEquals(Set.of("one", "two"), found());
    }

    @Test
    void anImageWithoutAnyImportCacheIsRefused() {
        assertTrue(refused(only()).contains("--add"));
    }

    @Test
    void aBrokenPluginOfThePresentImageIsLeftOutWithANotice() throws Exception {
        Files.writeString(image.resolve("plugins/broken.jar"), "not a jar");

        make(Optional.empty());

        assertFalse(Files.exists(output.resolve("plugins/broken.jar")));
        assertTrue(notices.getFirst().contains("broken.jar"), notices.toString());
    }

    @Test
    void whatIsThereIsNotTouched() throws Exception {
        Files.createDirectories(output);
        make(only("none"));
        Path file = Files.writeString(folder.resolve("file"), "x");

        assertTrue(assertThrows(Failure.class, () -> make(only("none")))
                .getMessage()
                .contains("exists already"));
        output = file;
        assertTrue(refused(only("none")).contains("exists already"));
        assertEquals("x", Files.readString(file));
    }

    @Test
    void aPlaceInsideThePresentImageIsRefused() throws Exception {
        output = image.resolve("copies/one");
        assertTrue(refused(only("none")).contains("lies in the image"));

        output = Files.createSymbolicLink(folder.resolve("link"), image).resolve("one");
        assertTrue(refused(only("none")).contains("lies in the image"));
    }

    @Test
    void aPlaceThatCannotBeWrittenIsNamedAndNothingIsLeft() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "x");

        output = file.resolve("below/new");
        assertTrue(refused(only("none")).contains(file.toString()));
        output = Path.of("/proc/new");
        assertTrue(refused(only("none")).contains("/proc"));
    }

    @Test
    void aHalfCopyOfAnEarlierRunThatWasKilledIsRemoved() throws Exception {
        Path abandoned = Files.createDirectories(output.resolveSibling(".new.new-999999999-1"));
        Files.writeString(abandoned.resolve("half"), "half");

        make(only("none"));

        assertEquals(List.of(), leftBeside());
    }

    @Test
    void aListThatNamesWhatIsNotBuiltInIsAnError() throws Exception {
        Files.writeString(image.resolve("conf/built-in-plugins"), "# these\ntree\nforest\n");

        Exception e =
                assertThrows(io.zygotes.spi.ConfigException.class, () -> ImportCaches.find(image, List.of(), "test"));

        assertTrue(
                e.getMessage().contains("conf/built-in-plugins")
                        && e.getMessage().contains("forest"),
                e.getMessage());
    }
}
