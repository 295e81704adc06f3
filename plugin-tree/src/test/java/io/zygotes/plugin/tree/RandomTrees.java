package io.zygotes.plugin.tree;

import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.testkit.FakePackages;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Trees of every shape over given packages, pinned and bare. */
final class RandomTrees {

    private RandomTrees() {}

    static ZygoteTree of(Random random, FakePackages packages) {
        return new ZygoteTree(new ZygoteTree.Node(List.of(), children(random, packages, Set.of(), 0)));
    }

    private static List<ZygoteTree.Node> children(Random random, FakePackages packages, Set<String> above, int depth) {
        List<ZygoteTree.Node> children = new ArrayList<>();
        for (int i = depth > 4 ? 0 : random.nextInt(depth == 0 ? 6 : 4); i > 0; i--) {
            Set<String> names = new HashSet<>(above);
            List<Requirement> requirements = new ArrayList<>();
            for (int j = random.nextInt(4); j > 0; j--) {
                String name =
                        packages.names().get(random.nextInt(packages.names().size()));
                if (names.add(name)) {
                    List<PackageId> versions = packages.versions(name);
                    requirements.add(
                            random.nextBoolean()
                                    ? Requirement.parse(name)
                                    : Requirement.of(versions.get(random.nextInt(versions.size()))));
                }
            }
            children.add(new ZygoteTree.Node(requirements, children(random, packages, names, depth + 1)));
        }
        return children;
    }
}
