package io.zygotes.plugin.tree;

import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * The other zygote of the root: forked from it, without packages as well, and with modules of the standard library. It
 * serves lambdas that no node saves anything and that import one of these modules. The others come from the root
 * itself: each module makes each fork a little slower, and some must not be there for some lambdas. It is made on a
 * thread of its own when somebody first needs it, who does not wait for it. Safe for use by many threads.
 */
final class LibraryRoot {

    private static final System.Logger LOG = System.getLogger(LibraryRoot.class.getName());

    private final NodeZygotes nodes;
    private final NodeZygotes withModules;
    private final Sandboxes sandboxes;
    private final Set<String> tops;
    private final Slots slots;
    private final AtomicReference<Thread> making = new AtomicReference<>();
    private final LongAdder leaves = new LongAdder();

    /**
     * @param nodes the zygotes of the tree
     * @param modules what it imports; if there are none, it is never made
     * @param sandboxes makes it
     * @param nanoTime a clock as {@link System#nanoTime}
     */
    LibraryRoot(NodeZygotes nodes, List<String> modules, Sandboxes sandboxes, LongSupplier nanoTime) {
        this.nodes = nodes;
        this.sandboxes = sandboxes;
        tops = modules.stream().map(LibraryRoot::top).collect(Collectors.toUnmodifiableSet());
        slots = new Slots(nanoTime, slot -> {});
        withModules = nodes.withModules(modules, slots);
    }

    private static String top(String module) {
        int dot = module.indexOf('.');
        return dot < 0 ? module : module.substring(0, dot);
    }

    /** Gives the zygote of this step for a request; of the root, the one that saves its lambda more. */
    ZygoteSource<MakingFailed> source(Layout layout, Step step, LeafRequest request) {
        ZygoteSource<MakingFailed> plain = nodes.source(layout, step, Need.of(request));
        if (!step.isRoot() || request.imports().stream().noneMatch(module -> tops.contains(top(module)))) {
            return plain;
        }
        return () -> {
            Optional<Zygote> living = withModules.living(layout, step);
            if (living.isPresent()) {
                leaves.increment();
                return living;
            }
            order(layout, step);
            return plain.get();
        };
    }

    /** Has it made, if nobody does, and if it could not be made a short while ago, later. */
    private void order(Layout layout, Step root) {
        if (slots.closed() || making.get() != null || withModules.resting(root)) {
            return;
        }
        Thread maker = Thread.ofPlatform().daemon().name("tree-library").unstarted(() -> make(layout, root));
        if (making.compareAndSet(null, maker)) {
            try {
                maker.start();
            } catch (OutOfMemoryError e) {
                making.set(null);
                LOG.log(System.Logger.Level.DEBUG, "no thread can be had that makes the zygote of the library", e);
            }
        }
    }

    private void make(Layout layout, Step root) {
        try {
            withModules.zygote(layout, root, Need.ahead(sandboxes));
        } catch (MakingFailed | SandboxException | PackageException | InterruptedException e) {
            LOG.log(System.Logger.Level.DEBUG, "the root serves without modules of the standard library", e);
        } finally {
            making.set(null);
        }
    }

    /** How many leaves came from it. */
    long leaves() {
        return leaves.sum();
    }

    /** As {@link Slots#forget}. */
    void forget(Zygote gone, boolean evicted) {
        if (gone.packages().isEmpty()) {
            slots.forget(gone, evicted);
        }
    }

    /** Destroys it. */
    void close() {
        slots.close();
        Thread maker = making.get();
        if (maker != null) {
            maker.interrupt();
        }
    }
}
