package io.zygotes.core.packages;

import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Packages that no zygote may hold, because a fork does not carry over what they leave when they are imported. It
 * stands in their {@code package.json}, so that the next worker knows it. Safe for use by many threads.
 */
public final class UnfitPackages {

    private static final Logger LOG = System.getLogger(UnfitPackages.class.getName());

    private final Path folder;
    private final Map<PackageId, String> reasons = new ConcurrentHashMap<>();

    /** @param folder the folder of all packages */
    UnfitPackages(Path folder) {
        this.folder = folder;
    }

    /**
     * Reads what workers wrote down, without one.
     *
     * @param folder the folder of all packages
     * @return packages that no zygote may hold, with the reasons; empty if there is no folder
     */
    public static Map<PackageId, String> in(Path folder) throws IOException {
        Map<PackageId, String> found = new TreeMap<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> places = Files.newDirectoryStream(folder)) {
                for (Path place : places) {
                    Optional<PackageId> id = PackageFolder.identity(place);
                    if (id.isPresent()) {
                        PackageFolder.unfit(place).ifPresent(reason -> found.put(id.get(), reason));
                    }
                }
            }
        }
        return found;
    }

    /** Reads what is known of an installed package. */
    void read(PackageId id) {
        try {
            PackageFolder.unfit(folder.resolve(id.toString())).ifPresent(reason -> reasons.put(id, reason));
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot read whether " + id + " is fit for zygotes; it is tried again", e);
        }
    }

    /** Takes what a zygote found out; told once in the log. */
    void learn(Map<PackageId, String> found) {
        found.forEach((id, reason) -> {
            if (reasons.putIfAbsent(id, reason) != null) {
                return;
            }
            LOG.log(
                    Level.WARNING,
                    id + " is unfit for zygotes: " + reason + " when it is imported, which a fork does not carry over."
                            + " Lambdas import it themselves from now on");
            try {
                PackageFolder.markUnfit(folder.resolve(id.toString()), reason);
            } catch (IOException e) {
                LOG.log(Level.WARNING, "cannot write down that " + id + " is unfit for zygotes", e);
            }
        });
    }

    /** Why a package is; empty if it is not known to be. */
    Optional<String> reason(PackageId id) {
        return Optional.ofNullable(reasons.get(id));
    }

    /** All of them; a snapshot. */
    Map<PackageId, String> all() {
        return new TreeMap<>(reasons);
    }
}
