package io.zygotes.launcher.plugins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How dropped-in plugins are found, loaded and refused. */
class ImportCachesTest {

    private static final String SERVICE = "io.zygotes.spi.ImportCacheProvider";
    private static final String WHERE = "config.json: $.features.import_cache";

    @TempDir
    Path folder;

    private Path plugins;

    @BeforeEach
    void makeFolder() throws IOException {
        plugins = Files.createDirectory(folder.resolve("plugins"));
    }

    private ImportCaches find() throws ConfigException {
        return ImportCaches.find(folder, List.of(), "--plugin-path");
    }

    private PluginJar good() {
        return new PluginJar()
                .provider("Good", "good", "1.0")
                .module("acme.good", "requires io.zygotes.spi;", "provides " + SERVICE + " with acme.Good;");
    }

    /** One that does something when its provider is made. */
    private static PluginJar good(String statement) {
        return new PluginJar()
                .source("acme/Good.java", PluginJar.providerSource("acme", "Good", "good", "1.0", statement))
                .module("acme.good", "requires io.zygotes.spi;", "provides " + SERVICE + " with acme.Good;");
    }

    /** A jar that is no module. */
    private static PluginJar plain(String type, String name, String spi) {
        return new PluginJar().provider(type, name, spi).servicesFile("acme." + type);
    }

    /** One that uses a library, which is a module {@code lib}, when its provider is made. */
    private static PluginJar goodWithLibrary(String statement, Path library) {
        return new PluginJar()
                .source("acme/Good.java", PluginJar.providerSource("acme", "Good", "good", "1.0", statement))
                .module(
                        "acme.good",
                        "requires io.zygotes.spi;",
                        "requires lib;",
                        "provides " + SERVICE + " with acme.Good;")
                .dependsOn(library);
    }

    private BrokenPlugin onlyBroken() throws ConfigException {
        List<BrokenPlugin> broken = find().broken();
        assertEquals(1, broken.size(), broken.toString());
        return broken.getFirst();
    }

    @Test
    void aModularJarIsFoundByItsProvidersName() throws Exception {
        Path jar = good().write(plugins.resolve("good.jar"));

        Plugin plugin = find().byName(WHERE, "good");

        assertEquals("7.1", plugin.version());
        assertEquals("acme.good", plugin.module());
        assertEquals(jar.toRealPath().toString(), plugin.origin());
        assertEquals(List.of(), plugin.warnings());
    }

    @Test
    void aFolderHoldsThePluginAndWhatItNeeds() throws Exception {
        Path library = new PluginJar()
                .source(
                        "lib/Library.java",
                        "package lib; public class Library { public static String word() { return \"w\"; } }")
                .module("lib", "exports lib;")
                .write(plugins.resolve("good/lib.jar"));
        goodWithLibrary("lib.Library.word();", library).write(plugins.resolve("good/plugin.jar"));

        assertEquals("good", find().byName(WHERE, "good").name());
    }

    @Test
    void aJarWithoutDescriptorWorksWithAWarning() throws Exception {
        plain("Plain", "plain", "1.0").write(plugins.resolve("plain.jar"));

        Plugin plugin = find().byName(WHERE, "plain");

        assertEquals(1, plugin.warnings().size());
        assertTrue(
                plugin.warnings().getFirst().contains("no module-info.class"),
                plugin.warnings().getFirst());
    }

    private PluginJar mechanism(String name) {
        return new PluginJar()
                .source("acme/Boxes.java", """
                    package acme;
                    import io.zygotes.spi.SandboxException;
                    import io.zygotes.spi.mechanism.*;
                    public final class Boxes implements SandboxMechanismProvider {
                        public String name() { return "%s"; }
                        public SandboxMechanism start(MechanismContext context) throws SandboxException {
                            throw new SandboxException("never");
                        }
                    }
                    """.formatted(name))
                .module(
                        "acme.boxes",
                        "requires io.zygotes.spi;",
                        "provides io.zygotes.spi.mechanism.SandboxMechanismProvider with acme.Boxes;");
    }

