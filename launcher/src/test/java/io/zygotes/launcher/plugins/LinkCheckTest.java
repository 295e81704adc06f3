package io.zygotes.launcher.plugins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is missing in a plugin is said when it is loaded, not by an error in a request. */
class LinkCheckTest {

    private static final String SERVICE = "io.zygotes.spi.ImportCacheProvider";

    @TempDir
    Path folder;

    private ImportCaches check(Path plugin) throws Exception {
        return ImportCaches.check(folder, plugin);
    }

    private static List<Plugin> dropped(ImportCaches caches) {
        return caches.plugins().stream()
                .filter(plugin -> !plugin.origin().equals(Plugin.IMAGE))
                .toList();
    }

    private BrokenPlugin broken(Path plugin) throws Exception {
        ImportCaches caches = check(plugin);
        assertEquals(1, caches.broken().size(), caches.broken().toString());
        assertEquals(List.of(), dropped(caches));
        return caches.broken().getFirst();
    }

    private void assertFine(Path plugin) throws Exception {
        ImportCaches caches = check(plugin);
        assertEquals(List.of(), caches.broken());
        assertEquals(1, dropped(caches).size());
        assertEquals(
                List.of(),
                dropped(caches).getFirst().warnings().stream()
                        .filter(warning -> !warning.contains("no module-info.class"))
                        .toList());
    }

    /** A plugin whose cache, which the provider does not touch when it is made, runs some code. */
    private PluginJar using(String code) {
        return new PluginJar()
                .provider("Good", "good", "1.0")
                .source(
                        "acme/inner/Cache.java",
                        "package acme.inner; import io.zygotes.spi.*; class Cache { void run() throws Throwable { "
                                + code + " } }")
                .servicesFile("acme.Good");
    }

    private Path library(String body) throws IOException {
        return new PluginJar()
                .source("lib/Library.java", "package lib; public class Library { " + body + " }")
                .write(folder.resolve("lib.jar"));
    }

    private static void assertHolds(String text, String... parts) {
        for (String part : parts) {
            assertTrue(text.contains(part), text);
        }
    }

    @Test
    void aMethodThatTheSpiDoesNotHaveIsNamedWithItsClassAndCaller() throws Exception {
        Path newer = new PluginJar()
                .source(
                        "io/zygotes/spi/Sandboxes.java",
                        "package io.zygotes.spi; public interface Sandboxes { Zygote warm(String name, int[] most); }")
                .write(folder.resolve("newer.jar"));
        Path jar = using("Sandboxes s = null; s.warm(\"x\", new int[1]);")
                .dependsOn(newer)
                .write(folder.resolve("p.jar"));

        BrokenPlugin broken = broken(jar);

        assertHolds(
                broken.cause(), "acme.inner.Cache calls io.zygotes.spi.Sandboxes.warm(String, int[])", "revision 1.");
        assertHolds(broken.mend(), "SpiVersion.CURRENT");
    }

    @Test
    void aFieldThatTheSpiDoesNotHaveIsNamed() throws Exception {
        Path newer = new PluginJar()
                .source(
                        "io/zygotes/spi/CacheShape.java",
                        "package io.zygotes.spi; public class CacheShape { public static Object FULL; }")
                .write(folder.resolve("newer.jar"));
        Path jar = using("Object o = CacheShape.FULL;").dependsOn(newer).write(folder.resolve("p.jar"));

        assertHolds(broken(jar).cause(), "uses io.zygotes.spi.CacheShape.FULL");
    }

    @Test
    void aTypeThatTheSpiDoesNotHaveIsNamed() throws Exception {
        Path newer = new PluginJar()
                .source("io/zygotes/spi/Forecast.java", "package io.zygotes.spi; public interface Forecast {}")
                .write(folder.resolve("newer.jar"));
        Path jar = using("Object o = null; Forecast f = (Forecast) o;")
                .dependsOn(newer)
                .write(folder.resolve("p.jar"));

        assertHolds(broken(jar).cause(), "acme.inner.Cache uses io.zygotes.spi.Forecast");
    }

