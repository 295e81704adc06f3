import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.attribute.ModuleAttribute;
import java.lang.constant.ClassDesc;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/**
 * Links the image: one folder with a Java runtime, Zygotes and the chosen plugins. Run by the build with the JDK that
 * compiled the modules, as a source file:
 * {@code java BuildImage.java SOURCES WORK IMAGE PLUGINS STARTED MODULE_PATH}.
 *
 * <p>Every module on the module path goes into the image, except plugins that were not chosen. jlink takes no automatic
 * modules, so those get the descriptors written for them in {@code descriptors/}. Nothing of the desktop goes in, and
 * the image has a size that it must not pass.
 */
final class BuildImage {

    private static final String PLUGIN_PREFIX = "io.zygotes.plugin.";
    /** Windows, fonts, pictures and sound: 40 MB with what it needs, which no worker uses. */
    private static final String DESKTOP = "java.desktop";
    /**
     * Libraries that require it for what the worker does not use of them: events of beans (Commons Lang), and archives
     * of a format that Java has no more (Commons Compress).
     */
    private static final List<String> WITHOUT_DESKTOP =
            List.of("org.apache.commons.compress", "org.apache.commons.lang3");
    /** All files together, without the cache of loaded classes. */
    private static final long MOST_BYTES = 80_000_000;

    private final Path sources;
    private final Path work;
    private final Path image;