    @Test
    void aSandboxMechanismIsDroppedInLikeAnImportCache() throws Exception {
        mechanism("boxes").write(plugins.resolve("boxes.jar"));

        ImportCaches found = find();

        assertEquals(List.of(), found.broken());
        assertEquals("boxes", Mechanisms.of(found).byName(WHERE, "boxes").name());
        assertTrue(Mechanisms.of(found).has("sock"), "those of the image are there, too");
        ConfigException e =
                assertThrows(ConfigException.class, () -> Mechanisms.of(found).byName(WHERE, "bags"));
        assertTrue(e.getMessage().contains("known are \"boxes\", \"sock\""), e.getMessage());
    }

    @Test
    void twoSandboxMechanismsOfOneNameAreRefused() throws Exception {
        mechanism("sock").write(plugins.resolve("boxes.jar"));

        ConfigException e =
                assertThrows(ConfigException.class, () -> Mechanisms.of(find()).byName(WHERE, "sock"));

        assertTrue(e.getMessage().contains("two sandbox mechanisms"), e.getMessage());
    }

    @Test
    void aSandboxMechanismWithoutAProperNameIsBroken() throws Exception {
        mechanism("Boxes!").write(plugins.resolve("boxes.jar"));

        assertTrue(onlyBroken().cause().contains("cannot be the name of a sandbox mechanism"));
    }

    @Test
    void twoPluginsMayCarryTwoVersionsOfOneLibrary() throws Exception {
        for (String version : List.of("1", "2")) {
            Path library = new PluginJar()
                    .source(
                            "lib/Library.java",
                            "package lib; public class Library { public static final int V" + version + " = 1; "
                                    + "public static int v" + version + "() { return " + version + "; } }")
                    .module("lib", "exports lib;")
                    .write(plugins.resolve("p" + version + "/lib-" + version + ".jar"));
            new PluginJar()
                    .source(
                            "acme/P.java",
                            PluginJar.providerSource(
                                    "acme", "P", "p" + version, "1.0", "lib.Library.v" + version + "();"))
                    .module(
                            "acme.p",
                            "requires io.zygotes.spi;",
                            "requires lib;",
                            "provides " + SERVICE + " with acme.P;")
                    .dependsOn(library)
                    .write(plugins.resolve("p" + version + "/p.jar"));
        }

        ImportCaches caches = find();

        assertEquals("p1", caches.byName(WHERE, "p1").name());
        assertEquals("p2", caches.byName(WHERE, "p2").name());
    }

    /** Beside the library, in the plugin's folder. */
    private void assertAPlainJarWorksThatDoes(String statement, Path library) throws Exception {
        new PluginJar()
                .source("acme/Own.java", PluginJar.providerSource("acme", "Own", "own", "1.0", statement))
                .servicesFile("acme.Own")
                .dependsOn(library)
                .write(plugins.resolve("own/own.jar"));

        ImportCaches caches = find();

        assertEquals(List.of(), caches.broken());
        assertEquals("own", caches.byName(WHERE, "own").name());
    }

    private static PluginJar aMapperOfItsOwn() {
        return new PluginJar().source("com/fasterxml/jackson/databind/ObjectMapper.java", """
            package com.fasterxml.jackson.databind;
            public class ObjectMapper { public static String own() { return "own"; } }
            """);
    }

    @Test
    void aPlainJarMayCarryItsOwnVersionOfALibraryThatTheImageHas() throws Exception {
        Path library = aMapperOfItsOwn()
                .module("com.fasterxml.jackson.databind", "exports com.fasterxml.jackson.databind;")
                .write(plugins.resolve("own/jackson.jar"));

        assertAPlainJarWorksThatDoes("com.fasterxml.jackson.databind.ObjectMapper.own();", library);
    }

    @Test
    void plainJarsSeeEachOtherAlsoWhenOneBundlesALibraryOfTheImage() throws Exception {
        Path library = aMapperOfItsOwn().write(plugins.resolve("own/shaded.jar"));

        assertAPlainJarWorksThatDoes("com.fasterxml.jackson.databind.ObjectMapper.own();", library);
    }

    @Test
    void aPlainJarMayUseAServiceOfAnExplicitModuleBesideItThatTheImageHasToo() throws Exception {
        Path library = new PluginJar()
                .source(
                        "com/fasterxml/jackson/core/ObjectCodec.java",
                        "package com.fasterxml.jackson.core; public class ObjectCodec { public ObjectCodec() {} }")
                .module(
                        "com.fasterxml.jackson.core",
                        "exports com.fasterxml.jackson.core;",
                        "provides com.fasterxml.jackson.core.ObjectCodec with com.fasterxml.jackson.core.ObjectCodec;")
                .write(plugins.resolve("own/jackson.jar"));

        assertAPlainJarWorksThatDoes("new com.fasterxml.jackson.core.ObjectCodec();", library);
    }

