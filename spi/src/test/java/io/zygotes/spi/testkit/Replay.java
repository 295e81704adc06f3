package io.zygotes.spi.testkit;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.DoubleConsumer;

/**
 * Lets a strategy serve the calls of a {@link CallTrace} in a {@link FakeSandboxes}, so that strategies can be compared
 * without a worker. Immutable.
 *
 * <p>What it models: a call takes an idle leaf of its lambda, the one that was used last; if there is none, the cache
 * makes one, on the calling thread as in a worker. The call then lasts as long as the making of all sandboxes that it
 * had to wait for, by the model of {@link FakeSandboxes}, and the lambda itself. Idle leaves are frozen and stay until
 * the memory is needed. A call for which there is no memory fails.
 *
 * <p>Time passes in the model only. A strategy that looks at the system's clock sees everything happen at once; one
 * that is given a clock can be given that of {@link #telling}. What a strategy does in threads of its own takes real
 * time, and what they make costs no call anything.
 */
public final class Replay {

    private final CallTrace trace;
    private final long poolMib;
    private final Map<String, Object> options;
    private final Optional<Object> tree;
    private final boolean leavesStay;
    private final DoubleConsumer clock;

    private Replay(
            CallTrace trace,
            long poolMib,
            Map<String, Object> options,
            Optional<Object> tree,
            boolean leavesStay,
            DoubleConsumer clock) {
        this.trace = trace;
        this.poolMib = poolMib;
        this.options = options;
        this.tree = tree;
        this.leavesStay = leavesStay;
        this.clock = clock;
    }

    /**
     * A replay without settings.
     *
     * @param trace the calls
     * @param poolMib the memory for all sandboxes, in MiB
     */
    public static Replay of(CallTrace trace, long poolMib) {
        return new Replay(Objects.requireNonNull(trace), poolMib, Map.of(), Optional.empty(), true, millis -> {});
    }

    /** The same with options for the strategy. */
    public Replay withOptions(Map<String, Object> values) {
        return new Replay(trace, poolMib, Map.copyOf(values), tree, leavesStay, clock);
    }

    /** The same with an {@code import_cache_tree}. */
    public Replay withTree(Object value) {
        return new Replay(trace, poolMib, options, Optional.of(value), leavesStay, clock);
    }

    /** The same, but each leaf goes with its first call, so that every call shows what the strategy does. */
    public Replay withoutWarmLeaves() {
        return new Replay(trace, poolMib, options, tree, false, clock);
    }

    /**
     * The same, but somebody hears what time it is.
     *
     * @param whom told before each call when it came, in milliseconds as in the trace
     */
    public Replay telling(DoubleConsumer whom) {
        return new Replay(trace, poolMib, options, tree, leavesStay, Objects.requireNonNull(whom));
    }

