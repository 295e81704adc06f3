package io.zygotes.core.registry;

import io.zygotes.core.files.Folders;
import io.zygotes.core.registry.RegistryException.Kind;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import java.util.zip.ZipException;

/**
 * The present code of each lambda. Code is copied out of the registry into a folder of its own for each version, so
 * that a version never changes while leaves use it. Safe for use by many threads.
 */
public final class LambdaRegistry {

    /** What the name of a packed lambda ends with. */
    public static final String ARCHIVE = ".tar.gz";

    private static final Logger LOG = System.getLogger(LambdaRegistry.class.getName());
    private static final long MAX_TEXT = 1 << 20;
    /** How often a folder that changes while it is copied is copied again. */
    private static final int TRIES = 3;
    /** How long a lambda that is being replaced may be away. */
    private static final Duration REPLACED_WITHIN = Duration.ofMillis(50);

    private final LambdaStore store;
    private final Path codeFolder;
    private final long freshNanos;
    private final LambdaSettings defaults;
    private final int maxMemMb;
    private final Map<String, String> markers;
    private final AtomicLong generations = new AtomicLong();
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
     * @param markers values of the environment markers in {@code requirements.txt}
     */
    public LambdaRegistry(
            LambdaStore store,
            Path codeFolder,
            Duration fresh,
            Limits limits,
            Network network,
            int maxMemMb,
            Map<String, String> markers) {
        this.store = store;
        this.codeFolder = codeFolder;
        this.freshNanos = fresh.toNanos();
        this.defaults = new LambdaSettings(Map.of(), limits, network);
        this.maxMemMb = maxMemMb;
        this.markers = Map.copyOf(markers);
    }

    /**
     * Removes what a dead worker left half-done, and the code of lambdas that are gone.
     *
     * @throws IOException if the folder for code cannot be made or read
     */
    public void clean() throws IOException {
        Files.createDirectories(codeFolder);
        try (Stream<Path> lambdas = Files.list(codeFolder)) {
            for (Path lambda : lambdas.toList()) {
                String name = lambda.getFileName().toString();
                if (!LambdaName.valid(name) || store.find(name).isEmpty()) {
                    Folders.delete(lambda);
                }
            }
        }
    }

    /** Where the lambdas come from. */
    public LambdaStore store() {
        return store;
    }

    /**
     * The code of a lambda; asks the registry if what is known is older than {@code registry_cache_ms}.
     *
     * @throws RegistryException if there is none, or it cannot be used
     * @throws IOException if files cannot be read or written
     */
    public LambdaCode lookup(String name) throws RegistryException, IOException {
        Entry known = entries.get(name);
        if (known != null && fresh(known)) {
            return known.code;
        }
        LambdaName.check(name);
        Path source = find(name, known != null);
        Entry entry = entries.computeIfAbsent(name, key -> new Entry());
        synchronized (entry) {
            if (!fresh(entry)) {
                refresh(name, source, entry);
            }
            return entry.code;
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
                // a new exception, because several threads may throw it
                throw new RegistryException(entry.broken.kind(), entry.broken.getMessage(), entry.broken);
            }
            try {
                entry.code = load(name, source, fingerprint);
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
                // an archive that is being written looks damaged; what was whole goes on serving
                LOG.log(Level.WARNING, "keeping the old version: " + e.getMessage());
            }
            entry.fingerprint = fingerprint;
            if (!entry.tidied) {
                entry.tidied = true;
                removeVersions(name, Set.of(entry.code.version()));
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

    private LambdaCode load(String name, Path source, String fingerprint) throws RegistryException, IOException {
        Path home = codeFolder.resolve(name);
        Files.createDirectories(home);
        Path staging = Folders.sibling(home.resolve("code"), "unpack");
        try {
            String before = fingerprint;
            for (int tries = 1; ; tries++) {
                LambdaStore.write(name, source, staging);
                String after = LambdaStore.fingerprint(source);
                if (after.equals(before) || tries == TRIES) {
                    break;
                }
                before = after;
                Folders.delete(staging);
            }
            String version = hash(staging);
            Path folder = home.resolve(version);
            LeafSpec spec = spec(name, staging, folder);
            if (!Files.isDirectory(folder)) {
                Files.move(staging, folder, StandardCopyOption.ATOMIC_MOVE);
            }
            return new LambdaCode(version, generations.incrementAndGet(), spec);
        } catch (NoSuchFileException e) {
            throw new RegistryException(Kind.BROKEN, "lambda " + name + " changed while it was read; try again", e);
        } catch (IOException e) {
            throw new IOException(
                    "cannot unpack it into " + home + ": " + e.getMessage()
                            + "; is there room on that disk, and may the worker write there?",
                    e);
        } finally {
            Folders.delete(staging);
        }
    }

    private LeafSpec spec(String name, Path content, Path folder) throws RegistryException, IOException {
        try {
            Set<PackageId> packages = Requirements.parse(text(content, "requirements.txt"), markers);
            LambdaSettings settings = LambdaSettings.parse(text(content, "ol.yaml"), defaults, maxMemMb);
            return new LeafSpec(name, folder, packages, settings.limits(), settings.network(), settings.environment());
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
        return new String(Files.readAllBytes(path), StandardCharsets.UTF_8);
    }

    /** Hash over names, kinds and contents of all files, in the order of their names. */
    private static String hash(Path folder) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        List<Path> files = new ArrayList<>();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                files.add(file);
                return FileVisitResult.CONTINUE;
            }
        });
        files.sort(null);
        for (Path file : files) {
            boolean link = Files.isSymbolicLink(file);
            byte[] text = link ? Files.readSymbolicLink(file).toString().getBytes(StandardCharsets.UTF_8) : new byte[0];
            byte[] name = folder.relativize(file).toString().getBytes(StandardCharsets.UTF_8);
            digest.update(ByteBuffer.allocate(13)
                    .putInt(name.length)
                    .putLong(link ? text.length : Files.size(file))
                    .put((byte) (link ? 'l' : Files.isExecutable(file) ? 'x' : 'f'))
                    .flip());
            digest.update(name);
            digest.update(text);
            if (!link) {
                update(digest, file);
            }
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 16);
    }

    /** Piece by piece: a file may be larger than Java's memory. */
    private static void update(MessageDigest digest, Path file) throws IOException {
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
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
            removeVersions(name, kept);
        }
    }

    private void removeVersions(String name, Set<String> kept) {
        try (Stream<Path> versions = Files.list(codeFolder.resolve(name))) {
            for (Path version : versions.toList()) {
                if (!kept.contains(version.getFileName().toString())) {
                    // renamed first: half a version must never have a version's name
                    Path aside = Folders.sibling(version, "old");
                    Files.move(version, aside, StandardCopyOption.ATOMIC_MOVE);
                    Folders.delete(aside);
                }
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot remove old versions of lambda " + name + " in " + codeFolder, e);
        }
    }
}