    /** jackson-databind 2.9 has no descriptor, and provides a service of jackson-core. */
    @Test
    void aPlainJarMayProvideAServiceOfAnotherOneBesideIt() throws Exception {
        Path core = new PluginJar()
                .source(
                        "com/fasterxml/jackson/core/ObjectCodec.java",
                        "package com.fasterxml.jackson.core; public abstract class ObjectCodec { public static"
                                + " ObjectCodec find() { return"
                                + " java.util.ServiceLoader.load(ObjectCodec.class).findFirst().orElseThrow(); } }")
                .manifest("Automatic-Module-Name: com.fasterxml.jackson.core")
                .write(plugins.resolve("own/core.jar"));
        Path databind = new PluginJar()
                .source(
                        "com/fasterxml/jackson/databind/ObjectMapper.java",
                        "package com.fasterxml.jackson.databind;"
                                + " public class ObjectMapper extends com.fasterxml.jackson.core.ObjectCodec {}")
                .manifest("Automatic-Module-Name: com.fasterxml.jackson.databind")
                .resource(
                        "META-INF/services/com.fasterxml.jackson.core.ObjectCodec",
                        "com.fasterxml.jackson.databind.ObjectMapper\n")
                .dependsOn(core)
                .write(plugins.resolve("own/databind.jar"));

        assertAPlainJarWorksThatDoes(
                "if (com.fasterxml.jackson.core.ObjectCodec.find() == null || java.util.ServiceLoader"
                        + ".load(com.fasterxml.jackson.core.ObjectCodec.class).stream().count() != 1)"
                        + " throw new IllegalStateException();",
                core);
        assertTrue(Files.exists(databind));
    }

    /** As Java itself has it: what would close a circle is left out. */
    @Test
    void plainJarsMayProvideServicesOfEachOther() throws Exception {
        String service = "package %s; public class Service { public Service() {} }";
        Path stub = new PluginJar()
                .source("two/Service.java", service.formatted("two"))
                .write(folder.resolve("stub.jar"));
        Path one = aMapperOfItsOwn()
                .source("one/Service.java", service.formatted("one"))
                .source("one/More.java", "package one; public class More extends two.Service { public More() {} }")
                .resource("META-INF/services/two.Service", "one.More\n")
                .dependsOn(stub)
                .write(plugins.resolve("own/one.jar"));
        new PluginJar()
                .source("two/Service.java", service.formatted("two"))
                .source("two/More.java", "package two; public class More extends one.Service { public More() {} }")
                .resource("META-INF/services/one.Service", "two.More\n")
                .dependsOn(one)
                .write(plugins.resolve("own/two.jar"));

        assertAPlainJarWorksThatDoes("new one.Service();", one);
    }

    @Test
    void aProviderMethodIsAsGoodAsAConstructor() throws Exception {
        new PluginJar()
                .provider("Good", "good", "1.0")
                .source(
                        "acme/Maker.java",
                        "package acme; public class Maker { public static " + SERVICE
                                + " provider() { return new Good(); } }")
                .module("acme.good", "requires io.zygotes.spi;", "provides " + SERVICE + " with acme.Maker;")
                .write(plugins.resolve("good.jar"));

        assertEquals("good", find().byName(WHERE, "good").name());
    }

    @Test
    void theSameFolderNamedTwiceIsReadOnce() throws Exception {
        good().write(plugins.resolve("good.jar"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), plugins);

        ImportCaches caches = ImportCaches.find(folder, List.of(link, plugins), "--plugin-path");

        assertEquals("good", caches.byName(WHERE, "good").name());
    }

    @Test
    void aSingleJarIsAPluginPath() throws Exception {
        Path jar = good().write(folder.resolve("elsewhere/good.jar"));

        assertEquals(
                "good",
                ImportCaches.find(folder, List.of(jar), "--plugin-path")
                        .byName(WHERE, "good")
                        .name());
    }

