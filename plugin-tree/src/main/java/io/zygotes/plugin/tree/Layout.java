package io.zygotes.plugin.tree;

import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * The shape of a tree at work: which nodes serve which lambda, and which slots stand behind which node. Slots belong to
 * package sets and not to nodes, so that two nodes, and two trees, can share them. Safe for use by many threads.
 */
final class Layout {

    private final ZygoteTree tree;
    private final Plans plans;
    private final List<Set<Slot>> slotsOfNode = new ArrayList<>();
    private final List<LongAdder> hitsOfNode = new ArrayList<>();
    private final AtomicInteger users = new AtomicInteger();

    Layout(ZygoteTree tree, Plans plans) {
        this.tree = Objects.requireNonNull(tree);
        this.plans = plans;
        for (int i = 0; i < tree.size(); i++) {
            slotsOfNode.add(ConcurrentHashMap.newKeySet());
            hitsOfNode.add(new LongAdder());
        }
    }

    ZygoteTree tree() {
        return tree;
    }

    /** The nodes that fit a lambda with these pins, the best first, the root last. */
    List<Step> ranked(Set<PackageId> pins) throws PackageException, InterruptedException {
        return plans.ranked(pins);
    }

    /** Import time that the best node saves a lambda with these pins, in milliseconds. */
    double savedMillis(Set<PackageId> pins) throws PackageException, InterruptedException {
        return plans.savedMillis(pins);
    }

    /** Says that a leaf is being made from this tree; {@link #leave} must follow. */
    void enter() {
        users.incrementAndGet();
    }

    /** Ends {@link #enter}. */
    void leave() {
        users.decrementAndGet();
    }

    /** Whether a leaf is being made from this tree. */
    boolean inUse() {
        return users.get() > 0;
    }

    /** Says that this slot stands behind this step's node. */
    void use(Step step, Slot slot) {
        slotsOfNode.get(step.node()).add(slot);
    }

    /** Whether this slot stands behind any node. */
    boolean uses(Slot slot) {
        return slotsOfNode.stream().anyMatch(slots -> slots.contains(slot));
    }

    /** Forgets a slot that was given up. */
    void forget(Slot slot) {
        slotsOfNode.forEach(slots -> slots.remove(slot));
    }

    /** Counts a leaf that was forked from this step's zygote. */
    void hit(Step step) {
        hitsOfNode.get(step.node()).increment();
    }

    /** The tree with its living zygotes, for people. */
    CacheShape shape() {
        CacheShape.Node[] nodes = new CacheShape.Node[tree.size()];
        List<List<CacheShape.Node>> children = new ArrayList<>();
        for (int i = 0; i < tree.size(); i++) {
            children.add(new ArrayList<>());
        }
        // Numbers grow downwards, so from the last to the first every node's children are there before it.
        for (int i = tree.size() - 1; i >= 0; i--) {
            ZygoteTree.Place place = tree.places().get(i);
            nodes[i] = new CacheShape.Node(
                    place.node().packages().stream().map(Requirement::toString).toList(),
                    live(i),
                    hitsOfNode.get(i).sum(),
                    children.get(i).reversed());
            if (place.parent() >= 0) {
                children.get(place.parent()).add(nodes[i]);
            }
        }
        return new CacheShape(List.of(nodes[0]));
    }

    private List<CacheShape.Live> live(int node) {
        return slotsOfNode.get(node).stream()
                .flatMap(slot -> slot.live().stream())
                .map(zygote -> new CacheShape.Live(zygote.id(), zygote.packages()))
                .sorted(Comparator.comparing(CacheShape.Live::id))
                .toList();
    }
}
