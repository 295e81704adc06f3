package io.zygotes.spi.testkit;

import io.zygotes.spi.CreationSteps;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.MemoryBudget;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Reply;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * A worker's pool without processes. Holds the pool's promises: the safety rule, the memory limit, eviction of idle
 * sandboxes (least recently used first, and what is pinned not at all), the errors. Keeps count of everything. Safe for
 * use by many threads.
 *
 * <p>The model: a fresh Python costs {@value #FRESH_MILLIS} ms and {@value #PYTHON_MIB} MiB; a fork costs
 * {@value #FORK_MILLIS} ms and {@value #FORK_MILLIS_PER_MIB} ms for each MiB of the parent's packages; a sandbox adds
 * {@value #SANDBOX_MIB} MiB; importing costs what {@link FakePackages} says. A leaf imports what its parent has not.
 */
public final class FakeSandboxes implements Sandboxes {

    /** Starting a Python interpreter, in milliseconds. */
    public static final double FRESH_MILLIS = 20;
    /** Memory of a Python interpreter without packages, in MiB. */
    public static final double PYTHON_MIB = 6;
    /** Forking a process without packages, in milliseconds. */
    public static final double FORK_MILLIS = 1.5;
    /** Copying page tables, in milliseconds for each MiB. */
    public static final double FORK_MILLIS_PER_MIB = 0.016;
    /** What a forked process costs beside its imports, in MiB. */
    public static final double SANDBOX_MIB = 2;

    /**
     * A sandbox that was made.
     *
     * @param id its id
     * @param lambda name of the lambda; empty for a zygote
     * @param parent packages of the zygote it was forked from, in import order; empty for a fresh process
     * @param packages all its packages: a zygote's in import order, a leaf's sorted
     * @param millis how long it took until it was ready, by the model
     */
    public record Made(
            String id,
            Optional<String> lambda,
            Optional<List<PackageId>> parent,
            List<PackageId> packages,
            double millis) {}

    private final FakePackages packages;
    private final long poolBytes;
    private final Map<String, Fake> live = new LinkedHashMap<>(16, 0.75f, true);
    private final List<Made> made = new ArrayList<>();
    /** Whether what this thread makes evicts nothing. */
    private final ThreadLocal<Boolean> onlyIfFree = ThreadLocal.withInitial(() -> false);

    private final Set<String> evicted = ConcurrentHashMap.newKeySet();
    private final List<String> violations = new ArrayList<>();
    private long reserved;
    private long mostReserved;
    private int zygoteNumber;
    private int leafNumber;
    private volatile Trouble trouble = Trouble.NONE;
    private volatile Duration pause = Duration.ZERO;
    private volatile Consumer<SandboxEvent> listener = event -> {};
    private volatile Consumer<Made> births = birth -> {};

    /**
     * @param packages what can be imported
     * @param poolMib the memory for all sandboxes, in MiB
     */
    public FakeSandboxes(FakePackages packages, long poolMib) {
        this.packages = Objects.requireNonNull(packages);
        this.poolBytes = poolMib << 20;
    }

    /** Lets things go wrong from now on. */
    public void trouble(Trouble what) {
        trouble = Objects.requireNonNull(what);
    }

    /** Lets the making of every sandbox really take this long from now on. */
    public void pause(Duration length) {
        pause = Objects.requireNonNull(length);
    }

    /** Who hears of events; one listener, usually {@code cache::onEvent}. */
    public void listener(Consumer<SandboxEvent> whom) {
        listener = Objects.requireNonNull(whom);
    }

    /** Who hears of what was made, on the thread that made it. */
    void births(Consumer<Made> whom) {
        births = whom;
    }

    /** A request for a leaf, to be given to {@link io.zygotes.spi.ImportCache#createLeaf}. */
    public FakeRequest request(LeafSpec spec) {
        return new FakeRequest(this, spec);
    }

    @Override
    public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException {
        checkRule("a leaf of " + spec.lambda(), parent, spec.packages());
        Set<PackageId> inherited =
                parent.map(zygote -> Set.copyOf(zygote.packages())).orElse(Set.of());
        List<PackageId> own = spec.packages().stream()
                .filter(id -> !inherited.contains(id))
                .sorted()
                .toList();
        return (FakeLeaf) make(
                parent,
                own,
                () -> trouble.beforeLeaf(parent, spec),
                (bytes, millis) -> new FakeLeaf("leaf-" + ++leafNumber, bytes, millis, parent, spec));
    }

    @Override
    public Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException {
        checkRule("a zygote with " + spec.packages(), parent, Set.copyOf(spec.packages()));
        Set<PackageId> inherited =
                parent.map(zygote -> Set.copyOf(zygote.packages())).orElse(Set.of());
        List<PackageId> own =
                spec.packages().stream().filter(id -> !inherited.contains(id)).toList();
        for (PackageId id : own) {
            if (packages.installed(id).isEmpty()) {
                throw violation(id + " is not installed: install it before a zygote imports it");
            }
        }
        FakeZygote zygote = (FakeZygote) make(
                parent,
                own,
                () -> trouble.beforeZygote(parent, spec),
                (bytes, millis) -> new FakeZygote("zygote-" + ++zygoteNumber, bytes, millis, parent, spec, own, null));
        own.forEach(packages::measured);
        return zygote;
    }

    @Override
    public Zygote createFunctionZygote(Optional<Zygote> parent, FunctionZygoteSpec function)
            throws SandboxException, InterruptedException {
        LeafSpec leaf = function.leaf();
        checkRule("the own zygote of " + leaf.lambda(), parent, leaf.packages());
        Set<PackageId> inherited =
                parent.map(zygote -> Set.copyOf(zygote.packages())).orElse(Set.of());
        List<PackageId> all = leaf.packages().stream().sorted().toList();
        List<PackageId> own = all.stream().filter(id -> !inherited.contains(id)).toList();
        ZygoteSpec spec = new ZygoteSpec(all, leaf.limits());
        return (FakeZygote) make(
                parent,
                own,
                () -> trouble.beforeZygote(parent, spec),
                (bytes, millis) -> new FakeZygote("zygote-" + ++zygoteNumber, bytes, millis, parent, spec, own, leaf));
    }

    @Override
    public Optional<Zygote> createZygoteIfFree(Optional<Zygote> parent, ZygoteSpec spec)
            throws SandboxException, InterruptedException {
        onlyIfFree.set(true);
        try {
            return Sandboxes.super.createZygoteIfFree(parent, spec);
        } finally {
            onlyIfFree.set(false);
        }
    }

    @Override
    public boolean pin(Zygote zygote) {
        return own(zygote).pin(true);
    }

    @Override
    public void unpin(Zygote zygote) {
        own(zygote).pin(false);
    }

    private FakeZygote own(Zygote zygote) {
        if (zygote instanceof FakeZygote fake && fake.pool() == this) {
            return fake;
        }
        throw violation("a zygote is not of this pool: " + zygote.id());
    }

    private void checkRule(String what, Optional<Zygote> parent, Set<PackageId> wanted) {
        if (parent.isEmpty()) {
            return;
        }
        FakeZygote zygote = own(parent.get());
        Set<PackageId> extra = new HashSet<>(zygote.packages());
        extra.removeAll(wanted);
        if (!extra.isEmpty()) {
            throw violation(what + " must not be forked from " + zygote.id() + ", which has " + extra + " too many");
        }
    }

    private synchronized IllegalArgumentException violation(String message) {
        violations.add(message);
        return new IllegalArgumentException(message);
    }

    private interface Step {
        void run() throws SandboxException, InterruptedException;
    }

    private interface Birth {
        Fake of(long bytes, double millis);
    }

    private Fake make(Optional<Zygote> parent, List<PackageId> own, Step before, Birth birth)
            throws SandboxException, InterruptedException {
        FakeZygote from = (FakeZygote) parent.orElse(null);
        if (from != null) {
            from.hold(1);
        }
        List<SandboxEvent> events = new ArrayList<>();
        try {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            before.run();
            Thread.sleep(pause);
            synchronized (this) {
                if (from != null && !live.containsKey(from.id())) {
                    throw evicted.contains(from.id())
                            ? new SandboxException.ZygoteGone(FailureKind.NO_MEMORY, from.id() + " was evicted")
                            : new SandboxException.ZygoteGone(from.id() + " is gone");
                }
                double mib = (from == null ? PYTHON_MIB : 0) + SANDBOX_MIB;
                double millis =
                        from == null ? FRESH_MILLIS : FORK_MILLIS + FORK_MILLIS_PER_MIB * megabytes(from.packages());
                for (PackageId id : own) {
                    mib += packages.trueCost(id).megabytes();
                    millis += packages.trueCost(id).millis();
                }
                long bytes = Math.round(mib * (1 << 20));
                makeRoom(bytes, events);
                reserved += bytes;
                mostReserved = Math.max(mostReserved, reserved);
                Fake fake = birth.of(bytes, millis);
                live.put(fake.id(), fake);
                made.add(fake.made());
                births.accept(fake.made());
                events.add(new SandboxEvent(SandboxEvent.Kind.MADE, fake));
                return fake;
            }
        } finally {
            if (from != null) {
                from.hold(-1);
            }
            events.forEach(listener);
        }
    }

    private double megabytes(List<PackageId> ids) {
        return ids.stream().mapToDouble(id -> packages.trueCost(id).megabytes()).sum();
    }

    private void makeRoom(long bytes, List<SandboxEvent> events) throws SandboxException.NoCapacity {
        if (bytes <= poolBytes - reserved) {
            return;
        }
        if (onlyIfFree.get()) {
            throw new SandboxException.NoCapacity("no free memory for " + bytes + " bytes");
        }
        for (Fake fake : List.copyOf(live.values())) {
            if (fake.evictable() && bytes > poolBytes - reserved) {
                remove(fake);
                evicted.add(fake.id());
                events.add(new SandboxEvent(SandboxEvent.Kind.EVICTED, fake));
            }
        }
        if (bytes > poolBytes - reserved) {
            throw new SandboxException.NoCapacity("no room for " + bytes + " bytes: " + reserved + " of " + poolBytes
                    + " are reserved and nothing is idle");
        }
    }

    private synchronized boolean remove(Fake fake) {
        if (live.remove(fake.id()) == null) {
            return false;
        }
        reserved -= fake.bytes;
        return true;
    }

    private void end(Fake fake, SandboxEvent.Kind how) {
        if (how == SandboxEvent.Kind.EVICTED) {
            evicted.add(fake.id());
        }
        if (remove(fake)) {
            listener.accept(new SandboxEvent(how, fake));
        }
    }

    /** Ends every zygote as if it had been killed from outside. */
    public void killZygotes() {
        zygotes().forEach(zygote -> end((FakeZygote) zygote, SandboxEvent.Kind.DIED));
    }

    /** Ends every zygote as if memory were short. */
    public void evictZygotes() {
        zygotes().forEach(zygote -> end((FakeZygote) zygote, SandboxEvent.Kind.EVICTED));
    }

    /** Ends one zygote as if it had been killed from outside. */
    public void kill(Zygote zygote) {
        end((FakeZygote) zygote, SandboxEvent.Kind.DIED);
    }

    /** The zygotes that live, the least recently used first. */
    public synchronized List<Zygote> zygotes() {
        List<Zygote> all = new ArrayList<>();
        for (Fake fake : live.values()) {
            if (fake instanceof Zygote zygote) {
                all.add(zygote);
            }
        }
        return all;
    }

    /** The leaves that live. */
    public synchronized List<Leaf> leaves() {
        List<Leaf> all = new ArrayList<>();
        for (Fake fake : live.values()) {
            if (fake instanceof Leaf leaf) {
                all.add(leaf);
            }
        }
        return all;
    }

    /** Everything that was made so far, in order. */
    public synchronized List<Made> made() {
        return List.copyOf(made);
    }

    /** How many zygotes were made so far. */
    public synchronized int zygotesMade() {
        return zygoteNumber;
    }

    /** How many leaves were made so far. */
    public synchronized int leavesMade() {
        return leafNumber;
    }

    /** The rules that were broken so far; empty if all is well. */
    public synchronized List<String> violations() {
        return List.copyOf(violations);
    }

    /** The most memory that was reserved at one time, in bytes. */
    public synchronized long mostReservedBytes() {
        return mostReserved;
    }

    /** Memory now. */
    public synchronized MemoryBudget memory() {
        return new MemoryBudget(poolBytes, reserved);
    }

    private abstract class Fake implements Sandbox {
        private final String id;
        private final Optional<List<PackageId>> parent;
        final long bytes;
        final double millis;

        Fake(String id, long bytes, double millis, Optional<Zygote> parent) {
            this.id = id;
            this.bytes = bytes;
            this.millis = millis;
            this.parent = parent.map(Zygote::packages);
        }

        abstract boolean evictable();

        abstract Made made();

        FakeSandboxes pool() {
            return FakeSandboxes.this;
        }

        Optional<List<PackageId>> parent() {
            return parent;
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public boolean alive() {
            synchronized (FakeSandboxes.this) {
                return live.containsKey(id);
            }
        }

        @Override
        public long memoryBytes() {
            return alive() ? bytes : 0;
        }

        @Override
        public void destroy() {
            end(this, SandboxEvent.Kind.DESTROYED);
        }

        @Override
        public String toString() {
            return id;
        }
    }

    private final class FakeZygote extends Fake implements Zygote {
        private final ZygoteSpec spec;
        private final List<PackageId> own;
        private final Optional<LeafSpec> function;
        private int holds;
        private boolean pinned;

        /** @param function what its leaves are; null for one of packages */
        FakeZygote(
                String id,
                long bytes,
                double millis,
                Optional<Zygote> parent,
                ZygoteSpec spec,
                List<PackageId> own,
                LeafSpec function) {
            super(id, bytes, millis, parent);
            this.spec = spec;
            this.own = own;
            this.function = Optional.ofNullable(function);
        }

        @Override
        public Optional<LeafSpec> function() {
            return function;
        }

        void hold(int change) {
            synchronized (FakeSandboxes.this) {
                holds += change;
                live.get(id());
            }
        }

        /**
         * Returns whether it is as it should be: one that is gone is not pinned, and a third of the pool is the most.
         */
        boolean pin(boolean on) {
            synchronized (FakeSandboxes.this) {
                long others = zygotes().stream()
                        .map(FakeZygote.class::cast)
                        .filter(zygote -> zygote.pinned && zygote != this)
                        .mapToLong(zygote -> zygote.bytes)
                        .sum();
                pinned = on && live.containsKey(id()) && others + bytes <= poolBytes / 3;
                return pinned == on;
            }
        }

        @Override
        boolean evictable() {
            return holds == 0 && !pinned;
        }

        @Override
        Made made() {
            return new Made(id(), Optional.empty(), parent(), spec.packages(), millis);
        }

        @Override
        public List<PackageId> packages() {
            return spec.packages();
        }

        @Override
        public Map<PackageId, ImportCost> importCosts() {
            Map<PackageId, ImportCost> costs = new LinkedHashMap<>();
            own.forEach(id -> costs.put(id, packages.trueCost(id)));
            return costs;
        }
    }

    private final class FakeLeaf extends Fake implements Leaf {
        private final LeafSpec spec;
        private volatile boolean frozen;

        FakeLeaf(String id, long bytes, double millis, Optional<Zygote> parent, LeafSpec spec) {
            super(id, bytes, millis, parent);
            this.spec = spec;
        }

        @Override
        boolean evictable() {
            return frozen;
        }

        @Override
        Made made() {
            return new Made(
                    id(),
                    Optional.of(spec.lambda()),
                    parent(),
                    spec.packages().stream().sorted().toList(),
                    millis);
        }

        @Override
        public LeafSpec spec() {
            return spec;
        }

        @Override
        public Reply call(Invocation invocation, Duration timeout) throws SandboxException {
            awaitReady(timeout);
            return new Reply(200, "null".getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void awaitReady(Duration timeout) throws SandboxException {
            if (!alive()) {
                throw new SandboxException.Died(id() + " is gone", false);
            }
        }

        @Override
        public void freeze() {
            frozen = true;
            listener.accept(new SandboxEvent(SandboxEvent.Kind.FROZEN, this));
        }

        @Override
        public void thaw() {
            synchronized (FakeSandboxes.this) {
                frozen = false;
                // Used now, so it is the last one to be evicted.
                live.get(id());
            }
            listener.accept(new SandboxEvent(SandboxEvent.Kind.THAWED, this));
        }

        @Override
        public long privateBytes() {
            return memoryBytes();
        }

        @Override
        public CreationSteps creation() {
            return new CreationSteps(List.of(new CreationSteps.Step("modelled", Math.round(millis * 1e6))));
        }
    }
}