    @Test
    void aPluginPathThatIsNotThereIsAnError() {
        Path missing = folder.resolve("missing");

        ConfigException e =
                assertThrows(ConfigException.class, () -> ImportCaches.find(folder, List.of(missing), "--plugin-path"));

        assertTrue(e.getMessage().contains("--plugin-path") && e.getMessage().contains("missing"), e.getMessage());
    }

    @Test
    void otherFilesInTheFolderDisturbNobody() throws Exception {
        good().write(plugins.resolve("good.jar"));
        Files.writeString(plugins.resolve("README.txt"), "hello");
        Files.writeString(plugins.resolve(".half.jar"), "half");
        Files.createDirectory(plugins.resolve("empty"));

        ImportCaches caches = find();

        assertEquals(List.of(), caches.broken());
        assertEquals("good", caches.byName(WHERE, "good").name());
    }

    @Test
    void aJarStillBeingCopiedIsReportedAndTheOthersWork() throws Exception {
        Path whole = good().write(plugins.resolve("good.jar"));
        byte[] bytes = Files.readAllBytes(whole);
        Files.write(plugins.resolve("half.jar"), java.util.Arrays.copyOf(bytes, bytes.length / 2));

        BrokenPlugin broken = onlyBroken();

        assertTrue(broken.origin().endsWith("half.jar"), broken.toString());
        assertTrue(broken.mend().contains("copied"), broken.toString());
        assertEquals("good", find().byName(WHERE, "good").name());
    }

    @Test
    void anUnknownNameIsAnsweredWithTheKnownOnesAndThePlaces() throws Exception {
        good().write(plugins.resolve("good.jar"));

        ConfigException e = assertThrows(ConfigException.class, () -> find().byName(WHERE, "goood"));

        for (String part :
                List.of(WHERE, "\"goood\"", "\"good\"", plugins.toRealPath().toString())) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
    }

    @Test
    void anUnknownNameIsAnsweredWithWhatIsBroken() throws Exception {
        Files.writeString(plugins.resolve("mine.jar"), "not a jar");

        ConfigException e = assertThrows(ConfigException.class, () -> find().byName(WHERE, "mine"));

        assertTrue(e.getMessage().contains("mine.jar"), e.getMessage());
    }

    @Test
    void twoProvidersWithOneNameAreRefusedNamingBothJars() throws Exception {
        good().write(plugins.resolve("a.jar"));
        good().write(plugins.resolve("b.jar"));

        ConfigException e = assertThrows(ConfigException.class, () -> find().byName(WHERE, "something-else"));

        assertTrue(e.getMessage().contains("a.jar") && e.getMessage().contains("b.jar"), e.getMessage());
        assertEquals(
                2,
                find().plugins().stream()
                        .filter(plugin -> plugin.name().equals("good"))
                        .count());
    }

    @Test
    void aServicesFileInANamedModuleIsSaidToBeIgnored() throws Exception {
        new PluginJar()
                .provider("Good", "good", "1.0")
                .module("acme.good", "requires io.zygotes.spi;")
                .servicesFile("acme.Good")
                .write(plugins.resolve("good.jar"));

        BrokenPlugin broken = onlyBroken();

        assertTrue(broken.cause().contains("META-INF/services"), broken.toString());
        assertTrue(broken.mend().contains("provides " + SERVICE), broken.toString());
    }

    @Test
    void aJarWithoutProviderIsToldHowToGetOne() throws Exception {
        new PluginJar()
                .source("acme/Thing.java", "package acme; public class Thing {}")
                .module("acme.thing")
                .write(plugins.resolve("thing.jar"));

        assertTrue(onlyBroken().cause().contains("provides no " + SERVICE));
    }

    @Test
    void aMissingModuleIsNamed() throws Exception {
        Path library = new PluginJar()
                .source("lib/Library.java", "package lib; public class Library {}")
                .module("lib", "exports lib;")
                .write(folder.resolve("elsewhere/lib.jar"));
        new PluginJar()
                .provider("Good", "good", "1.0")
                .module(
                        "acme.good",
                        "requires io.zygotes.spi;",
                        "requires lib;",
                        "provides " + SERVICE + " with acme.Good;")
                .dependsOn(library)
                .write(plugins.resolve("good.jar"));

        BrokenPlugin broken = onlyBroken();

        assertTrue(broken.cause().contains("requires lib"), broken.toString());
        assertTrue(broken.mend().contains("plugins/good/"), broken.toString());
    }