    @Test
    void anExplicitModuleIsLookedAtToo() throws Exception {
        Path newer = new PluginJar()
                .source(
                        "io/zygotes/spi/Sandboxes.java",
                        "package io.zygotes.spi; public interface Sandboxes { void warm(); }")
                .source(
                        "io/zygotes/spi/ImportCacheProvider.java",
                        "package io.zygotes.spi; public interface ImportCacheProvider { ImportCache create(Object c);"
                                + " }")
                .source("io/zygotes/spi/ImportCache.java", "package io.zygotes.spi; public interface ImportCache { }")
                .module("io.zygotes.spi", "exports io.zygotes.spi;")
                .write(folder.resolve("newer.jar"));
        Path jar = new PluginJar()
                .source(
                        "acme/Good.java",
                        "package acme; import io.zygotes.spi.*; public class Good implements ImportCacheProvider {"
                            + " public ImportCache create(Object c) { ((Sandboxes) c).warm(); return null; } public"
                            + " String name() { return \"good\"; } public String version() { return \"1\"; } public"
                            + " String spiVersion() { return \"1.0\"; } public String description() { return \"\"; }"
                            + " }")
                .module("acme.good", "requires io.zygotes.spi;", "provides " + SERVICE + " with acme.Good;")
                .dependsOn(newer)
                .write(folder.resolve("p.jar"));

        BrokenPlugin broken = broken(jar);

        assertHolds(
                broken.cause(),
                "acme.Good calls io.zygotes.spi.Sandboxes.warm()",
                "acme.Good has no method create(ImportCacheContext), which io.zygotes.spi.ImportCacheProvider asks"
                        + " for");
    }

    @Test
    void aPluginThatSaysItIsForANewerSpiHearsThatAlone() throws Exception {
        Path newer = new PluginJar()
                .source("io/zygotes/spi/Forecast.java", "package io.zygotes.spi; public interface Forecast {}")
                .write(folder.resolve("newer.jar"));
        Path jar = new PluginJar()
                .provider("Good", "good", "1.999")
                .source("acme/Cache.java", "package acme; class Cache { Object o = io.zygotes.spi.Forecast.class; }")
                .servicesFile("acme.Good")
                .dependsOn(newer)
                .write(folder.resolve("p.jar"));

        assertEquals(
                "it was built for revision 1.999 of the SPI, this worker has " + io.zygotes.spi.SpiVersion.CURRENT,
                broken(jar).cause());
    }

    @Test
    void aClassOfADependencyThatIsMissingIsNamedWithItsUser() throws Exception {
        Path jar = using("lib.Library.touch();")
                .dependsOn(library("public static void touch() {}"))
                .write(folder.resolve("p.jar"));

        BrokenPlugin broken = broken(jar);

        assertHolds(
                broken.cause(), "acme.inner.Cache uses lib.Library, which is neither in the plugin nor in the image");
        assertHolds(broken.mend(), "beside it");
    }

    @Test
    void aMethodThatTheDependencyBesideItDoesNotHaveIsNamedWithTheJar() throws Exception {
        Path compiledAgainst = library("public static void fresh() {}");
        using("lib.Library.fresh();").dependsOn(compiledAgainst).write(folder.resolve("p/p.jar"));
        new PluginJar()
                .source("lib/Library.java", "package lib; public class Library { public static void old() {} }")
                .write(folder.resolve("p/lib-old.jar"));

        BrokenPlugin broken = broken(folder.resolve("p"));

        assertHolds(broken.cause(), "acme.inner.Cache calls lib.Library.fresh()", "lib-old.jar does not have");
        assertHolds(broken.mend(), "version of the library");
    }

    @Test
    void methodsThatAreInheritedAreFound() throws Exception {
        using("""
            java.util.ArrayList<String> list = new java.util.ArrayList<>(); list.stream().map(String::length).toList(); list.hashCode();
            int three = (int) java.lang.invoke.MethodHandles.constant(int.class, 3).invokeExact(); int[] copy = new int[3].clone(); Object o = list; o.toString(); Runnable r = () -> {}; r.run(); r.getClass();
            Leaf leaf = null; leaf.id(); leaf.equals(null); lib.Library.touch(); new lib.Library(){}.also();
            switch (o) { case String s when s.isEmpty() -> {} case Integer i -> {} default -> {} }
            String s = "a" + o + copy.length; assert s != null; Thread.State st = Thread.State.NEW;
            switch (st) { case NEW -> {} default -> {} }
            """)
                .dependsOn(new PluginJar()
                        .source(
                                "lib/Base.java",
                                "package lib; interface Base { default void also() {} static int X = 1; }")
                        .source(
                                "lib/Library.java",
                                "package lib; public class Library implements Base { public static void touch() {} }")
                        .write(folder.resolve("p/lib.jar")))
                .write(folder.resolve("p/p.jar"));

        assertFine(folder.resolve("p"));
    }

