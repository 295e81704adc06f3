package io.zygotes.launcher.doctor;

import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The packages of a trial: none. */
final class NoPackages implements Packages {

    @Override
    public PackageInfo install(PackageId id) throws PackageException {
        throw new PackageException(id, id + " is not needed to try a sandbox", null);
    }

    @Override
    public Optional<PackageInfo> installed(PackageId id) {
        return Optional.empty();
    }

    @Override
    public List<PackageInfo> closure(PackageId id, Set<PackageId> pins) {
        return List.of();
    }

    @Override
    public Optional<ImportCost> cost(PackageId id) {
        return Optional.empty();
    }

    @Override
    public Collection<PackageInfo> all() {
        return List.of();
    }
}
