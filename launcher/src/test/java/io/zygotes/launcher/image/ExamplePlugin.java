package io.zygotes.launcher.image;

import io.zygotes.spi.ImportCacheProvider;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/**
 * {@code examples/plugin-recent}, built with the JDK's own tools against the SPI of this build: what its author's Maven
 * does, without a repository that the SPI would have to be installed into first.
 */
final class ExamplePlugin {

    private static final String MODULE = "com.example.zygotes.recent";
    private static final Path SOURCES = Path.of(System.getProperty("zygotes.examples"), "plugin-recent", "src");

    private final Path work;

    /** @param work an empty folder for class files */
    ExamplePlugin(Path work) {
        this.work = work;
    }

    /** Compiles and packs it. */
    Path jar() throws IOException {
        Path classes = work.resolve("classes");
        javac(classes, List.of(SOURCES.resolve("main/java")), List.of());
        Path jar = work.resolve("recent.jar");
        tool("jar", List.of("--create", "--file", jar.toString(), "-C", classes.toString(), "."));
        return jar;
    }

    /** Compiles it with its tests and loads the test classes, as a module above those of this JVM. */
    List<Class<?>> tests() throws IOException, ClassNotFoundException {
        Path classes = work.resolve("test-classes");
        javac(
                classes,
                List.of(SOURCES.resolve("main/java"), SOURCES.resolve("test/java")),
                List.of("--class-path", System.getProperty("java.class.path"), "--add-reads", MODULE + "=ALL-UNNAMED"));
        ModuleLayer boot = ModuleLayer.boot();
        Configuration configuration = Configuration.resolve(
                ModuleFinder.of(classes), List.of(boot.configuration()), ModuleFinder.of(), Set.of(MODULE));
        ClassLoader tests = ExamplePlugin.class.getClassLoader();
        ModuleLayer.Controller controller = ModuleLayer.defineModulesWithOneLoader(configuration, List.of(boot), tests);
        Module module = controller.layer().findModule(MODULE).orElseThrow();
        // What surefire does, too: the kit and JUnit lie on the class path.
        controller.addReads(module, tests.getUnnamedModule());
        controller.addOpens(module, MODULE, tests.getUnnamedModule());
        List<Class<?>> found = new ArrayList<>();
        for (Path source : sources(SOURCES.resolve("test/java"))) {
            String name = source.getFileName().toString().replace(".java", "");
            found.add(module.getClassLoader().loadClass(MODULE + "." + name));
        }
        return found;
    }

    private static void javac(Path classes, List<Path> folders, List<String> more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "-d", classes.toString(), "-proc:none", "-Xlint:all", "-Werror", "--module-path", spi().toString()));
        arguments.addAll(more);
        for (Path folder : folders) {
            sources(folder).forEach(source -> arguments.add(source.toString()));
        }
        tool("javac", arguments);
    }

    private static List<Path> sources(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(path -> path.toString().endsWith(".java"))
                    .sorted()
                    .toList();
        }
    }

    private static Path spi() {
        return Path.of(URI.create(ImportCacheProvider.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toString()));
    }

    private static void tool(String name, List<String> arguments) throws IOException {
        StringWriter output = new StringWriter();
        PrintWriter writer = new PrintWriter(output);
        if (ToolProvider.findFirst(name).orElseThrow().run(writer, writer, arguments.toArray(String[]::new)) != 0) {
            throw new IOException(name + ": " + output);
        }
    }
}
