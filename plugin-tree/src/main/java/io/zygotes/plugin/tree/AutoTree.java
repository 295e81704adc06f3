package io.zygotes.plugin.tree;

import io.zygotes.plugin.tree.fit.FitException;
import io.zygotes.plugin.tree.fit.Trace;
import io.zygotes.plugin.tree.fit.TreeFitter;
import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.FunctionZygoteRequest;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A tree that learns from the leaves that it is asked for. In the background, on one thread of low priority, it fits a
 * tree to them now and then; if that one would save enough more of their import time, its zygotes are made and new
 * leaves come from it. Zygotes that both trees have stay; the others end when no leaf is being made from them. What it
 * has learned is kept over restarts.
 */
final class AutoTree implements ImportCache {

    private static final System.Logger LOG = System.getLogger(AutoTree.class.getName());
    /** As many as the plans that a tree keeps. */
    private static final int MOST_SETS = 1000;

    private static final long MOST_CALLS = 100_000;
    /** A handful of leaves says nothing about those to come. */
    private static final long LEAST_NEW_CALLS = 20;

    private static final Duration BETWEEN_CLEARINGS = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final TreeCache cache;
    private final AutoOptions options;
    private final ImportCacheContext context;
    private final Savings savings;
    private final Traffic traffic = new Traffic(MOST_SETS, MOST_CALLS);
    /**
     * Who writes to which folder. At a reload the next one is made while this one works: it has this one write first,
     * and reads then; and this one, which ends later, must not write over what the next one learned.
     */
    private static final Map<Path, AutoTree> NEWEST = new ConcurrentHashMap<>();

    private final Optional<Path> folder;
    private final Optional<AutoMemory> memory;
    private final boolean remembered;
    private final Thread refitter;
    private volatile boolean closed;
    private volatile long refits;
    private volatile long moves;
    private volatile long kept;

    /**
     * @param first the tree for a start that nothing was learned before
     * @param treeOptions options of any tree
     * @param options what a new tree must keep to
     * @param context what the worker gives
     */
    AutoTree(ZygoteTree first, TreeOptions treeOptions, AutoOptions options, ImportCacheContext context) {
        folder = context.stateDirectory();
        memory = folder.map(AutoMemory::new);
        folder.map(NEWEST::get).ifPresent(AutoTree::keep);
        AutoMemory.Learned learned = memory.map(AutoMemory::load).orElse(AutoMemory.Learned.NOTHING);
        Optional<ZygoteTree> tree = learned.tree().filter(each -> each.size() <= options.nodes());
        tree.ifPresent(each -> LOG.log(
                System.Logger.Level.INFO, "starts with the tree of {0} nodes that was learned before", each.size()));
        remembered = tree.isPresent();
        traffic.restore(learned.calls());
        cache = new TreeCache(tree.orElse(first), treeOptions, context);
        this.options = options;
        this.context = context;
        this.savings = new Savings(context.packages());
        this.refitter = Thread.ofPlatform()
                .name("tree-refit")
                .daemon()
                .priority(Thread.MIN_PRIORITY)
                .unstarted(this::run);
        folder.ifPresent(path -> NEWEST.put(path, this));
    }

    /** The same, with its thread. */
    static AutoTree start(TreeOptions treeOptions, AutoOptions options, ImportCacheContext context) {
        AutoTree auto = new AutoTree(TreeReader.bundled(), treeOptions, options, context);
        auto.refitter.start();
        return auto;
    }

    @Override
    public Leaf createLeaf(LeafRequest request) throws SandboxException, PackageException, InterruptedException {
        traffic.count(request.spec().packages());
        return cache.createLeaf(request);
    }

    @Override
    public Optional<Zygote> createFunctionZygote(FunctionZygoteRequest request)
            throws SandboxException, PackageException, InterruptedException {
        return cache.createFunctionZygote(request);
    }

    private void run() {
        long before = 0;
        try {
            while (!closed) {
                Thread.sleep(options.interval());
                long seen = traffic.seen();
                if (seen - before >= LEAST_NEW_CALLS) {
                    before = seen;
                    refitOrSay();
                }
                while (!clearAwayUnused()) {
                    Thread.sleep(BETWEEN_CLEARINGS);
                }
                keep();
            }
        } catch (InterruptedException e) {
            // The cache is closed.
        }
    }

    /** Writes down what was learned, if there is anything new. */
    private synchronized void keep() {
        long seen = traffic.seen();
        AutoTree newest = folder.map(path -> NEWEST.getOrDefault(path, this)).orElse(this);
        if (memory.isPresent() && seen != kept && newest == this) {
            boolean learned = remembered || moves > 0;
            if (memory.get()
                    .save(new AutoMemory.Learned(
                            learned ? Optional.of(tree()) : Optional.empty(), traffic.inOrder()))) {
                kept = seen;
            }
        }
    }