    /**
     * As Commons Lang requires java.desktop. A module that incubates stands for it: Java leaves those out by itself.
     */
    @Test
    void aLibraryDoesWithoutAModuleOfTheJdkThatIsNotInTheImage() throws Exception {
        Path library = new PluginJar()
                .source("lib/Library.java", """
                    package lib;
                    public class Library {
                        public static String name() { return "good"; }
                        public static Object seldom() { return jdk.incubator.vector.IntVector.SPECIES_64; }
                    }
                    """)
                .module("lib", "exports lib;", "requires jdk.incubator.vector;", "requires java.logging;")
                .write(plugins.resolve("good/lib.jar"));
        goodWithLibrary("lib.Library.name();", library).write(plugins.resolve("good/good.jar"));

        List<String> warnings = find().byName(WHERE, "good").warnings();

        assertEquals(1, warnings.size(), warnings.toString());
        assertTrue(warnings.getFirst().contains("lib requires jdk.incubator.vector"), warnings.toString());
    }

    @Test
    void aPluginThatRequiresAModuleOfTheJdkThatIsNotInTheImageIsToldSo() throws Exception {
        new PluginJar()
                .provider("Good", "good", "1.0")
                .module(
                        "acme.good",
                        "requires io.zygotes.spi;",
                        "requires jdk.incubator.vector;",
                        "provides " + SERVICE + " with acme.Good;")
                .write(plugins.resolve("good.jar"));

        BrokenPlugin broken = onlyBroken();

        assertTrue(broken.cause().contains("not among the image's JDK modules"), broken.toString());
    }

    @Test
    void aMissingClassIsNamed() throws Exception {
        Path library = new PluginJar()
                .source("lib/Library.java", "package lib; public class Library { public static void touch() {} }")
                .write(folder.resolve("elsewhere/lib.jar"));
        new PluginJar()
                .source(
                        "acme/Good.java",
                        PluginJar.providerSource("acme", "Good", "good", "1.0", "lib.Library.touch();"))
                .servicesFile("acme.Good")
                .dependsOn(library)
                .write(plugins.resolve("good.jar"));

        BrokenPlugin broken = onlyBroken();

        assertTrue(broken.cause().contains("lib/Library") || broken.cause().contains("lib.Library"), broken.toString());
        assertTrue(broken.mend().contains("missing class"), broken.toString());
    }

    @Test
    void aPluginThatBundlesTheSpiIsRefused() throws Exception {
        plain("Good", "good", "1.0")
                .resource("io/zygotes/spi/ImportCache.class", "x")
                .write(plugins.resolve("good.jar"));

        assertTrue(onlyBroken().cause().contains("SPI's own classes"));
    }

    @Test
    void aPackageInTwoJarsIsReported() throws Exception {
        new PluginJar()
                .source("acme/Other.java", "package acme; public class Other {}")
                .module("acme.other", "exports acme;")
                .write(plugins.resolve("good/other.jar"));
        good().write(plugins.resolve("good/good.jar"));

        BrokenPlugin broken = onlyBroken();

        assertEquals("the package acme is in good.jar and in other.jar", broken.cause());
        assertTrue(broken.mend().contains("no package may be in two"), broken.toString());
    }

    @Test
    void oneModuleInTwoJarsOfAFolderIsReportedWithBoth() throws Exception {
        good().write(plugins.resolve("good/good-1.jar"));
        good().write(plugins.resolve("good/good-2.jar"));

        BrokenPlugin broken = onlyBroken();

        assertTrue(broken.cause().contains("good-1.jar") && broken.cause().contains("good-2.jar"), broken.toString());
    }

    @Test
    void aConstructorThatThrowsDoesNotHideTheOtherProvider() throws Exception {
        new PluginJar()
                .source(
                        "acme/Bad.java",
                        PluginJar.providerSource(
                                "acme", "Bad", "bad", "1.0", "if (true) throw new IllegalStateException(\"no luck\");"))
                .provider("Good", "good", "1.0")
                .module("acme.both", "requires io.zygotes.spi;", "provides " + SERVICE + " with acme.Bad, acme.Good;")
                .write(plugins.resolve("both.jar"));

        assertTrue(onlyBroken().cause().contains("no luck"), onlyBroken().toString());
        assertEquals("good", find().byName(WHERE, "good").name());
    }

