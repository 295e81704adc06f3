package io.zygotes.core.fake;

import io.zygotes.spi.CreationSteps;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Reply;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import io.zygotes.spi.mechanism.SandboxMechanism;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;

/** A mechanism without processes. Adds up the limits of all that lives, so that a test sees what the most was. */
public final class FakeMechanism implements SandboxMechanism {

    /** Something that may fail. */
    @FunctionalInterface
    public interface Step<T> {
        void run(T on) throws SandboxException, InterruptedException;
    }

    /** What a lambda does. */
    @FunctionalInterface
    public interface Program {
        Reply run(FakeLeaf leaf, Invocation invocation, Duration timeout) throws SandboxException, InterruptedException;
    }

    /** What a job does. */
    @FunctionalInterface
    public interface JobProgram {
        JobResult run(Job job) throws SandboxException, InterruptedException;
    }

    public final List<FakeLeaf> leaves = new CopyOnWriteArrayList<>();
    public final List<FakeLeaf> spares = new CopyOnWriteArrayList<>();
    public final List<FakeZygote> zygotes = new CopyOnWriteArrayList<>();
    public final List<Job> jobs = new CopyOnWriteArrayList<>();
    public volatile Step<LeafSpec> beforeLeaf = spec -> {};
    public volatile Step<ZygoteSpec> beforeZygote = spec -> {};
    public volatile Step<Zygote> beforeSpare = zygote -> {};
    public volatile Program program = (leaf, invocation, timeout) -> reply("\"" + leaf.id() + "\"");
    public volatile JobProgram jobProgram = job -> new JobResult(0, "");
    /** Whether what has these packages must not be forked from a zygote. */
    public volatile BiPredicate<Zygote, Set<PackageId>> misfits = (zygote, packages) -> false;
    /** What a sandbox uses, in bytes. */
    public volatile long usage = 10L << 20;

    public volatile boolean closed;

    private final AtomicInteger ids = new AtomicInteger();
    private final Set<FakeSandbox> living = ConcurrentHashMap.newKeySet();
    private final Map<Object, Long> limits = new HashMap<>();
    private long sum;
    private long most;

    public static Reply reply(String json) {
        return new Reply(200, json.getBytes(StandardCharsets.UTF_8));
    }

    /** The largest sum of limits that there ever was, in bytes. */
    public synchronized long mostBytes() {
        return most;
    }

    public synchronized long limitOf(Sandbox sandbox) {
        return limits.get(sandbox);
    }

    public int living() {
        return living.size();
    }

    public long livingLeaves() {
        return leaves.stream().filter(FakeLeaf::alive).count();
    }

    private synchronized void limit(Object sandbox, long bytes) {
        Long before = bytes == 0 ? limits.remove(sandbox) : limits.put(sandbox, bytes);
        sum += bytes - (before == null ? 0 : before);
        most = Math.max(most, sum);
    }

    @Override
    public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException {
        checkParent(parent);
        beforeLeaf.run(spec);
        FakeLeaf leaf = new FakeLeaf(spec, parent);
        limit(leaf, (long) spec.limits().memMb() << 20);
        living.add(leaf);
        leaves.add(leaf);
        return leaf;
    }

    /** Why it has no rules for the network; empty if it has. */
    public volatile Optional<String> lacksRules = Optional.empty();

    @Override
    public Optional<String> cannotRuleNetwork() {
        return lacksRules;
    }

    @Override
    public Map<String, Long> networkRefusals() {
        return Map.of("some-lambda", 2L, "all zygotes", 1L);
    }

    @Override
    public Sandbox createSpare(Zygote parent, Limits most, Network network)
            throws SandboxException, InterruptedException {
        checkParent(Optional.of(parent));
        beforeSpare.run(parent);
        FakeLeaf spare = new FakeLeaf(null, Optional.of(parent));
        living.add(spare);
        spares.add(spare);
        return spare;
    }

    @Override
    public Leaf specialise(Sandbox spare, LeafSpec spec) throws SandboxException {
        FakeLeaf leaf = (FakeLeaf) spare;
        if (!leaf.alive()) {
            throw new SandboxException.Died(leaf.id() + " is dead", false);
        }
        leaf.spec = spec;
        limit(leaf, (long) spec.limits().memMb() << 20);
        leaves.add(leaf);
        return leaf;
    }

    @Override
    public Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException {
        checkParent(parent);
        beforeZygote.run(spec);
        FakeZygote zygote = new FakeZygote(spec, parent);
        limit(zygote, (long) spec.limits().memMb() << 20);
        living.add(zygote);
        zygotes.add(zygote);
        return zygote;
    }