    private BuildImage(Path sources, Path work, Path image) {
        this.sources = sources;
        this.work = work;
        this.image = image;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 6) {
            throw new IllegalArgumentException("expected SOURCES WORK IMAGE PLUGINS STARTED MODULE_PATH");
        }
        BuildImage build = new BuildImage(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]));
        try {
            build.run(names(args[3]), Instant.parse(args[4]), paths(args[5]));
        } catch (Failure failure) {
            System.err.println("image: " + failure.getMessage());
            System.exit(1);
        }
    }

    private static TreeSet<String> names(String list) {
        TreeSet<String> names = new TreeSet<>();
        for (String name : list.split(",")) {
            if (!name.isBlank()) {
                names.add(name.strip());
            }
        }
        return names;
    }

    private static List<Path> paths(String list) {
        return Arrays.stream(list.split(java.io.File.pathSeparator))
                .map(Path::of)
                .toList();
    }

    private void run(TreeSet<String> plugins, Instant started, List<Path> modulePath)
            throws IOException, InterruptedException {
        delete(work);
        Files.createDirectories(work);

        Map<String, Path> modules = verifiable(withoutDesktop(withDescriptors(byName(modulePath))));
        Path fresh = work.resolve("image");
        link(modules, chosen(modules.keySet(), plugins), fresh);
        long bytes = checkedSize(fresh);

        Path script = fresh.resolve("bin/zygotes");
        Files.copy(sources.resolve("zygotes"), script);
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.createDirectory(fresh.resolve("plugins"));
        // A plugin may have come along because another one requires it; that does not make it a chosen one.
        Files.writeString(
                fresh.resolve("conf/built-in-plugins"),
                "# The import caches of this image's own modules that can be chosen, one name a line.\n"
                        + String.join("\n", plugins) + "\n");
        train(fresh, modules);
        // The start script in the project's root compares the sources with this file. What is edited while the build
        // runs may or may not be in it, so it counts as made when the build started.
        Files.setLastModifiedTime(fresh.resolve("release"), FileTime.from(started));

        delete(image);
        Files.move(fresh, image);
        System.out.println("image: " + image + " with plugins " + String.join(", ", plugins) + ", " + bytes / 1_000_000
                + " MB without the cache of loaded classes");
    }

    private static Map<String, Path> byName(List<Path> modulePath) {
        TreeMap<String, Path> byName = new TreeMap<>();
        for (Path entry : modulePath) {
            for (ModuleReference reference : ModuleFinder.of(entry).findAll()) {
                Path other = byName.put(reference.descriptor().name(), entry);
                if (other != null) {
                    throw new Failure(
                            "module " + reference.descriptor().name() + " is in " + other + " and in " + entry);
                }
            }
        }
        return byName;
    }

    /** Replaces automatic modules by copies with a descriptor. */
    private Map<String, Path> withDescriptors(Map<String, Path> modules) throws IOException {
        TreeMap<String, Path> result = new TreeMap<>(modules);
        // Sorted by name, aopalliance comes before com.google.guice, which requires it.
        for (Map.Entry<String, Path> module : modules.entrySet()) {
            String name = module.getKey();
            if (!descriptor(module.getValue()).isAutomatic()) {
                continue;
            }
            Path source = sources.resolve("descriptors").resolve(name).resolve("module-info.java");
            if (!Files.exists(source)) {
                throw new Failure(module.getValue() + " is the automatic module " + name
                        + ", which jlink cannot link: write " + source + " or leave the dependency out");
            }
            Path jar = Files.copy(module.getValue(), work.resolve(name + ".jar"));
            Path classes = Files.createDirectory(work.resolve(name));
            String others = join(result.entrySet().stream()
                    .filter(other -> !other.getKey().equals(name))
                    .map(Map.Entry::getValue)
                    .toList());
            tool(
                    "javac",
                    List.of(
                            "-d",
                            classes.toString(),
                            "--module-path",
                            others,
                            "--patch-module",
                            name + "=" + jar,
                            source.toString()));
            tool("jar", List.of("--update", "--file", jar.toString(), "-C", classes.toString(), "module-info.class"));
            result.put(name, jar);
        }
        return result;
    }

    /** Replaces libraries that can do without the desktop by copies that say so. */
    private Map<String, Path> withoutDesktop(Map<String, Path> modules) throws IOException {
        TreeMap<String, Path> result = new TreeMap<>(modules);
        for (String name : WITHOUT_DESKTOP) {
            if (modules.containsKey(name)) {
                Path jar = Files.copy(modules.get(name), work.resolve(name + ".jar"));
                try (FileSystem content = FileSystems.newFileSystem(jar);
                        Stream<Path> files = Files.walk(content.getPath("/"))) {
                    for (Path file : files.filter(file -> file.endsWith("module-info.class"))
                            .toList()) {
                        Files.write(file, withoutDesktop(Files.readAllBytes(file)));
                    }
                }
                result.put(name, jar);
            }
        }
        return result;
    }

    private static byte[] withoutDesktop(byte[] descriptor) {
        ClassModel module = ClassFile.of().parse(descriptor);
        return ClassFile.of()
                .transformClass(
                        module,
                        ClassTransform.dropping(ModuleAttribute.class::isInstance)
                                .andThen(ClassTransform.endHandler(
                                        builder -> builder.with(withoutDesktop(module.findAttribute(Attributes.module())
                                                .orElseThrow())))));
    }

    private static ModuleAttribute withoutDesktop(ModuleAttribute module) {
        return ModuleAttribute.of(
                module.moduleName(),
                module.moduleFlagsMask(),
                module.moduleVersion().orElse(null),
                module.requires().stream()
                        .filter(required -> !required.requires().name().equalsString(DESKTOP))
                        .toList(),
                module.exports(),
                module.opens(),
                module.uses(),
                module.provides());
    }

    /**
     * Replaces libraries with classes in a format of before Java 6 by copies in a newer one. Those classes are verified
     * by the JVM's old verifier, whose work it keeps in no cache: it would load them one by one at each start.
     */
    private Map<String, Path> verifiable(Map<String, Path> modules) throws IOException {
        TreeMap<String, Path> result = new TreeMap<>(modules);
        for (Map.Entry<String, Path> module : modules.entrySet()) {
            if (Files.isDirectory(module.getValue())) {
                continue; // compiled by this build
            }
            try (JarFile original = new JarFile(module.getValue().toFile())) {
                List<JarEntry> old = new ArrayList<>();
                for (JarEntry entry : Collections.list(original.entries())) {
                    if (isOldClass(original, entry)) {
                        old.add(entry);
                    }
                }
                if (!old.isEmpty()) {
                    result.put(module.getKey(), withFrames(module.getKey(), original, old));
                }
            }
        }
        return result;
    }

    private static boolean isOldClass(JarFile jar, JarEntry entry) throws IOException {
        if (!entry.getName().endsWith(".class")) {
            return false;
        }
        try (DataInputStream in = new DataInputStream(jar.getInputStream(entry))) {
            in.readInt();
            in.readUnsignedShort();
            return in.readUnsignedShort() < ClassFile.JAVA_6_VERSION;
        }
    }

    /** With the stack map frames in each of its old classes that the newer verifier goes by. */
    private Path withFrames(String module, JarFile original, List<JarEntry> old) throws IOException {
        Path jar = Files.createDirectories(work.resolve("frames")).resolve(module + ".jar");
        Files.copy(Path.of(original.getName()), jar);
        ClassFile frames = ClassFile.of(
                ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
                ClassFile.ClassHierarchyResolverOption.of(
                        ClassHierarchyResolver.ofResourceParsing(name -> classIn(original, name))
                                .orElse(ClassHierarchyResolver.defaultResolver())));
        ClassTransform newer = ClassTransform.transformingMethodBodies(CodeTransform.ACCEPT_ALL)
                .andThen((builder, element) -> {
                    if (element instanceof ClassFileVersion) {
                        builder.withVersion(ClassFile.JAVA_8_VERSION, 0);
                    } else {
                        builder.with(element);
                    }
                });
        try (FileSystem content = FileSystems.newFileSystem(jar)) {
            for (JarEntry entry : old) {
                Path file = content.getPath("/" + entry.getName());
                Files.write(file, frames.transformClass(frames.parse(Files.readAllBytes(file)), newer));
            }
        }
        return jar;
    }

    private static InputStream classIn(JarFile jar, ClassDesc name) {
        String descriptor = name.descriptorString();
        JarEntry entry = jar.getJarEntry(descriptor.substring(1, descriptor.length() - 1) + ".class");
        try {
            return entry == null ? null : jar.getInputStream(entry);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the image holds now. It is copied to where workers run, so it must not grow by what nobody uses. */
    private static long checkedSize(Path fresh) throws IOException {
        TreeMap<Long, Path> largest = new TreeMap<>();
        long bytes = 0;
        try (Stream<Path> files = Files.walk(fresh)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
                largest.put(Files.size(file), fresh.relativize(file));
            }
        }
        if (bytes > MOST_BYTES) {
            throw new Failure("the image has " + bytes + " bytes, and may have " + MOST_BYTES + "; largest are "
                    + largest.descendingMap().entrySet().stream().limit(10).toList()
                    + ". 'bin/java --list-modules' in " + fresh + " says which modules are in it");
        }
        return bytes;
    }

    private static ModuleDescriptor descriptor(Path entry) {
        return ModuleFinder.of(entry).findAll().iterator().next().descriptor();
    }

    private static List<String> chosen(Iterable<String> modules, TreeSet<String> plugins) {
        TreeSet<String> known = new TreeSet<>();
        List<String> chosen = new ArrayList<>();
        for (String module : modules) {
            if (!module.startsWith(PLUGIN_PREFIX)) {
                chosen.add(module);
                continue;
            }
            String plugin = module.substring(PLUGIN_PREFIX.length());
            known.add(plugin);
            if (plugins.contains(plugin)) {
                chosen.add(module);
            }
        }
        for (String plugin : plugins) {
            if (!known.contains(plugin)) {
                throw new Failure(
                        "image.plugins names the plugin '" + plugin + "', which does not exist; known are " + known);
            }
        }
        return chosen;
    }

    private void link(Map<String, Path> modules, List<String> chosen, Path output) {
        // Line numbers stay in: a stack trace without them helps nobody.
        tool(
                "jlink",
                List.of(
                        "--module-path",
                        join(List.copyOf(modules.values())),
                        "--add-modules",
                        String.join(",", chosen),
                        "--strip-native-debug-symbols",
                        "exclude-debuginfo-files",
                        "--no-header-files",
                        "--no-man-pages",
                        // Half the size. What a start loads comes out of the cache of loaded classes.
                        "--compress",
                        "zip-6",
                        "--output",
                        output.toString()));
    }

    /** Lets the JVM record what the program does. That only makes the first calls faster, so a failure is a notice. */
    private void train(Path fresh, Map<String, Path> modules) throws IOException, InterruptedException {
        Path cache = fresh.resolve("lib/zygotes.aot");
        if (start(fresh, "") != 0) {
            throw new Failure("the program in the new image fails:\n" + Files.readString(log()));
        }
        String option = "-XX:AOTCacheOutput=" + cache;
        if (trained(fresh, "sock", "internet", List.of(), option, cache)
                || trained(fresh, "sock", "host", List.of(), option, cache)
                || trained(fresh, "training", "host", List.of("--plugin-path", training(modules)), option, cache)) {
            return;
        }
        System.out.println(
                "image: the cache of loaded classes knows no requests, first calls are slower; see " + log());
        if (start(fresh, option) != 0) {
            System.out.println("image: no AOT cache, starts are slower; see " + log());
            Files.deleteIfExists(cache);
        }
    }

    /** Trains with real sandboxes, or with others where the build may not make any. */
    private boolean trained(Path fresh, String mechanism, String network, List<String> more, String option, Path cache)
            throws IOException, InterruptedException {
        Files.writeString(log(), "");
        boolean done = new Training(fresh, work.resolve("training-" + mechanism + "-" + network), log())
                .run(mechanism, network, more, option);
        if (done && Files.exists(cache)) {
            System.out.println(
                    "image: trained with sandboxes of the mechanism " + mechanism + ", network \"" + network + "\"");
            return true;
        }
        Files.deleteIfExists(cache);
        return false;
    }

    /** A plugin with sandboxes that are none. */
    private String training(Map<String, Path> modules) throws IOException {
        Path classes = Files.createDirectories(work.resolve("training-classes"));
        List<String> arguments = new ArrayList<>(
                List.of("-d", classes.toString(), "--module-path", join(List.copyOf(modules.values()))));
        try (Stream<Path> files = Files.list(sources.resolve("training"))) {
            files.map(Path::toString).forEach(arguments::add);
        }
        tool("javac", arguments);
        Path jar = Files.createDirectories(work.resolve("training-plugins")).resolve("training.jar");
        tool("jar", List.of("--create", "--file", jar.toString(), "-C", classes.toString(), "."));
        return jar.toString();
    }

    private int start(Path fresh, String javaOptions) throws IOException, InterruptedException {
        ProcessBuilder program = new ProcessBuilder(fresh.resolve("bin/zygotes").toString(), "plugins", "--json");
        program.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
        program.environment().put("ZYGOTES_JAVA_OPTS", javaOptions);
        return program.redirectErrorStream(true)
                .redirectOutput(log().toFile())
                .start()
                .waitFor();
    }

    private Path log() {
        return work.resolve("run.log");
    }

    private static void tool(String name, List<String> arguments) {
        StringWriter output = new StringWriter();
        PrintWriter writer = new PrintWriter(output);
        int exit = ToolProvider.findFirst(name)
                .orElseThrow(() -> new Failure("this Java runtime has no " + name + ": the build needs a whole JDK"))
                .run(writer, writer, arguments.toArray(String[]::new));
        if (exit != 0) {
            throw new Failure(name + " " + String.join(" ", arguments) + " failed:\n" + output);
        }
    }

    private static String join(List<Path> paths) {
        return String.join(
                java.io.File.pathSeparator, paths.stream().map(Path::toString).toList());
    }

    private static void delete(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Something to tell the person who builds, in one sentence. */
    private static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private Failure(String message) {
            super(message);
        }
    }
}