    @Test
    void theContextClassLoaderOfAConstructorIsThePlugins() throws Exception {
        good("if (Thread.currentThread().getContextClassLoader() != Good.class.getClassLoader())"
                        + " throw new IllegalStateException();")
                .write(plugins.resolve("good.jar"));
        ClassLoader before = Thread.currentThread().getContextClassLoader();

        assertEquals("good", find().byName(WHERE, "good").name());

        assertSame(before, Thread.currentThread().getContextClassLoader());
    }

    @Test
    void aPluginForANewerSpiIsRefused() throws Exception {
        plain("Good", "good", "1.999").write(plugins.resolve("good.jar"));

        assertTrue(onlyBroken().cause().contains("revision 1.999"), onlyBroken().toString());
    }

    @Test
    void aPluginForAnotherMajorOfTheSpiIsRefused() throws Exception {
        plain("Good", "good", "0.1").write(plugins.resolve("good.jar"));

        assertTrue(onlyBroken().cause().contains("revision 0.1"), onlyBroken().toString());
    }

    @Test
    void aPluginForANewerJavaIsToldWhich() throws Exception {
        Path jar = good().write(folder.resolve("elsewhere/good.jar"));
        ClassVersions.raise(jar, plugins.resolve("good.jar"), "acme/Good.class", 44 + 99);

        BrokenPlugin broken = onlyBroken();

        assertTrue(broken.cause().contains("compiled for Java 99"), broken.toString());
        assertTrue(broken.mend().contains("--release"), broken.toString());
    }

    @Test
    void aDescriptorForANewerJavaIsToldWhich() throws Exception {
        Path jar = good().write(folder.resolve("elsewhere/good.jar"));
        ClassVersions.raise(jar, plugins.resolve("good.jar"), "module-info.class", 44 + 99);

        assertTrue(
                onlyBroken().cause().contains("compiled for Java 99"),
                onlyBroken().toString());
    }

    @Test
    void aFileNameThatMakesNoModuleNameIsToldSo() throws Exception {
        plain("Good", "good", "1.0").write(plugins.resolve("my-class.jar"));

        assertTrue(
                onlyBroken().mend().contains("Automatic-Module-Name"),
                onlyBroken().toString());
    }

    @Test
    void aServicesFileThatNamesNoClassIsToldSo() throws Exception {
        new PluginJar()
                .provider("Good", "good", "1.0")
                .servicesFile("acme.Goood")
                .write(plugins.resolve("good.jar"));

        assertTrue(onlyBroken().cause().contains("acme.Goood"), onlyBroken().toString());
        assertTrue(
                onlyBroken().mend().contains("META-INF/services"), onlyBroken().toString());
    }

    @Test
    void errorsOfAConstructorAreNamedWhateverTheyAre() throws Exception {
        for (String error : List.of("StackOverflowError", "NullPointerException", "Error")) {
            new PluginJar()
                    .source(
                            "acme/Bad.java",
                            PluginJar.providerSource(
                                    "acme", "Bad", "bad", "1.0", "if (true) throw new " + error + "();"))
                    .servicesFile("acme.Bad")
                    .write(plugins.resolve("bad.jar"));

            assertTrue(
                    onlyBroken().cause().endsWith("because " + error),
                    onlyBroken().toString());
        }
    }

    @Test
    void whatReturnsNullIsNamed() throws Exception {
        for (String method : List.of("name", "version", "spiVersion", "description")) {
            String source = PluginJar.providerSource("acme", "Bad", "bad", "1.0", "")
                    .replaceAll(method + "\\(\\) \\{ return \"[^\"]*\"", method + "() { return null");
            new PluginJar()
                    .source("acme/Bad.java", source)
                    .servicesFile("acme.Bad")
                    .write(plugins.resolve("bad.jar"));

            String cause = onlyBroken().cause();
            assertTrue(
                    cause.contains(method + "() returns null") || cause.contains("\"null\" cannot be the name"), cause);
        }
    }