    private static void checkParent(Optional<Zygote> parent) throws SandboxException.ZygoteGone {
        if (parent.isPresent() && !parent.get().alive()) {
            throw new SandboxException.ZygoteGone(parent.get().id() + " is gone");
        }
        if (parent.isPresent() && !(parent.get() instanceof FakeZygote)) {
            throw new IllegalArgumentException("not a zygote of the mechanism: " + parent.get());
        }
    }

    @Override
    public Optional<String> misfit(Zygote zygote, LeafSpec spec) {
        return misfits.test(zygote, spec.packages()) ? Optional.of("a lambda does not fit") : Optional.empty();
    }

    @Override
    public Optional<String> misfit(Zygote parent, ZygoteSpec spec) {
        return misfits.test(parent, Set.copyOf(spec.packages()))
                ? Optional.of("a zygote does not fit")
                : Optional.empty();
    }

    @Override
    public JobResult run(Job job) throws SandboxException, InterruptedException {
        Object running = new Object();
        limit(running, (long) job.limits().memMb() << 20);
        try {
            jobs.add(job);
            return jobProgram.run(job);
        } finally {
            limit(running, 0);
        }
    }

    @Override
    public long limitMemory(Sandbox sandbox, long bytes) {
        if (!(sandbox instanceof FakeSandbox fake)) {
            throw new IllegalArgumentException("not a sandbox of the mechanism: " + sandbox);
        }
        long limit = Math.max(bytes, fake.memoryBytes());
        // In one step with destroy, after which it has no limit for good.
        synchronized (this) {
            if (fake.alive()) {
                limit(fake, limit);
            }
        }
        return limit;
    }

    @Override
    public void close() {
        closed = true;
        new ArrayList<>(living).forEach(FakeSandbox::destroy);
    }

    public abstract class FakeSandbox implements Sandbox {
        private final String id;
        public volatile int destroyed;

        FakeSandbox(String kind) {
            id = kind + "-" + ids.incrementAndGet();
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public boolean alive() {
            return living.contains(this);
        }

        @Override
        public long memoryBytes() {
            return alive() ? usage : 0;
        }

        /** Its process ends by itself. */
        public void die() {
            living.remove(this);
        }

        @Override
        public void destroy() {
            destroyed++;
            synchronized (FakeMechanism.this) {
                living.remove(this);
                limit(this, 0);
            }
        }
    }

    public final class FakeZygote extends FakeSandbox implements Zygote {
        private final ZygoteSpec spec;
        public final Optional<Zygote> parent;

        FakeZygote(ZygoteSpec spec, Optional<Zygote> parent) {
            super("zygote");
            this.spec = spec;
            this.parent = parent;
        }

        @Override
        public List<PackageId> packages() {
            return spec.packages();
        }

        @Override
        public Map<PackageId, ImportCost> importCosts() {
            Map<PackageId, ImportCost> costs = new HashMap<>();
            spec.packages().forEach(id -> costs.put(id, new ImportCost(5, 1)));
            return costs;
        }
    }

    public final class FakeLeaf extends FakeSandbox implements Leaf {
        private volatile LeafSpec spec;
        public final Optional<Zygote> parent;
        public volatile boolean frozen;
        public final AtomicInteger calls = new AtomicInteger();

        FakeLeaf(LeafSpec spec, Optional<Zygote> parent) {
            super("leaf");
            this.spec = spec;
            this.parent = parent;
        }

        @Override
        public LeafSpec spec() {
            return spec;
        }

        @Override
        public Reply call(Invocation invocation, Duration timeout) throws SandboxException, InterruptedException {
            if (frozen) {
                throw new IllegalStateException(id() + " is called while it is frozen");
            }
            if (!alive()) {
                throw new SandboxException.Died(id() + " is dead", false);
            }
            if (calls.incrementAndGet() < 1) {
                throw new IllegalStateException("more calls than an int counts");
            }
            return program.run(this, invocation, timeout);
        }

        @Override
        public void awaitReady(Duration timeout) {}

        @Override
        public void freeze() {
            frozen = true;
        }

        @Override
        public void thaw() {
            frozen = false;
        }

        @Override
        public long privateBytes() {
            return memoryBytes();
        }

        @Override
        public CreationSteps creation() {
            return new CreationSteps(List.of(
                    new CreationSteps.Step("clone", 1000, List.of(new CreationSteps.Step("copy_tables", 400))),
                    new CreationSteps.Step("hello", 500)));
        }
    }
}
