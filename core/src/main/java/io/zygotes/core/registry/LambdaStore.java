package io.zygotes.core.registry;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.files.Folders;
import io.zygotes.core.files.StorageException;
import io.zygotes.core.registry.RegistryException.Kind;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.ZipException;

/**
 * The registry's folder: each lambda is a folder {@code NAME} or a file {@code NAME.tar.gz} in it. If there are both,
 * the folder counts. Safe for use by many threads and processes.
 */
public final class LambdaStore {

    /** Of {@code ol.yaml}, in bytes: what is larger is refused when it is read. */
    private static final long MOST_SETTINGS = 1 << 20;

    private static final long MAX_BYTES = 512L << 20;
    static final int MAX_ENTRIES = 50_000;
    /** How often an install begins again because another one of the same lambda was faster. */
    private static final int TRIES = 20;

    /** What the name of a lambda that is being replaced ends with. */
    private static final String ASIDE = ".replaced";

    /** What the name of a lambda ends with that is one file. */
    private static final String SINGLE = ".py";

    private final Path folder;
    private final LambdaInputs inputs;

    /**
     * A registry that takes settings which a worker may refuse: only their form is checked.
     *
     * @param folder the registry's folder
     */
    public LambdaStore(Path folder) {
        this(folder, LambdaInputs.OF_ANY_WORKER);
    }

    private LambdaStore(Path folder, LambdaInputs inputs) {
        this.folder = folder.toAbsolutePath().normalize();
        this.inputs = inputs;
    }

    /** The registry of a worker, which takes no lambda whose settings that would refuse. */
    public static LambdaStore of(WorkerConfig config) {
        return new LambdaStore(
                config.registryFolder(),
                new LambdaInputs(
                        config.limits(), config.network(), config.memPoolMb() / 2, () -> LambdaInputs.ANY_MACHINE));
    }

    /** The registry's folder, absolute. */
    public Path folder() {
        return folder;
    }

    /**
     * Names of all lambdas, sorted.
     *
     * @throws IOException if the registry's folder cannot be read
     */
    public List<String> names() throws IOException {
        TreeSet<String> names = new TreeSet<>();
        try (Stream<Path> entries = Files.list(folder)) {
            entries.forEach(entry -> {
                String file = entry.getFileName().toString();
                String name = Files.isRegularFile(entry) ? nameOfFile(file) : file;
                if (LambdaName.valid(name) && (!name.equals(file) || Files.isDirectory(entry))) {
                    names.add(name);
                }
            });
        } catch (NotDirectoryException e) {
            throw new IOException("the registry " + folder + " is not a folder", e);
        }
        return List.copyOf(names);
    }

    /** The name of the lambda in an archive, or in a file of Python's; the same text if it is neither. */
    private static String nameOfFile(String file) {
        for (String ending : List.of(LambdaRegistry.ARCHIVE, SINGLE)) {
            if (file.endsWith(ending)) {
                return file.substring(0, file.length() - ending.length());
            }
        }
        return file;
    }

    /**
     * Puts a lambda into the registry; a lambda of the same name is replaced as a whole. A running worker takes it up
     * within {@code registry_cache_ms}.
     *
     * @param source a folder with {@code f.py}, or a tar.gz with one; its name is the lambda's name
     * @return the lambda's name
     * @throws RegistryException if the name or the content is wrong; the registry is unchanged
     * @throws IOException if the registry cannot be written; a lambda that was there still is
     */
    public String install(Path source) throws RegistryException, IOException {
        return install(source, left -> {});
    }

    /**
     * As {@link #install(Path)}.
     *
     * @param told takes a line that says what was left out, if something was
     */
    public String install(Path source, Consumer<String> told) throws RegistryException, IOException {
        Path from = source.toAbsolutePath().normalize();
        String file = from.getFileName() == null ? "" : from.getFileName().toString();
        boolean archive = file.endsWith(LambdaRegistry.ARCHIVE) && Files.isRegularFile(from);
        String name =
                LambdaName.check(archive ? file.substring(0, file.length() - LambdaRegistry.ARCHIVE.length()) : file);
        if (!archive && !Files.isDirectory(from)) {
            throw new RegistryException(
                    Kind.BROKEN, source + " is neither a folder nor a " + LambdaRegistry.ARCHIVE + " with a lambda");
        }
        install(name, from, (_, _) -> {}, told);
        return name;
    }

