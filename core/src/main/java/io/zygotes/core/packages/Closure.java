package io.zygotes.core.packages;

import io.zygotes.core.packages.Extras.Need;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A package and everything it needs, what comes with extras included, in an order in which it can be imported. What is
 * not pinned is left out. For one use on one thread.
 */
final class Closure {

    /** Installs what is missing. */
    @FunctionalInterface
    interface Source {
        Installed install(PackageId id) throws PackageException, InterruptedException;
    }

    private final Source source;
    private final Map<String, PackageId> pins = new LinkedHashMap<>();
    private final Map<PackageId, PackageInfo> order = new LinkedHashMap<>();
    /** From the first package to the present one: one that stands here is passed over, which breaks cycles. */
    private final List<PackageId> path = new ArrayList<>();

    private Closure(Set<PackageId> pins, Source source) {
        this.source = source;
        pins.forEach(pin -> this.pins.put(pin.name(), pin));
    }

    /**
     * The closure of a package.
     *
     * @throws IllegalArgumentException if it is not one of the pinned ones
     */
    static List<PackageInfo> of(PackageId id, Set<PackageId> pins, Source source)
            throws PackageException, InterruptedException {
        if (!pins.contains(id)) {
            throw new IllegalArgumentException(id + " is not one of the pinned packages " + pins);
        }
        Closure closure = new Closure(pins, source);
        closure.add(id.name());
        return List.copyOf(closure.order.values());
    }

    /** Depth first. */
    private void add(String name) throws PackageException, InterruptedException {
        PackageId id = pins.get(name);
        if (id == null || order.containsKey(id) || path.contains(id)) {
            return;
        }
        path.add(id);
        Installed found = source.install(id);
        for (String dependency : found.info().dependencies()) {
            add(dependency);
        }
        Set<String> seen = new HashSet<>();
        for (String asked : found.extras().asked()) {
            addExtras(asked, seen);
        }
        path.removeLast();
        order.put(id, found.info());
    }

    /** What the extras of a package need, which may be extras of others, or of the same one. */
    private void addExtras(String asked, Set<String> seen) throws PackageException, InterruptedException {
        Need need = Need.parse(asked);
        PackageId id = pins.get(need.name());
        if (id == null || !seen.add(asked)) {
            return;
        }
        Extras extras = source.install(id).extras();
        for (String extra : need.extras()) {
            for (String more : extras.own().getOrDefault(extra, List.of())) {
                add(Need.parse(more).name());
                addExtras(more, seen);
            }
        }
    }
}
