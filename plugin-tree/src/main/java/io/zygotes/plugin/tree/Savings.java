package io.zygotes.plugin.tree;

import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import java.util.Collection;
import java.util.Optional;

/**
 * What a zygote saves a leaf: the sum of what its packages cost to import. A package that was never measured is taken
 * to cost 20 ms times the square root of its size in MiB: import time grows with the code that is there, but the large
 * packages are mostly libraries and data that the import does not touch.
 */
final class Savings {

    private static final double MILLIS_PER_ROOT_MIB = 20;

    private final Packages packages;

    Savings(Packages packages) {
        this.packages = packages;
    }

    double millis(Collection<PackageId> ids) {
        double sum = 0;
        for (PackageId id : ids) {
            sum += millis(id);
        }
        return sum;
    }

    double millis(PackageId id) {
        Optional<ImportCost> cost = packages.cost(id);
        return cost.isPresent() ? cost.get().millis() : MILLIS_PER_ROOT_MIB * Math.sqrt(bytes(id) / (1 << 20));
    }

    /** How large a zygote is, for choosing between two that save the same. */
    double megabytes(Collection<PackageId> ids) {
        double sum = 0;
        for (PackageId id : ids) {
            sum += packages.cost(id).map(ImportCost::megabytes).orElse(bytes(id) / (1 << 20));
        }
        return sum;
    }

    private double bytes(PackageId id) {
        return packages.installed(id).map(PackageInfo::bytes).orElse(0L);
    }
}
