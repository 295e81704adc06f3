package io.zygotes.core.registry;

import io.zygotes.core.files.Folders;
import io.zygotes.core.files.StorageException;
import io.zygotes.core.network.NetworkSetting;
import io.zygotes.core.registry.RegistryException.Kind;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Where code is unpacked: a folder for each lambda, in it one for each version, which never changes. Safe for use by
 * many threads, for different lambdas.
 */
final class CodeFolders {

    private static final Logger LOG = System.getLogger(CodeFolders.class.getName());
    private static final long MAX_TEXT = 1 << 20;
    /** How often a folder that changes while it is copied is copied again. */
    private static final int TRIES = 3;

    private final Path codeFolder;
    private final CodeIndex index;
    private final LambdaSettings defaults;
    private final NetworkSetting network;
    private final int maxMemMb;
    private final Supplier<Map<String, String>> markers;
    private final AtomicLong generations = new AtomicLong();

    /**
     * @param codeFolder the folder of all of them
     * @param index which versions were read before
     * @param limits those of a lambda that says nothing
     * @param network what a lambda reaches that says nothing, and the most that one may ask for
     * @param maxMemMb the most memory that a lambda may ask for, in MiB
     * @param markers values of the environment markers in {@code requirements.txt}
     */
    CodeFolders(
            Path codeFolder,
            CodeIndex index,
            Limits limits,
            NetworkSetting network,
            int maxMemMb,
            Supplier<Map<String, String>> markers) {
        this.codeFolder = codeFolder;
        this.index = index;
        this.defaults = LambdaSettings.of(limits, network);
        this.network = network;
        this.maxMemMb = maxMemMb;
        this.markers = markers;
    }

    /** As {@link LambdaRegistry#isUnpackedCode}. */
    static boolean isCode(Path entry) {
        if (!LambdaName.valid(entry.getFileName().toString())) {
            return false;
        }
        try (Stream<Path> versions = Files.list(entry)) {
            Set<Path> halfDone = Set.copyOf(Folders.siblings(entry));
            return versions.allMatch(version -> halfDone.contains(version)
                    || ContentHash.isOne(version.getFileName().toString()));
        } catch (IOException e) {
            return false; // no folder
        }
    }

    /**
     * Removes what a dead worker left half-done, and the code of lambdas that are gone.
     *
     * @param store where lambdas come from
     * @throws IOException if the folder for code cannot be made or read
     */
    void clean(LambdaStore store) throws IOException {
        // Settings of lambdas, in ol.yaml, may be secrets.
        Folders.createPrivate(codeFolder);
        try (Stream<Path> lambdas = Files.list(codeFolder)) {
            for (Path lambda : lambdas.toList()) {
                String name = lambda.getFileName().toString();
                if (LambdaName.valid(name) && store.find(name).isEmpty()) {
                    removeVersions(name, Set.of());
                }
            }
        }
    }

    /**
     * Unpacks the present version of a lambda, unless its folder is there.
     *
     * @param source the lambda's folder or archive in the registry
     * @param fingerprint the source's before it is read
     * @throws RegistryException if it cannot be used
     * @throws StorageException if it cannot be written
     * @throws NoSuchFileException if it changed, or went, while it was read
     * @throws IOException if it cannot be read
     */
    LambdaCode load(String name, Path source, String fingerprint) throws RegistryException, IOException {
        Path home = codeFolder.resolve(name);
        Optional<String> before = index.version(name, fingerprint);
        if (before.isPresent() && Files.isDirectory(home.resolve(before.get()), LinkOption.NOFOLLOW_LINKS)) {
            return code(name, home.resolve(before.get()), before.get(), home.resolve(before.get()));
        }
        Files.createDirectories(home);
        Path staging = Folders.sibling(home.resolve("code"), "unpack");
        try {
            String state = fingerprint;
            for (int tries = 1; ; tries++) {
                RegistryException wrong = null;
                try {
                    LambdaStore.write(name, source, staging);
                } catch (RegistryException e) {
                    wrong = e;
                }
                String after = LambdaStore.fingerprint(source);
                if (after.equals(state) || tries == TRIES) {
                    if (wrong != null && !after.equals(state)) {
                        // What was half a lambda each time says nothing about a whole one.
                        throw new NoSuchFileException(source.toString(), null, "it is replaced again and again");
                    }
                    if (wrong != null) {
                        throw wrong;
                    }
                    break;
                }
                // What it was is taken away in the middle of it, say: half a lambda says nothing about the whole one.
                state = after;
                Folders.delete(staging);
            }
            String version = ContentHash.of(staging);
            Path folder = home.resolve(version);
            LambdaCode code = code(name, staging, version, folder);
            if (!Files.isDirectory(folder)) {
                Files.move(staging, folder, StandardCopyOption.ATOMIC_MOVE);
            }
            index.put(name, fingerprint, version);
            return code;
        } catch (NoSuchFileException e) {
            // It is being replaced, or removed: the caller looks again.
            throw e;
        } catch (IOException e) {
            throw new StorageException(
                    "cannot unpack it into " + home + ": " + e.getMessage()
                            + "; is there room on that disk, and may the worker write there?",
                    e);
        } finally {
            Folders.delete(staging);
        }
    }

