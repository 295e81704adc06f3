package io.zygotes.launcher.measure.tree;

import io.zygotes.plugin.tree.fit.TraceCosts;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Measures what importing a package costs as a worker would: in a zygote that is forked from the root and imports all
 * that the package needs before it. The median of three, because the first one also reads the files from disk.
 */
final class ImportMeasurement {

    private static final int ROUNDS = 3;

    private final ImportCacheContext worker;
    private final PrintWriter err;
    private Optional<Zygote> root = Optional.empty();

    /**
     * @param worker where it is measured
     * @param err gets a line for each package
     */
    ImportMeasurement(ImportCacheContext worker, PrintWriter err) {
        this.worker = worker;
        this.err = err;
    }

    /** Measures what can be measured; the others are reported and left out. */
    Map<PackageId, TraceCosts.Measured> measure(List<TraceCosts.Missing> missing) throws InterruptedException {
        Map<PackageId, TraceCosts.Measured> measured = new LinkedHashMap<>();
        int number = 0;
        for (TraceCosts.Missing each : missing) {
            String place = ++number + "/" + missing.size() + " " + each.id();
            try {
                TraceCosts.Measured result = measure(each);
                measured.put(each.id(), result);
                err.println(String.format(
                        Locale.ROOT,
                        "%s: %.1f ms, %.1f MiB",
                        place,
                        result.cost().millis(),
                        result.cost().megabytes()));
            } catch (PackageException | SandboxException e) {
                err.println("zygotes: " + place + " cannot be measured: " + message(e));
            }
            err.flush();
        }
        root.ifPresent(Zygote::destroy);
        return measured;
    }

    private static String message(Exception error) {
        return error instanceof SandboxException.ImportFailed failed
                        && !failed.traceback().isBlank()
                ? failed.getMessage() + " ("
                        + failed.traceback().strip().lines().toList().getLast().strip() + ")"
                : error.getMessage();
    }

    private TraceCosts.Measured measure(TraceCosts.Missing missing)
            throws PackageException, SandboxException, InterruptedException {
        List<PackageInfo> closure = worker.packages().closure(missing.id(), missing.pins());
        ZygoteSpec spec = new ZygoteSpec(closure.stream().map(PackageInfo::id).toList(), worker.zygoteLimits());
        List<ImportCost> costs = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            costs.add(cost(missing.id(), spec));
        }
        costs.sort(Comparator.comparingDouble(ImportCost::millis));
        return new TraceCosts.Measured(closure.getLast(), costs.get(ROUNDS / 2));
    }

    private ImportCost cost(PackageId id, ZygoteSpec spec) throws SandboxException, InterruptedException {
        Zygote zygote = worker.sandboxes().createZygote(Optional.of(root()), spec);
        try {
            ImportCost cost = zygote.importCosts().get(id);
            if (cost == null) {
                throw new SandboxException("the zygote " + zygote.id() + " does not say what importing " + id
                        + " cost; it says " + zygote.importCosts());
            }
            return cost;
        } finally {
            zygote.destroy();
        }
    }

    private Zygote root() throws SandboxException, InterruptedException {
        if (root.isEmpty() || !root.get().alive()) {
            root = Optional.of(worker.sandboxes()
                    .createZygote(Optional.empty(), new ZygoteSpec(List.of(), worker.zygoteLimits())));
        }
        return root.get();
    }
}
