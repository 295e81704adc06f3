package io.zygotes.launcher.plugins;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/** Compiles a small plugin and packs it, so that each test says in source code what its jar is. */
public final class PluginJar {

    private final Map<String, String> sources = new LinkedHashMap<>();
    private final Map<String, byte[]> resources = new LinkedHashMap<>();
    private final List<Path> dependencies = new ArrayList<>();

    /** A source file by its path, such as {@code a/b/C.java}. */
    public PluginJar source(String path, String text) {
        sources.put(path, text);
        return this;
    }

    public PluginJar resource(String path, String text) {
        resources.put(path, text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    public PluginJar dependsOn(Path jar) {
        dependencies.add(jar);
        return this;
    }

    /** A provider class in the package {@code acme}. */
    public PluginJar provider(String className, String cacheName, String spiVersion) {
        return source("acme/" + className + ".java", providerSource("acme", className, cacheName, spiVersion, ""));
    }

    public static String providerSource(
            String pack, String className, String cacheName, String spiVersion, String constructor) {
        return """
            package %s;
            import io.zygotes.spi.*;
            public final class %s implements ImportCacheProvider {
                public %2$s() { %5$s }
                public String name() { return "%s"; }
                public String version() { return "7.1"; }
                public String spiVersion() { return "%s"; }
                public String description() { return "A test."; }
                public ImportCache create(ImportCacheContext context) { throw new UnsupportedOperationException(); }
            }
            """.formatted(pack, className, cacheName, spiVersion, constructor);
    }

    public PluginJar module(String name, String... directives) {
        return source("module-info.java", "module " + name + " { " + String.join(" ", directives) + " }");
    }

    public PluginJar servicesFile(String providerClass) {
        return resource("META-INF/services/io.zygotes.spi.ImportCacheProvider", providerClass + "\n");
    }

    /** A line of the manifest. */
    public PluginJar manifest(String line) {
        return resource("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n" + line + "\r\n\r\n");
    }

    /** Compiles and packs. */
    public Path write(Path jar) throws IOException {
        Files.createDirectories(jar.getParent());
        Path work = Files.createTempDirectory("plugin-jar");
        try {
            Path classes = Files.createDirectory(work.resolve("classes"));
            compile(work, classes);
            try (OutputStream file = Files.newOutputStream(jar);
                    JarOutputStream out = new JarOutputStream(file);
                    Stream<Path> walk = Files.walk(classes)) {
                // A manifest counts only if it comes first.
                byte[] manifest = resources.get(JarFile.MANIFEST_NAME);
                if (manifest != null) {
                    out.putNextEntry(new JarEntry(JarFile.MANIFEST_NAME));
                    out.write(manifest);
                }
                for (Path each : walk.filter(Files::isRegularFile).sorted().toList()) {
                    out.putNextEntry(new JarEntry(classes.relativize(each).toString()));
                    out.write(Files.readAllBytes(each));
                }
                for (Map.Entry<String, byte[]> resource : resources.entrySet()) {
                    if (resource.getKey().equals(JarFile.MANIFEST_NAME)) {
                        continue;
                    }
                    out.putNextEntry(new JarEntry(resource.getKey()));
                    out.write(resource.getValue());
                }
            }
            return jar;
        } finally {
            try (Stream<Path> walk = Files.walk(work)) {
                for (Path each : walk.sorted((a, b) -> b.compareTo(a)).toList()) {
                    Files.delete(each);
                }
            }
        }
    }

    private void compile(Path work, Path classes) throws IOException {
        List<String> arguments = new ArrayList<>();
        // Dependencies first, so that one may stand for another revision of the SPI.
        StringBuilder path = new StringBuilder();
        for (Path dependency : dependencies) {
            path.append(dependency).append(java.io.File.pathSeparator);
        }
        path.append(spiLocation());
        boolean modular = sources.containsKey("module-info.java");
        arguments.addAll(List.of(
                "-d", classes.toString(), "-proc:none", modular ? "--module-path" : "--class-path", path.toString()));
        for (Map.Entry<String, String> source : sources.entrySet()) {
            Path file = work.resolve("src").resolve(source.getKey());
            Files.createDirectories(file.getParent());
            Files.writeString(file, source.getValue());
            arguments.add(file.toString());
        }
        if (sources.isEmpty()) {
            return;
        }
        StringWriter output = new StringWriter();
        PrintWriter writer = new PrintWriter(output);
        int exit = ToolProvider.findFirst("javac").orElseThrow().run(writer, writer, arguments.toArray(String[]::new));
        if (exit != 0) {
            throw new IOException("javac: " + output);
        }
    }

    /** Where the SPI under test lies: its jar or its folder of classes. */
    private static String spiLocation() {
        return Path.of(java.net.URI.create(io.zygotes.spi.ImportCacheProvider.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toString()))
                .toString();
    }
}