    /**
     * What is known of a version.
     *
     * @param content where its files are now
     * @param folder where they are when it is used
     */
    private LambdaCode code(String name, Path content, String version, Path folder)
            throws RegistryException, IOException {
        LambdaSettings settings = settings(name, content);
        Map<PackageId, Set<String>> pins = pins(name, content);
        LeafSpec spec = new LeafSpec(
                name,
                folder,
                pins.keySet(),
                settings.limits(),
                settings.network(),
                settings.environment(),
                settings.rules());
        return new LambdaCode(version, generations.incrementAndGet(), spec, pins, settings.zygote());
    }

    /**
     * Looks whether the settings and requirements of a lambda can be used.
     *
     * @param content a folder with its files
     * @throws RegistryException naming all that is wrong
     * @throws IOException if they cannot be read
     */
    void check(String name, Path content) throws RegistryException, IOException {
        RegistryException wrong = null;
        try {
            settings(name, content);
        } catch (RegistryException e) {
            wrong = e;
        }
        try {
            pins(name, content);
        } catch (RegistryException e) {
            wrong = wrong == null
                    ? e
                    : new RegistryException(Kind.BROKEN, wrong.getMessage() + "\n" + e.getMessage(), e);
        }
        if (wrong != null) {
            throw wrong;
        }
    }

    private LambdaSettings settings(String name, Path content) throws RegistryException, IOException {
        try {
            return LambdaSettings.parse(text(content, "ol.yaml"), defaults, network, maxMemMb);
        } catch (IllegalArgumentException e) {
            throw new RegistryException(Kind.BROKEN, "lambda " + name + ": " + e.getMessage(), e);
        }
    }

    private Map<PackageId, Set<String>> pins(String name, Path content) throws RegistryException, IOException {
        try {
            return Requirements.parse(text(content, "requirements.txt"), markers.get());
        } catch (IllegalArgumentException e) {
            throw new RegistryException(Kind.BROKEN, "lambda " + name + ": " + e.getMessage(), e);
        }
    }

    /** Content of an optional file. Links are not followed: they could lead the worker to files of the host. */
    private static String text(Path folder, String file) throws IOException {
        Path path = folder.resolve(file);
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return "";
        }
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) || Files.size(path) > MAX_TEXT) {
            throw new IllegalArgumentException(
                    file + " must be a file of at most " + (MAX_TEXT >> 10) + " KiB, not a link or folder");
        }
        return decoded(file, Files.readAllBytes(path));
    }

    /** Some editors and shells write UTF-16, and say so with a byte order mark, which pip heeds, too. */
    private static String decoded(String file, byte[] bytes) {
        boolean little = bytes.length >= 2 && bytes[0] == (byte) 0xFF && bytes[1] == (byte) 0xFE;
        boolean big = bytes.length >= 2 && bytes[0] == (byte) 0xFE && bytes[1] == (byte) 0xFF;
        try {
            // A decoder that is made here reports what it cannot read; String would put another character in its place.
            return (little || big ? StandardCharsets.UTF_16 : StandardCharsets.UTF_8)
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + " is not UTF-8; save it as that", e);
        }
    }

    /**
     * Removes all versions of a lambda but some; what cannot be removed is logged.
     *
     * @param kept the versions that stay
     */
    void removeVersions(String name, Set<String> kept) {
        Path home = codeFolder.resolve(name);
        try (Stream<Path> versions = Files.list(home)) {
            for (Path version : versions.toList()) {
                String file = version.getFileName().toString();
                // Somebody may keep files of their own here: only what a worker names so is a worker's.
                if (ContentHash.isOne(file) && !kept.contains(file)) {
                    // It is renamed first: half a version must never have a version's name.
                    Path aside = Folders.sibling(version, "old");
                    Files.move(version, aside, StandardCopyOption.ATOMIC_MOVE);
                    Folders.delete(aside);
                }
            }
            // Nobody unpacks meanwhile: the caller has the lambda to itself, and the worker its directory.
            for (Path abandoned : Folders.siblings(home)) {
                Folders.delete(abandoned);
            }
            if (kept.isEmpty()) {
                Files.deleteIfExists(home);
            }
        } catch (DirectoryNotEmptyException e) {
            LOG.log(Level.DEBUG, "there are files of others in " + home, e);
        } catch (NoSuchFileException | NotDirectoryException e) {
            LOG.log(Level.DEBUG, "there are no versions in " + home, e);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot remove old versions of lambda " + name + " in " + codeFolder, e);
        }
    }
}
