package io.zygotes.core.registry;

import io.zygotes.core.files.StorageException;
import io.zygotes.core.registry.RegistryException.Kind;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.zip.ZipException;

/**
 * The present code of each lambda. Code is copied out of the registry into a folder of its own for each version, so
 * that a version never changes while leaves use it. Safe for use by many threads.
 */
public final class LambdaRegistry {

    /** What the name of a packed lambda ends with. */
    public static final String ARCHIVE = ".tar.gz";

    private static final Logger LOG = System.getLogger(LambdaRegistry.class.getName());
    /** How long a lambda that is being replaced may be away. */
    private static final Duration REPLACED_WITHIN = Duration.ofMillis(50);

    private final LambdaStore store;
    private final CodeFolders folders;
    private final long freshNanos;
    private final Map<String, Entry> entries = new ConcurrentHashMap<>();

    /** What is known of one lambda. Changed under its own lock. */
    private static final class Entry {
        private volatile LambdaCode code;
        private volatile long checkedNanos;
        private String fingerprint = "";
        private boolean tidied;
        /** Why it cannot be used, and what it was then: it is not unpacked again, at every call, to find that out. */
        private RegistryException broken;

        private String brokenFingerprint = "";
    }

    /**
     * @param store where lambdas come from
     * @param codeFolder where their versions are unpacked
     * @param fresh how long the registry is not asked again
     * @param limits limits of a lambda that says nothing
     * @param network network of a lambda that says nothing, and the most that one may ask for
     * @param maxMemMb the most memory that a lambda may ask for
     * @param markers values of the environment markers in {@code requirements.txt}; asked when a lambda is read
     */
    public LambdaRegistry(
            LambdaStore store,
            Path codeFolder,
            Duration fresh,
            Limits limits,
            Network network,
            int maxMemMb,
            Supplier<Map<String, String>> markers) {
        this.store = store;
        this.folders = new CodeFolders(codeFolder, new LambdaSettings(Map.of(), limits, network), maxMemMb, markers);
        this.freshNanos = fresh.toNanos();
    }

    /**
     * Removes what a dead worker left half-done, and the code of lambdas that are gone.
     *
     * @throws IOException if the folder for code cannot be made or read
     */
    public void clean() throws IOException {
        folders.clean(store);
    }

    /** Where the lambdas come from. */
    public LambdaStore store() {
        return store;
    }

    /**
     * The code of a lambda; asks the registry if what is known is older than {@code registry_cache_ms}.
     *
     * @throws RegistryException if there is none, or it cannot be used
     * @throws StorageException if files cannot be read or written
     */
    public LambdaCode lookup(String name) throws RegistryException, StorageException {
        Entry known = entries.get(name);
        if (known != null && fresh(known)) {
            return known.code;
        }
        LambdaName.check(name);
        Path source = find(name, known != null);
        Entry entry = entries.computeIfAbsent(name, key -> new Entry());
        synchronized (entry) {
            return fresh(entry) ? entry.code : refreshed(name, source, entry);
        }
    }

    private LambdaCode refreshed(String name, Path source, Entry entry) throws RegistryException, StorageException {
        try {
            refresh(name, source, entry);
            return entry.code;
        } catch (StorageException e) {
            throw e;
        } catch (IOException e) {
            throw new StorageException(e.getMessage(), e);
        }
    }

    private boolean fresh(Entry entry) {
        return entry.code != null && System.nanoTime() - entry.checkedNanos < freshNanos;
    }

    private Path find(String name, boolean known) throws RegistryException {
        Optional<Path> source = store.find(name);
        long until = System.nanoTime() + (known ? REPLACED_WITHIN.toNanos() : 0);
        while (source.isEmpty() && System.nanoTime() < until) {
            Thread.onSpinWait();
            source = store.find(name);
        }
        if (source.isEmpty()) {
            entries.remove(name);
            throw new RegistryException(
                    Kind.UNKNOWN,
                    "there is no lambda '" + name + "' in the registry " + store.folder()
                            + "; 'zygotes install FOLDER' puts one there");
        }
        return source.get();
    }

    private void refresh(String name, Path source, Entry entry) throws RegistryException, IOException {
        long now = System.nanoTime();
        String fingerprint = LambdaStore.fingerprint(source);
        if (entry.code == null || !fingerprint.equals(entry.fingerprint)) {
            if (entry.broken != null && fingerprint.equals(entry.brokenFingerprint)) {
                // A new exception, because several threads may throw it.
                throw new RegistryException(entry.broken.kind(), entry.broken.getMessage(), entry.broken);
            }
            try {
                entry.code = folders.load(name, source, fingerprint);
                entry.broken = null;
            } catch (RegistryException e) {
                if (entry.code == null || !source.toString().endsWith(ARCHIVE)) {
                    entry.code = null;
                    if (isOfContent(e.getCause())) {
                        entry.broken = e;
                        entry.brokenFingerprint = fingerprint;
                    }
                    throw e;
                }
                // An archive that is being written looks damaged; what was whole goes on serving.
                LOG.log(Level.WARNING, "keeping the old version: " + e.getMessage());
            }
            entry.fingerprint = fingerprint;
            if (!entry.tidied) {
                entry.tidied = true;
                folders.removeVersions(name, Set.of(entry.code.version()));
            }
        }
        entry.checkedNanos = now;
    }

    /** Whether it will fail again as long as the lambda is the same; a full disk may have room again. */
    private static boolean isOfContent(Throwable cause) {
        return cause == null
                || cause instanceof IllegalArgumentException
                || cause instanceof CodeWriter.RefusedException
                || cause instanceof EOFException
                || cause instanceof ZipException;
    }

    /**
     * Deletes the versions of a lambda that nobody uses. The present one always stays.
     *
     * @param inUse versions that leaves still use
     */
    public void keepVersions(String name, Set<String> inUse) {
        Entry entry = entries.get(name);
        if (entry == null) {
            return;
        }
        synchronized (entry) {
            Set<String> kept = new HashSet<>(inUse);
            if (entry.code != null) {
                kept.add(entry.code.version());
            }
            folders.removeVersions(name, kept);
        }
    }
}
