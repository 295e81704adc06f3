package io.zygotes.sandbox.sock.protocol;

import io.zygotes.spi.PackageId;
import java.util.Collection;
import java.util.List;

/** Where a sandbox sees a package. */
public final class PackageFolder {

    private PackageFolder() {}

    /** The name of a package's folder below {@code /packages}. */
    public static String name(PackageId id) {
        return id.name() + "-" + id.version();
    }

    /** The names of some packages' folders, in the order of the packages. */
    public static List<String> names(Collection<PackageId> packages) {
        return packages.stream().sorted().map(PackageFolder::name).toList();
    }

    /** The path of a package's folder. */
    public static String path(PackageId id) {
        return Protocol.PATH_PACKAGES + "/" + name(id);
    }
}
