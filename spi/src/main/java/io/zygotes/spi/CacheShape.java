package io.zygotes.spi;

import java.util.List;

/**
 * What a cache looks like now, for people to see.
 *
 * @param roots the trees; empty for a cache that keeps no zygotes
 */
@Stability(Stability.Level.STABLE)
public record CacheShape(List<Node> roots) {

    /** A cache without zygotes. */
    public static final CacheShape EMPTY = new CacheShape(List.of());

    /** Copies the list. */
    public CacheShape {
        roots = List.copyOf(roots);
    }

    /**
     * A place in a tree.
     *
     * @param packages what the node adds, such as {@code numpy} or {@code numpy==2.2.3}; empty for a root
     * @param zygotes the zygotes that back it now
     * @param hits how many leaves were forked from its zygotes so far
     * @param children the nodes below
     */
    public record Node(List<String> packages, List<Live> zygotes, long hits, List<Node> children) {

        /** Copies the lists. */
        public Node {
            packages = List.copyOf(packages);
            zygotes = List.copyOf(zygotes);
            children = List.copyOf(children);
        }
    }

    /**
     * A zygote that lives.
     *
     * @param id its {@link Sandbox#id}
     * @param packages all that it has imported
     */
    public record Live(String id, List<PackageId> packages) {

        /** Copies the list. */
        public Live {
            packages = List.copyOf(packages);
        }
    }
}