    /**
     * As {@link #install(Path)}, under a name of the caller's.
     *
     * @param source a folder or an archive, absolute
     * @param addition what comes to it before it is checked
     * @param told takes a line that says what was left out, if something was
     */
    void install(String name, Path source, LambdaUploads.Addition addition, Consumer<String> told)
            throws RegistryException, IOException {
        Files.createDirectories(folder);
        Path place = folder.resolve(LambdaName.check(name));
        if (source.equals(place) || source.equals(archive(name))) {
            throw new RegistryException(Kind.BROKEN, source + " is in the registry already");
        }
        if (Files.isDirectory(source) && folder.toRealPath().startsWith(source.toRealPath())) {
            throw new RegistryException(
                    Kind.BROKEN,
                    source + " holds the registry " + folder
                            + " itself, which would be copied into itself; give the lambda a folder of its own");
        }
        Path staging = Folders.sibling(place, "install");
        try {
            LeftAside aside = write(name, source, staging);
            addition.add(name, staging);
            inputs.read(name, staging);
            replace(name, staging);
            Files.deleteIfExists(archive(name));
            Files.deleteIfExists(single(name));
            aside.told().ifPresent(told);
        } finally {
            Folders.delete(staging);
        }
    }

    /**
     * Takes a lambda out of the registry.
     *
     * @return false if there is none of that name
     * @throws RegistryException if that is no name
     * @throws IOException if it cannot be removed
     */
    boolean remove(String name) throws RegistryException, IOException {
        LambdaName.check(name);
        boolean was = find(name).isPresent();
        // The folder counts before the others do, so it goes last: nobody finds an older version on the way.
        Files.deleteIfExists(archive(name));
        Files.deleteIfExists(single(name));
        discard(aside(name));
        Path old = Folders.sibling(folder.resolve(name), "old");
        moveIfThere(folder.resolve(name), old);
        Folders.delete(old);
        return was;
    }