    private void refitOrSay() throws InterruptedException {
        try {
            refit();
        } catch (FitException e) {
            LOG.log(System.Logger.Level.DEBUG, "no other tree can be made", e);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "fitting a tree to the traffic failed; the present one stays", e);
        }
    }

    /**
     * Fits a tree to the traffic, and moves to it if that gains enough.
     *
     * @return whether it moved
     * @throws FitException if no node fits into the memory
     */
    boolean refit() throws FitException, InterruptedException {
        List<Trace.Calls> calls = traffic.calls();
        if (calls.isEmpty()) {
            return false;
        }
        try {
            return refitTo(calls);
        } finally {
            refits++;
        }
    }

    private boolean refitTo(List<Trace.Calls> calls) throws FitException, InterruptedException {
        // A zygote's model leaves out what it costs beside its packages; leaves need memory, too.
        double memory = context.memory().totalBytes() / 2.0 / (1 << 20);
        ZygoteTree tree = TreeFitter.tree(
                new Trace(packages(calls), calls)
                        .without(id -> context.packages().unfit(id).isPresent()),
                new TreeFitter.Settings(
                        options.nodes(), OptionalDouble.of(memory), TreeFitter.Versions.ANY, options.seed()));
        Layout now = cache.present();
        Layout next = cache.layout(tree);
        double gained = 0;
        double total = 0;
        List<Set<PackageId>> lambdas = new ArrayList<>();
        for (Trace.Calls each : calls) {
            try {
                gained += (next.savedMillis(each.packages()) - now.savedMillis(each.packages())) * each.count();
                total += savings.millis(each.packages()) * each.count();
                lambdas.add(each.packages());
            } catch (PackageException e) {
                LOG.log(System.Logger.Level.DEBUG, "a lambda whose packages cannot be installed is passed over", e);
            }
        }
        if (!(gained > options.gainShare() * total)) {
            return false;
        }
        try {
            move(next, lambdas);
        } catch (PackageException e) {
            LOG.log(System.Logger.Level.WARNING, "the tree stays as it is: {0}", e.getMessage());
            return false;
        }
        LOG.log(
                System.Logger.Level.INFO,
                "moved to a tree of {0} nodes, which saves {1} % more of the import time of the" + " lambdas seen",
                tree.size(),
                Math.round(100 * gained / total));
        return true;
    }

    private void move(Layout next, List<Set<PackageId>> lambdas) throws PackageException, InterruptedException {
        for (Set<PackageId> pins : lambdas.subList(0, Math.min(lambdas.size(), options.nodes()))) {
            if (closed) {
                throw new InterruptedException("closed");
            }
            // Nobody waits for these zygotes yet, so nothing must be evicted for them.
            if (context.memory().freeBytes() >= (long) context.zygoteLimits().memMb() << 20) {
                cache.prepare(next, pins);
            }
        }
        cache.moveTo(next, lambdas);
        moves++;
        cache.clearAwayUnused();
    }

    private List<Trace.TracedPackage> packages(List<Trace.Calls> calls) {
        Set<PackageId> ids = new LinkedHashSet<>();
        calls.forEach(each -> each.packages().stream().sorted().forEach(ids::add));
        List<Trace.TracedPackage> packages = new ArrayList<>();
        for (PackageId id : ids) {
            List<Requirement> dependencies =
                    context.packages().installed(id).map(PackageInfo::dependencies).orElse(List.of()).stream()
                            .map(Requirement::parse)
                            .toList();
            packages.add(new Trace.TracedPackage(
                    id,
                    dependencies,
                    OptionalDouble.of(savings.millis(id)),
                    OptionalDouble.of(savings.megabytes(Set.of(id)))));
        }
        return packages;
    }

    /** The tree at work now. */
    ZygoteTree tree() {
        return cache.present().tree();
    }

    /** As {@link TreeCache#clearAwayUnused}. */
    boolean clearAwayUnused() {
        return cache.clearAwayUnused();
    }

    @Override
    public void onEvent(SandboxEvent event) {
        cache.onEvent(event);
    }

    @Override
    public Map<String, Number> statistics() {
        Map<String, Number> numbers = new TreeMap<>(cache.statistics());
        numbers.put("refits", refits);
        numbers.put("refit_moves", moves);
        numbers.put("refit_lambdas", traffic.sets());
        return Map.copyOf(numbers);
    }

    @Override
    public CacheShape shape() {
        return cache.shape();
    }

    @Override
    public void close() {
        closed = true;
        cache.close();
        refitter.interrupt();
        try {
            if (refitter.isAlive() && !refitter.join(PATIENCE)) {
                LOG.log(System.Logger.Level.WARNING, "a fit of the tree goes on behind the end of its worker");
            }
        } catch (InterruptedException e) {
            // It is told to end and makes nothing any more.
            Thread.currentThread().interrupt();
        }
        keep();
        folder.ifPresent(path -> NEWEST.remove(path, this));
    }
}
