package io.zygotes.core.registry;

import io.zygotes.core.files.Folders;
import io.zygotes.core.files.StorageException;
import io.zygotes.spi.LeafSpec;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Where code is unpacked: a folder for each lambda, in it one for each version, which never changes. Safe for use by
 * many threads, for different lambdas.
 */
final class CodeFolders {

    private static final Logger LOG = System.getLogger(CodeFolders.class.getName());
    /** How often a folder that changes while it is copied is copied again. */
    private static final int TRIES = 3;

    private final Path codeFolder;
    private final CodeIndex index;
    private final LambdaInputs inputs;
    private final TriggerNotice notice = new TriggerNotice();
    /** Of each lambda what was left out of it, as the log said. */
    private final Map<String, String> told = new ConcurrentHashMap<>();

    private final AtomicLong generations = new AtomicLong();

    /**
     * @param codeFolder the folder of all of them
     * @param index which versions were read before
     * @param inputs reads what lambdas say beside their code
     */
    CodeFolders(Path codeFolder, CodeIndex index, LambdaInputs inputs) {
        this.codeFolder = codeFolder;
        this.index = index;
        this.inputs = inputs;
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
            Path folder = home.resolve(before.get());
            return code(name, inputs.read(name, folder), before.get(), folder);
        }
        Files.createDirectories(home);
        Path staging = Folders.sibling(home.resolve("code"), "unpack");
        try {
            String state = fingerprint;
            LambdaInputs.Read read = null;
            for (int tries = 1; ; tries++) {
                RegistryException wrong = null;
                try {
                    LambdaStore.write(name, source, staging).told().ifPresent(left -> tellOnce(name, left));
                    read = inputs.read(name, staging);
                } catch (RegistryException e) {
                    wrong = e;
                }
                String after = Fingerprint.of(source);
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
            LambdaCode code = code(name, read, version, folder);
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

    private void tellOnce(String name, String left) {
        if (!left.equals(told.put(name, left))) {
            LOG.log(Level.INFO, "lambda " + name + ": " + left);
        }
    }

    /**
     * What is known of a version.
     *
     * @param read what its files say beside its code
     * @param folder where they are when it is used
     */
    private LambdaCode code(String name, LambdaInputs.Read read, String version, Path folder) {
        LambdaSettings settings = read.settings();
        LeafSpec spec = new LeafSpec(
                name,
                folder,
                read.pins().keySet(),
                settings.limits(),
                settings.network(),
                settings.environment(),
                settings.rules());
        notice.tell(name, settings.serving().triggers().keySet());
        return new LambdaCode(
                version, generations.incrementAndGet(), spec, read.pins(), settings.zygote(), settings.serving());
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