    /**
     * What came of it.
     *
     * @param warm calls that found an idle leaf
     * @param hits calls whose leaf was forked from a zygote that was there
     * @param cold calls whose leaf is a fresh process, or had to wait for a zygote
     * @param failed calls for which no leaf could be made
     * @param startMillis how long each call waited for its leaf, in milliseconds, sorted; failed ones are not among
     *     them
     * @param zygotesMade how many zygotes were made
     * @param mostReservedBytes the most memory that was reserved at one time
     */
    public record Outcome(
            long warm,
            long hits,
            long cold,
            long failed,
            List<Double> startMillis,
            int zygotesMade,
            long mostReservedBytes) {

        /** Copies the list. */
        public Outcome {
            startMillis = List.copyOf(startMillis);
        }

        /** How long all calls together waited, in milliseconds. */
        public double totalMillis() {
            return startMillis.stream().mapToDouble(Double::doubleValue).sum();
        }

        /**
         * How long calls waited at the most, apart from the slowest.
         *
         * @param share the share of calls that waited no longer, from 0 to 1: 0.5 for the median
         * @return milliseconds; 0 if there is no call
         */
        public double percentile(double share) {
            return startMillis.isEmpty()
                    ? 0
                    : startMillis.get((int) Math.min(startMillis.size() - 1L, (long) (share * startMillis.size())));
        }

        /** All of it in one line. */
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%d warm, %d hits, %d cold, %d failed; start ms: sum %.0f, p50 %.1f, p99 %.1f; %d zygotes, at most"
                            + " %d MiB",
                    warm,
                    hits,
                    cold,
                    failed,
                    totalMillis(),
                    percentile(0.5),
                    percentile(0.99),
                    zygotesMade,
                    mostReservedBytes >> 20);
        }
    }

    /**
     * Makes the calls, one after another.
     *
     * @param provider the strategy; it gets packages whose costs nobody measured yet
     * @throws ConfigException if the strategy refuses the settings
     * @throws PackageException if the strategy asks for a package that does not exist
     * @throws InterruptedException if the calling thread is interrupted
     */
    public Outcome run(ImportCacheProvider provider) throws ConfigException, PackageException, InterruptedException {
        FakePackages packages = trace.packages().unmeasured();
        FakeSandboxes pool = new FakeSandboxes(packages, poolMib);
        FakeContext context = new FakeContext(pool, packages, options, tree, Path.of("."));
        try (ImportCache cache = provider.create(context)) {
            pool.listener(cache::onEvent);
            return new Run(pool, cache).all();
        }
    }

    /** A leaf that serves a call until then. */
    private record Busy(double untilMillis, Leaf leaf) {}

    private final class Run {
        private final FakeSandboxes pool;
        private final ImportCache cache;
        private final PriorityQueue<Busy> busy = new PriorityQueue<>(Comparator.comparingDouble(Busy::untilMillis));
        private final Map<String, Deque<Leaf>> idle = new HashMap<>();
        private final List<FakeSandboxes.Made> made = new ArrayList<>();
        private final List<Double> startMillis = new ArrayList<>();
        private long warm;
        private long hits;
        private long cold;
        private long failed;

        Run(FakeSandboxes pool, ImportCache cache) {
            this.pool = pool;
            this.cache = cache;
            Thread caller = Thread.currentThread();
            pool.births(birth -> {
                if (Thread.currentThread() == caller) {
                    made.add(birth);
                }
            });
        }

        Outcome all() throws PackageException, InterruptedException {
            for (CallTrace.Call call : trace.calls()) {
                while (!busy.isEmpty() && busy.peek().untilMillis() <= call.atMillis()) {
                    end(busy.poll().leaf());
                }
                clock.accept(call.atMillis());
                try {
                    serve(call);
                } catch (SandboxException e) {
                    // A worker answers it with an error and goes on.
                    failed++;
                }
            }
            busy.forEach(last -> end(last.leaf()));
            startMillis.sort(null);
            return new Outcome(warm, hits, cold, failed, startMillis, pool.zygotesMade(), pool.mostReservedBytes());
        }

        private void serve(CallTrace.Call call) throws SandboxException, PackageException, InterruptedException {
            Optional<Leaf> there = idleLeaf(call.lambda());
            Leaf leaf;
            double millis = 0;
            if (there.isPresent()) {
                leaf = there.get();
                leaf.thaw();
                warm++;
            } else {
                made.clear();
                leaf = cache.createLeaf(pool.request(FakeContext.leaf(call.lambda(), call.pins())));
                millis = made.stream().mapToDouble(FakeSandboxes.Made::millis).sum();
                boolean hit = made.size() == 1 && made.getFirst().parent().isPresent();
                hits += hit ? 1 : 0;
                cold += hit ? 0 : 1;
            }
            startMillis.add(millis);
            busy.add(new Busy(call.atMillis() + millis + call.runMillis(), leaf));
        }

        private Optional<Leaf> idleLeaf(String lambda) {
            Deque<Leaf> leaves = idle.getOrDefault(lambda, new ArrayDeque<>());
            while (!leaves.isEmpty()) {
                Leaf leaf = leaves.pop();
                // It may have been evicted.
                if (leaf.alive()) {
                    return Optional.of(leaf);
                }
            }
            return Optional.empty();
        }

        private void end(Leaf leaf) {
            if (leavesStay) {
                leaf.freeze();
                idle.computeIfAbsent(leaf.spec().lambda(), lambda -> new ArrayDeque<>())
                        .push(leaf);
            } else {
                leaf.destroy();
            }
        }
    }
}
