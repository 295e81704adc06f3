package io.zygotes.core.function;

import io.zygotes.spi.PackageId;
import io.zygotes.spi.Packages;
import io.zygotes.spi.SandboxException.ImportFailed;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Says which packages are needed and not pinned, where an import failed that may be for want of one. */
final class MissingPins {

    /** What Python says then. */
    private static final List<String> SIGNS =
            List.of("No module named", "cannot import name", "DistributionNotFound", "PackageNotFoundError");

    private MissingPins() {}

    /**
     * The same failure, with what is missing.
     *
     * @param pins the packages of the lambda
     * @param packages what they need
     * @return the failure itself, if nothing is missing or it has another reason
     */
    static ImportFailed told(ImportFailed failed, Set<PackageId> pins, Packages packages) {
        if (SIGNS.stream().noneMatch(failed.getMessage()::contains)) {
            return failed;
        }
        Set<String> names = pins.stream().map(PackageId::name).collect(Collectors.toSet());
        List<String> missing = new ArrayList<>();
        for (PackageId id : new TreeSet<>(pins)) {
            List<String> needed = packages.installed(id).stream()
                    .flatMap(info -> info.dependencies().stream())
                    .filter(dependency -> !names.contains(dependency))
                    .toList();
            if (!needed.isEmpty()) {
                missing.add(id.name() + " needs " + String.join(", ", needed));
            }
        }
        if (missing.isEmpty()) {
            return failed;
        }
        return new ImportFailed(
                failed.getMessage() + ". requirements.txt does not pin all that its packages need: "
                        + String.join("; ", missing) + ". Pin indirect packages, too, as pip-compile and pip freeze do",
                failed.traceback());
    }
}
