package io.zygotes.core.registry;

import io.zygotes.core.files.StorageException;
import io.zygotes.core.network.NetworkSetting;
import io.zygotes.core.registry.RegistryException.Kind;
import io.zygotes.spi.Limits;
import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.NoSuchFileException;
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
    private static final String INDEX = "lambdas.json";
    /** How long a lambda that is being replaced may be away. */
    private static final Duration REPLACED_WITHIN = Duration.ofMillis(50);
    /**
     * Before a lambda counts as gone it is looked for so often, though the time for it passed while the thread rested.
     */
    private static final int LEAST_LOOKS = 5;
    /** How long a lambda that is replaced again and again is looked at again and again. */
    private static final Duration REPLACED_AT_MOST = Duration.ofSeconds(2);

    private final LambdaStore store;
    private final CodeIndex index;
    private final CodeFolders folders;
    private final long freshNanos;
    private final Map<String, Entry> entries = new ConcurrentHashMap<>();

    /** What is known of one lambda. Changed under its own lock. */
    private static final class Entry {
        /** Null if there is none, or it cannot be used. */
        private volatile Known known;

        private String fingerprint = "";
        private boolean tidied;
        /** Why it cannot be used, and what it was then: it is not unpacked again, at every call, to find that out. */
        private RegistryException broken;

        private String brokenFingerprint = "";
    }

    /** The code, and when the registry was asked; both at once, because others change them meanwhile. */
    private record Known(LambdaCode code, long checkedNanos) {}

    /**
     * @param store where lambdas come from
     * @param codeFolder where their versions are unpacked; what was read is written down beside it
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
            NetworkSetting network,
            int maxMemMb,
            Supplier<Map<String, String>> markers) {
        this.store = store;
        this.index = new CodeIndex(codeFolder.resolveSibling(INDEX));
        this.folders = new CodeFolders(codeFolder, index, new LambdaInputs(limits, network, maxMemMb, markers));
        this.freshNanos = fresh.toNanos();
    }

    /**
     * Removes what a dead worker left half-done, and the code of lambdas that are gone.
     *
     * @throws IOException if the folder for code cannot be made or read
     */
    public void clean() throws IOException {
        store.tidy();
        index.load();
        folders.clean(store);
    }

    /** Writes down which version each lambda is, for the next worker. */
    public void saveIndex() {
        index.save();
    }

    /** Whether something in a folder for code is the code of a lambda, and nothing else. */
    public static boolean isUnpackedCode(Path entry) {
        return CodeFolders.isCode(entry);
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
        Entry present = entries.get(name);
        LambdaCode fresh = present == null ? null : fresh(present);
        return fresh != null ? fresh : lookup(name, present, freshNanos);
    }

    /** As {@link #lookup(String)}, but asks the registry in any case. */
    public LambdaCode lookupNow(String name) throws RegistryException, StorageException {
        return lookup(name, entries.get(name), 0);
    }

    private LambdaCode lookup(String name, Entry present, long freshWithin) throws RegistryException, StorageException {
        LambdaName.check(name);
        Path source = find(name, present);
        if (source == null) {
            return known(present);
        }
        Entry entry = entries.computeIfAbsent(name, key -> new Entry());
        synchronized (entry) {
            LambdaCode meanwhile = freshWithin > 0 ? fresh(entry) : null;
            return meanwhile != null ? meanwhile : refreshed(name, source, entry);
        }
    }

    /** What is known, if it need not be asked for; otherwise null. */
    private LambdaCode fresh(Entry entry) {
        Known known = entry.known;
        return known != null && System.nanoTime() - known.checkedNanos() < freshNanos ? known.code() : null;
    }

    private static LambdaCode known(Entry entry) {
        Known known = entry == null ? null : entry.known;
        return known == null ? null : known.code();
    }

    /**
     * Where a lambda is now; null if that cannot be told, and a version of it is known, which serves then.
     *
     * @param present what is known of it; null if nothing is
     */
    private Path find(String name, Entry present) throws RegistryException, StorageException {
        try {
            Optional<Path> source = store.find(name);
            if (source.isEmpty() && known(present) != null) {
                source = findReplaced(name, System.nanoTime() + REPLACED_WITHIN.toNanos());
            }
            if (source.isPresent()) {
                return source.get();
            }
        } catch (StorageException e) {
            if (known(present) == null) {
                throw e;
            }
            LOG.log(Level.WARNING, "lambda " + name + " is served as it was: " + e.getMessage());
            return null;
        }
        forget(present);
        index.remove(name);
        throw unknown(name);
    }

    /**
     * Looks again for a lambda that was not there. One look goes from place to place, and may miss a lambda that is
     * moved between them at that moment.
     *
     * @param until when it need not be looked for any longer, as {@link System#nanoTime} has it
     */
    private Optional<Path> findReplaced(String name, long until) throws StorageException {
        Optional<Path> source = Optional.empty();
        for (int looks = 0; source.isEmpty() && (looks < LEAST_LOOKS || System.nanoTime() - until < 0); looks++) {
            Thread.onSpinWait();
            source = store.find(name);
        }
        return source;
    }

    private RegistryException unknown(String name) {
        return new RegistryException(
                Kind.UNKNOWN,
                "there is no lambda '" + name + "' in the registry " + store.folder()
                        + "; 'zygotes install FOLDER' puts one there");
    }

    /** Its entry stays, because versions of it may be in use, until {@link #keepVersions} hears that none is. */
    private static void forget(Entry entry) {
        if (entry != null) {
            synchronized (entry) {
                entry.known = null;
                entry.fingerprint = "";
            }
        }
    }

    private LambdaCode refreshed(String name, Path source, Entry entry) throws RegistryException, StorageException {
        long now = System.nanoTime();
        LambdaCode before = known(entry);
        try {
            LambdaCode code = refresh(name, source, entry);
            entry.known = new Known(code, now);
            return code;
        } catch (IOException e) {
            StorageException failed =
                    e instanceof StorageException known ? known : new StorageException(e.getMessage(), e);
            if (before == null) {
                throw failed;
            }
            // It passes, or the operator mends it; what was whole serves until then, and is asked about again.
            LOG.log(Level.WARNING, "lambda " + name + " is served as it was: " + failed.getMessage());
            entry.known = new Known(before, now);
            return before;
        }
    }

    /** Somebody may put another version in the place of the one that is looked at; then it is looked at again. */
    private LambdaCode refresh(String name, Path found, Entry entry) throws RegistryException, IOException {
        Path source = found;
        long begun = System.nanoTime();
        while (true) {
            try {
                return refreshOnce(name, source, entry);
            } catch (NoSuchFileException e) {
                Optional<Path> again = findReplaced(name, begun + REPLACED_WITHIN.toNanos());
                if (again.isEmpty() && known(entry) == null) {
                    throw unknown(name);
                }
                if (again.isEmpty() || System.nanoTime() - begun > REPLACED_AT_MOST.toNanos()) {
                    throw e;
                }
                source = again.get();
            }
        }
    }

    private LambdaCode refreshOnce(String name, Path source, Entry entry) throws RegistryException, IOException {
        LambdaCode code = known(entry);
        String fingerprint = Fingerprint.of(source);
        if (code != null && fingerprint.equals(entry.fingerprint)) {
            return code;
        }
        if (entry.broken != null && fingerprint.equals(entry.brokenFingerprint)) {
            // A new exception, because several threads may throw it.
            throw new RegistryException(entry.broken.kind(), entry.broken.getMessage(), entry.broken);
        }
        try {
            code = folders.load(name, source, fingerprint);
            entry.broken = null;
        } catch (RegistryException e) {
            if (code == null || !source.toString().endsWith(ARCHIVE)) {
                entry.known = null;
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
            folders.removeVersions(name, Set.of(code.version()));
        }
        return code;
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
            LambdaCode code = known(entry);
            if (code != null) {
                kept.add(code.version());
            }
            folders.removeVersions(name, kept);
            if (kept.isEmpty()) {
                // The next lambda of that name begins anew.
                entries.remove(name, entry);
            }
        }
    }
}
