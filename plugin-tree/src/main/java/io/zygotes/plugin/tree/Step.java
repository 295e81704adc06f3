package io.zygotes.plugin.tree;

import io.zygotes.spi.PackageId;
import java.util.List;
import java.util.Set;

/**
 * A node as it is for one lambda: the zygote that must stand behind it. Steps of two lambdas with equal
 * {@code packages} share their zygote.
 *
 * @param node the node's number in the tree
 * @param parent the step above; null for the root
 * @param packages all packages of the zygote, every one pinned by the lambda
 * @param order the same in import order: the parent's first, then what the node adds with all that it needs
 */
record Step(int node, Step parent, Set<PackageId> packages, List<PackageId> order) {

    Step {
        packages = Set.copyOf(packages);
        order = List.copyOf(order);
    }

    /** The step to fork from: the closest one above with fewer packages; null if there is none. */
    Step source() {
        Step above = parent;
        while (above != null && above.packages.size() == packages.size()) {
            above = above.parent;
        }
        return above;
    }

    boolean isRoot() {
        return parent == null;
    }
}