    @Test
    void whatALibraryMayDoWithoutIsAWarning() throws Exception {
        Path optional = new PluginJar()
                .source("opt/Optional.java", "package opt; public class Optional { }")
                .write(folder.resolve("optional.jar"));
        Path library = new PluginJar()
                .source(
                        "lib/Library.java",
                        "package lib; public class Library { public static void touch() {} "
                                + "Object rarely() { return new opt.Optional(); } }")
                .dependsOn(optional)
                .write(folder.resolve("p/lib.jar"));
        using("lib.Library.touch();").dependsOn(library).write(folder.resolve("p/p.jar"));

        ImportCaches caches = check(folder.resolve("p"));

        assertEquals(List.of(), caches.broken());
        assertTrue(
                dropped(caches).getFirst().warnings().stream()
                        .anyMatch(warning -> warning.contains("lib.Library uses opt.Optional")),
                dropped(caches).toString());
    }

    @Test
    void whatAModuleDeclaresAsOptionalIsAWarning() throws Exception {
        Path optional = new PluginJar()
                .source("opt/Optional.java", "package opt; public class Optional { }")
                .module("opt", "exports opt;")
                .write(folder.resolve("optional.jar"));
        Path jar = new PluginJar()
                .provider("Good", "good", "1.0")
                .source(
                        "acme/Cache.java",
                        "package acme; class Cache { Object rarely() { return new opt.Optional(); } }")
                .module(
                        "acme.good",
                        "requires io.zygotes.spi;",
                        "requires static opt;",
                        "provides " + SERVICE + " with acme.Good;")
                .dependsOn(optional)
                .write(folder.resolve("p.jar"));

        ImportCaches caches = check(jar);

        assertEquals(List.of(), caches.broken());
        assertTrue(
                dropped(caches).getFirst().warnings().getFirst().contains("opt.Optional"),
                dropped(caches).toString());
    }

    @Test
    void aJdkClassThatTheImageDoesNotHaveIsNamed() throws Exception {
        // Stands for any class of a JDK that the image's modules are without.
        Path missing = new PluginJar()
                .source("javax/nowhere/Engine.java", "package javax.nowhere; public class Engine {}")
                .write(folder.resolve("engine.jar"));
        Path jar = using("new javax.nowhere.Engine();").dependsOn(missing).write(folder.resolve("p.jar"));

        assertHolds(
                broken(jar).cause(), "acme.inner.Cache uses javax.nowhere.Engine", "none of the image's JDK modules");
    }

    @Test
    void aClassForANewerJavaThatIsOnlyLoadedInARequestIsFound() throws Exception {
        Path jar = using("").write(folder.resolve("elsewhere/p.jar"));
        ClassVersions.raise(jar, folder.resolve("p.jar"), "acme/inner/Cache.class", 44 + 99);

        assertHolds(broken(folder.resolve("p.jar")).cause(), "acme.inner.Cache is compiled for Java 99");
    }

    @Test
    void aFileThatIsNoClassFileIsNamed() throws Exception {
        Path jar = using("")
                .resource("acme/inner/Junk.class", "junk, as an unfinished build leaves it")
                .write(folder.resolve("p.jar"));

        assertHolds(broken(jar).cause(), "acme/inner/Junk.class is not a class file");
    }

    @Test
    void manyFaultsAreCountedNotListed() throws Exception {
        StringBuilder code = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            code.append("lib.Library.m").append(i).append("();");
        }
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            body.append("public static void m").append(i).append("() {}");
        }
        using(code.toString()).dependsOn(library(body.toString())).write(folder.resolve("p/p.jar"));
        new PluginJar()
                .source("lib/Library.java", "package lib; public class Library { }")
                .write(folder.resolve("p/lib.jar"));

        String cause = broken(folder.resolve("p")).cause();

        assertHolds(cause, "lib.Library.m0()", "and 16 more");
        assertEquals(5, cause.split("lib\\.Library\\.m", -1).length, cause);
    }

    @Test
    void aHalfCopiedJarIsStillSaidToBeOne() throws Exception {
        Path jar = using("").write(folder.resolve("elsewhere/p.jar"));
        byte[] bytes = Files.readAllBytes(jar);
        Files.write(folder.resolve("p.jar"), Arrays.copyOf(bytes, bytes.length / 2));

        assertHolds(broken(folder.resolve("p.jar")).mend(), "copied");
    }
}