    @Test
    void namesOutsideTheRuleAreRefused() throws Exception {
        for (String name : List.of("", "Upper", "9lives", "a b", "under_score")) {
            new PluginJar()
                    .provider("Odd", name, "1.0")
                    .servicesFile("acme.Odd")
                    .write(plugins.resolve("odd.jar"));

            assertTrue(
                    onlyBroken().cause().contains("\"" + name + "\" cannot be the name"),
                    onlyBroken().toString());
        }
    }

    @Test
    void theWorkersOwnModulesAreOutOfReach() throws Exception {
        Path core = new PluginJar()
                .source("core/Core.java", "package core; public class Core {}")
                .module("io.zygotes.core")
                .write(folder.resolve("elsewhere/core.jar"));
        new PluginJar()
                .provider("Good", "good", "1.0")
                .module(
                        "acme.good",
                        "requires io.zygotes.spi;",
                        "requires io.zygotes.core;",
                        "provides " + SERVICE + " with acme.Good;")
                .dependsOn(core)
                .write(plugins.resolve("good.jar"));

        assertTrue(
                onlyBroken().cause().contains("io.zygotes.core, which is the worker's own"),
                onlyBroken().toString());
    }

    @Test
    void aJarWithoutDescriptorDoesNotReachTheWorkersInsides() throws Exception {
        Path core = new PluginJar()
                .source(
                        "io/zygotes/core/Worker.java",
                        "package io.zygotes.core; public class Worker { public void close() {} }")
                .write(folder.resolve("elsewhere/core.jar"));
        PluginJar plugin = new PluginJar()
                .provider("Good", "good", "1.0")
                .source(
                        "acme/Cache.java",
                        "package acme; class Cache { void stop() { new io.zygotes.core.Worker().close(); } }")
                .servicesFile("acme.Good")
                .dependsOn(core);
        plugin.write(plugins.resolve("plain.jar"));
        plugin.manifest("Automatic-Module-Name: acme.automatic").write(plugins.resolve("automatic.jar"));

        List<BrokenPlugin> broken = find().broken();

        assertEquals(2, broken.size(), broken.toString());
        for (BrokenPlugin each : broken) {
            assertTrue(
                    each.cause().contains("acme.Cache uses io.zygotes.core.Worker, which is the worker's own"),
                    each.toString());
            assertTrue(each.mend().contains("io.zygotes.spi"), each.toString());
        }
    }

    @Test
    void reflectionDoesNotReachTheWorkersInsidesEither() throws Exception {
        String source = PluginJar.providerSource("acme", "Good", "good", "1.0", "")
                .replace("public String version() { return \"7.1\"; }", """
                    public String version() {
                        try {
                            // Java finds the class; to use it is another matter.
                            Class<?> inside = Class.forName("io.zygotes.core.config.WorkerDirectory");
                            inside.getMethod("exists", java.nio.file.Path.class).invoke(null, java.nio.file.Path.of("/"));
                            return "called";
                        } catch (ReflectiveOperationException e) {
                            return e.toString();
                        }
                    }
                    """);
        new PluginJar()
                .source("acme/Good.java", source)
                .servicesFile("acme.Good")
                .write(plugins.resolve("plain.jar"));

        String version = find().byName(WHERE, "good").version();

        assertTrue(version.contains("IllegalAccessException") && version.contains("does not export"), version);
    }

    @Test
    void aJarIsCheckedWithoutBeingInstalled() throws Exception {
        Path jar = good().write(folder.resolve("elsewhere/good.jar"));

        ImportCaches checked = ImportCaches.check(folder, jar);

        assertEquals(List.of(), checked.broken());
        assertEquals(
                1,
                checked.plugins().stream()
                        .filter(plugin -> plugin.origin().endsWith("good.jar"))
                        .count());
    }

    @Test
    void everyPluginHasALoaderOfItsOwn() throws Exception {
        good().write(plugins.resolve("good.jar"));
        plain("Good", "other", "1.0").write(plugins.resolve("other.jar"));

        ImportCaches caches = find();
        Class<?> one = caches.byName(WHERE, "good").provider().getClass();
        Class<?> two = caches.byName(WHERE, "other").provider().getClass();

        assertEquals(one.getName(), two.getName());
        assertNotEquals(one, two);
        assertSame(one.getModule().getLayer().parents().getFirst(), ModuleLayer.boot());
    }
}
