package io.zygotes.launcher.image;

import io.zygotes.core.files.Folders;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.plugins.BuiltIn;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.plugins.Plugin;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes an image: the parts of the one that runs, and plugins that were checked. It is there whole or not at all, and
 * whatever stops the writing takes away what there is of it.
 */
final class ImageWriter {

    /** What an image consists of, plugins aside. Whatever else lies in its folder is not part of it. */
    private static final List<String> PARTS = List.of("bin", "conf", "legal", "lib", "release");

    private static final long STOP_SECONDS = 10;

    private final Path image;
    private final Consumer<String> notices;
    private volatile boolean stopped;

    /**
     * @param image the folder of the image that runs
     * @param notices is told if an unfinished image could not be removed
     */
    ImageWriter(Path image, Consumer<String> notices) {
        this.image = image;
        this.notices = notices;
    }

    /**
     * Writes it beside its place and renames it.
     *
     * @param target where; does not exist, or is an empty folder
     * @param plugins what it is to have
     * @param dropIns what goes into its folder for plugins: file names and where they are now
     * @param names of the import caches that it must turn out to have
     * @throws Failure if it turns out to have others, because somebody replaced a jar meanwhile
     * @throws IOException if it cannot be written; nothing is left of it then
     */
    void write(Path target, List<Plugin> plugins, Map<String, Path> dropIns, SortedSet<String> names)
            throws Failure, IOException {
        Files.createDirectories(target.getParent());
        for (Path abandoned : Folders.abandonedSiblings(target.getParent())) {
            if (Folders.original(abandoned).equals(target)) {
                Folders.delete(abandoned);
            }
        }
        Path beside = Folders.sibling(target, "new");
        CountDownLatch done = new CountDownLatch(1);
        Thread stop = new Thread(() -> stop(done), "stop-image");
        Runtime.getRuntime().addShutdownHook(stop);
        try {
            fill(beside, plugins, dropIns);
            checkLoads(beside, names);
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Folders.delete(beside);
            done.countDown();
            removeHook(stop);
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // It runs already, and the process ends after it.
            return;
        }
    }

    /** On Ctrl-C: waits until the copy has been taken away. */
    private void stop(CountDownLatch done) {
        stopped = true;
        try {
            if (!done.await(STOP_SECONDS, TimeUnit.SECONDS)) {
                notices.accept(
                        "the unfinished image could not be removed in time; the next 'zygotes image' to that place"
                                + " does");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void fill(Path folder, List<Plugin> plugins, Map<String, Path> dropIns) throws IOException {
        Files.createDirectory(folder);
        for (String part : PARTS) {
            if (Files.exists(image.resolve(part))) {
                copy(image.resolve(part), folder.resolve(part));
            }
        }
        Files.write(
                folder.resolve(BuiltIn.FILE),
                BuiltIn.file(plugins.stream().filter(Plugin::builtIn).toList()));
        Path dropIn = Files.createDirectory(folder.resolve(ImportCaches.DROP_IN));
        for (Map.Entry<String, Path> plugin : dropIns.entrySet()) {
            copyPlugin(plugin.getValue(), dropIn.resolve(plugin.getKey()));
        }
    }

    /** A jar, or the jars of a folder: nothing else of it is read when a worker starts. */
    private void copyPlugin(Path from, Path to) throws IOException {
        if (!Files.isDirectory(from)) {
            Files.copy(from, to);
            return;
        }
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(".jar") && !name.startsWith(".")) {
                    Files.copy(file, to.resolve(name));
                }
            }
        }
    }

    /** With times and permissions; links stay links. */
    private void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : (Iterable<Path>) all::iterator) {
                if (stopped) {
                    throw new IOException("it was stopped");
                }
                Path copy = to.resolve(from.relativize(each).toString());
                if (Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS)) {
                    Files.createDirectory(copy);
                } else {
                    Files.copy(each, copy, StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** What a worker that starts from there will find; a jar may have been replaced since it was checked. */
    private static void checkLoads(Path folder, SortedSet<String> names) throws Failure {
        try {
            ImportCaches found = ImportCaches.find(folder, List.of(), ImageCopy.COMMAND);
            SortedSet<String> there = new TreeSet<>(
                    ImportCaches.byNames(ImageCopy.COMMAND, found.plugins()).keySet());
            if (!found.broken().isEmpty() || !there.equals(names)) {
                throw new Failure("the copied plugins are not those that were checked: " + ImageCopy.quoted(there)
                        + " instead of "
                        + ImageCopy.quoted(names)
                        + found.broken().stream().map(broken -> "; " + broken).collect(Collectors.joining())
                        + ". Did somebody replace a jar meanwhile? Try again");
            }
        } catch (ConfigException e) {
            throw new Failure("the copied plugins cannot be read: " + e.getMessage(), e);
        }
    }
}
