package io.zygotes.core.packages;

import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/** The packages that are there. Safe for use by many threads. */
final class InstalledPackages {

    private static final Logger LOG = System.getLogger(InstalledPackages.class.getName());

    private final Map<PackageId, Installed> installed = new ConcurrentHashMap<>();
    private final LongAdder fresh = new LongAdder();

    /**
     * Reads what is installed. What is no package, or one for another Python, is passed over.
     *
     * @param folder the folder of all packages
     * @param cacheTag what the packages must be for, such as {@code cpython-311}
     * @throws IOException if the folder cannot be read
     */
    void read(Path folder, String cacheTag) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.toList()) {
                String name = entry.getFileName().toString();
                if (!name.startsWith(".") && name.contains("==")) {
                    read(entry, name, cacheTag);
                }
            }
        }
    }

    private void read(Path entry, String name, String cacheTag) {
        try {
            PackageId id = PackageId.parse(name);
            PackageFolder.read(entry, id, cacheTag).ifPresent(this::add);
        } catch (IOException | IllegalArgumentException e) {
            LOG.log(Level.WARNING, "passing over " + entry + ", which is not a package; it can be deleted", e);
        }
    }

    void add(Installed added) {
        installed.put(added.info().id(), added);
    }

    /** As {@link #add}, of one that was installed just now. */
    void addNew(Installed added) {
        fresh.increment();
        add(added);
    }

    /** How many were installed, and not only found, since this was made. */
    long installedNow() {
        return fresh.sum();
    }

    /** Whether a package is there, from an archive that is wanted. */
    boolean has(Wanted wanted) {
        Installed found = installed.get(wanted.id());
        return found != null && found.satisfies(wanted);
    }

    /** One package; null if it is not installed. */
    Installed get(PackageId id) {
        return installed.get(id);
    }

    /** All packages; a snapshot. */
    Collection<PackageInfo> all() {
        return installed.values().stream().map(Installed::info).toList();
    }
}