    /**
     * A rename cannot replace a folder that is not empty, so the old one steps aside first, to where {@link #find}
     * looks as well: whoever asks between the two renames, or after a kill between them, finds the old one.
     */
    private void replace(String name, Path by) throws IOException {
        Path place = folder.resolve(name);
        Path aside = aside(name);
        for (int tries = 1; ; tries++) {
            if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
                // What an install that was killed left there is older than what is there now.
                discard(aside);
                moveIfThere(place, aside);
            }
            try {
                Files.move(by, place, StandardCopyOption.ATOMIC_MOVE);
                break;
            } catch (IOException e) {
                // Another install of the same lambda was faster.
                if (tries < TRIES && Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
                    continue;
                }
                if (!Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
                    moveIfThere(aside, place);
                }
                throw e;
            }
        }
        discard(aside);
    }

    private static void moveIfThere(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (NoSuchFileException e) {
            // Another install of the same lambda took it.
            return;
        }
    }

    /** Its name is given up before its content: nobody finds half of it. */
    private static void discard(Path aside) throws IOException {
        Path old = Folders.sibling(
                aside.resolveSibling(aside.getFileName().toString().substring(1)), "old");
        moveIfThere(aside, old);
        Folders.delete(old);
    }

    /** Where a lambda is while it is replaced. Lambdas' names do not begin with a dot. */
    private Path aside(String name) {
        return folder.resolve("." + name + ASIDE);
    }

    /**
     * Puts back what an install that was killed left aside, or removes it if its lambda is there.
     *
     * @return what was done, a line each
     * @throws IOException if the registry cannot be read or written
     */
    public List<String> tidy() throws IOException {
        List<String> done = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, ".*" + ASIDE)) {
            for (Path aside : all) {
                String file = aside.getFileName().toString();
                String name = file.substring(1, file.length() - ASIDE.length());
                if (!LambdaName.valid(name)) {
                    continue;
                }
                if (there(folder.resolve(name), false) || there(archive(name), true)) {
                    discard(aside);
                    done.add("removed " + aside);
                } else {
                    moveIfThere(aside, folder.resolve(name));
                    done.add("put back " + folder.resolve(name) + ", which was being replaced");
                }
            }
        } catch (NoSuchFileException e) {
            return done; // no lambda was ever put here
        }
        return done;
    }

    /**
     * The folder or file of a lambda; empty if the registry has none of that name.
     *
     * @throws StorageException if that cannot be told, because the registry cannot be read
     */
    Optional<Path> find(String name) throws StorageException {
        try {
            for (Path place : List.of(folder.resolve(name), archive(name), single(name), aside(name))) {
                if (there(place, place.equals(archive(name)) || place.equals(single(name)))) {
                    return Optional.of(place);
                }
            }
            // It is not there because nothing is, which is not the same as a lambda that was removed.
            if (!Files.readAttributes(folder, BasicFileAttributes.class).isDirectory()) {
                throw new NotDirectoryException(folder.toString());
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new StorageException(
                    "cannot read the registry " + folder + " (" + e + "); is it there, and may the worker read it?", e);
        }
    }

    /**
     * Whether a lambda's {@code ol.yaml} may have a word in it. Of an archive nobody knows before it is unpacked.
     *
     * @return false if there is no such lambda
     * @throws StorageException if it cannot be looked for
     */
    public boolean mayMention(String name, String word) throws StorageException {
        Optional<Path> place = find(name);
        if (place.isEmpty() || !Files.isDirectory(place.get())) {
            return place.isPresent();
        }
        Path settings = place.get().resolve("ol.yaml");
        try {
            return Files.isRegularFile(settings, LinkOption.NOFOLLOW_LINKS)
                    && Files.size(settings) <= MOST_SETTINGS
                    && Files.readString(settings, StandardCharsets.ISO_8859_1).contains(word);
        } catch (IOException _) {
            return false; // it is replaced just now: the caller looks again then
        }
    }

    /** Unlike {@code Files.exists}, does not take what cannot be looked at for something that is not there. */
    private static boolean there(Path place, boolean file) throws IOException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(place, BasicFileAttributes.class);
            return file ? attributes.isRegularFile() : attributes.isDirectory();
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private Path archive(String name) {
        return folder.resolve(name + LambdaRegistry.ARCHIVE);
    }

    /** A lambda that is one file, as in older versions of OpenLambda. */
    private Path single(String name) {
        return folder.resolve(name + SINGLE);
    }

    /**
     * Writes a lambda's code into a new folder.
     *
     * @param source the folder, archive, or file of Python's, which becomes {@code f.py}
     * @param target the new folder; may be there half after an error
     * @return what was left out
     */
    static LeftAside write(String name, Path source, Path target) throws RegistryException, IOException {
        CodeWriter writer = new CodeWriter(target, MAX_BYTES, MAX_ENTRIES);
        LeftAside aside;
        if (Files.isDirectory(source) || source.toString().endsWith(SINGLE)) {
            try {
                aside = Files.isDirectory(source) ? writer.copy(source) : writer.copyFile(source, EntryPoint.FILE);
            } catch (CodeWriter.RefusedException e) {
                throw new RegistryException(Kind.BROKEN, "lambda " + name + ": " + e.getMessage(), e);
            }
        } else {
            try {
                aside = CodeArchive.unpack(source, writer);
            } catch (EOFException | ZipException e) {
                throw new RegistryException(
                        Kind.BROKEN,
                        "lambda " + name + ": its archive is damaged (" + e.getMessage()
                                + "); pack it anew as tar.gz, tar or zip",
                        e);
            } catch (StorageException | FileSystemException e) {
                // The disk, or the registry, for the moment: that says nothing about the lambda.
                throw e;
            } catch (IOException e) {
                throw new RegistryException(
                        Kind.BROKEN,
                        "lambda " + name + ": its archive cannot be unpacked: " + e.getMessage(),
                        e instanceof CodeWriter.RefusedException
                                ? e
                                : new CodeWriter.RefusedException(e.getMessage(), e));
            }
        }
        return aside;
    }
}
