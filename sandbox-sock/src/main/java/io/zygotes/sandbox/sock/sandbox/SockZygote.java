package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.sandbox.sock.identity.IdBlock;
import io.zygotes.sandbox.sock.protocol.Frame;
import io.zygotes.sandbox.sock.protocol.ImportTraces;
import io.zygotes.sandbox.sock.protocol.SnapshotStep;
import io.zygotes.sandbox.sock.protocol.ZygoteReady;
import io.zygotes.sandbox.sock.resource.KitStock;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.ModuleFindings;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/** A zygote: one process that forks when it is told to. */
public final class SockZygote extends SockSandbox implements Zygote {

    /**
     * For the import of one further module. The zygote itself counts those that work for more than a second as slow
     * (imports.py); this is for those that hang, with room for a machine that is busy.
     */
    private static final long MODULE_PATIENCE = TimeUnit.SECONDS.toNanos(15);

    private final ZygoteSpec spec;
    private final Optional<LeafSpec> function;
    private final Set<PackageId> packages;
    private final IdBlock ids;
    private final GroupPool pool;
    private final KitStock kits;
    private final int depth;
    private volatile Map<PackageId, ImportCost> costs = Map.of();
    private volatile ImportTraces traces = ImportTraces.NONE;
    private volatile boolean restores;
    private volatile ModuleFindings modules = ModuleFindings.NONE;
    /** The further module whose import it began last, of those that it was told to import. */
    private volatile Optional<String> importing = Optional.empty();

    /**
     * A zygote that has no process yet.
     *
     * @param pool the groups of this zygote and its leaves
     * @param kits what its leaves get
     * @param function what its leaves are, if it is the zygote of a function
     * @param ids its own ids, and those of what it forks
     * @param depth how many zygotes are above it
     */
    public SockZygote(
            Belongings belongings,
            GroupPool pool,
            KitStock kits,
            ZygoteSpec spec,
            Optional<LeafSpec> function,
            IdBlock ids,
            int depth) {
        super(belongings);
        this.pool = pool;
        this.kits = kits;
        this.spec = spec;
        this.function = function;
        this.packages = new HashSet<>(spec.packages());
        this.ids = ids;
        this.depth = depth;
    }

    @Override
    public List<PackageId> packages() {
        return spec.packages();
    }

    @Override
    public Optional<LeafSpec> function() {
        return function;
    }

    /** Of a function's zygote: whether its leaves run something before they are ready. */
    boolean restores() {
        return restores;
    }

    /** Whether it has all of these. */
    public boolean hasAll(Set<PackageId> wanted) {
        return packages.containsAll(wanted);
    }

    @Override
    public Map<PackageId, ImportCost> importCosts() {
        return costs;
    }

    @Override
    public ModuleFindings moduleFindings() {
        return modules;
    }

    /** What the imports of its packages did. */
    public ImportTraces traces() {
        return traces;
    }

    /** Its own ids, and those of what it forks. */
    public IdBlock ids() {
        return ids;
    }

    /** The groups of this zygote and its leaves. */
    public GroupPool pool() {
        return pool;
    }

    /** What its leaves get. */
    public KitStock kits() {
        return kits;
    }

    /** How many zygotes are above it. */
    public int depth() {
        return depth;
    }

    /**
     * Waits until its packages are imported.
     *
     * @param deadline the moment ({@link System#nanoTime}) until which it may take
     */
    public void awaitReady(long deadline) throws SandboxException, InterruptedException {
        await("importing " + spec.packages(), () -> {
            Frame frame = channel().receive(deadline);
            while (frame.isImporting()) {
                importing = Optional.of(frame.text()).filter(spec.modules()::contains);
                frame = channel().receive(importing.isPresent() ? earlier(deadline) : deadline);
            }
            ZygoteReady ready = ready(frame);
            Map<PackageId, String> unfit = new HashMap<>(ready.unfit());
            unfit.keySet().retainAll(packages);
            if (!unfit.isEmpty()) {
                destroy();
                throw new SandboxException.ImportFailed(
                        this + " cannot be forked: " + unfit.keySet() + " left what a fork does not carry over "
                                + unfit.values() + "; lambdas import it themselves",
                        "",
                        unfit);
            }
            Map<String, String> leftOut = new HashMap<>(ready.modules().leftOut());
            leftOut.keySet().retainAll(spec.modules());
            modules = new ModuleFindings(leftOut, ready.modules().lookedFor());
            if (ready.spoilt()) {
                destroy();
                throw new SandboxException.ModulesFailed(
                        this + " cannot be used after it imported further modules: " + leftOut, leftOut);
            }
        });
    }

    /**
     * Waits until the function is imported, was called if it is to be, and ran what it registered for before its
     * snapshot.
     *
     * @param each how long each of these may take
     */
    public void awaitSnapshot(Duration each) throws SandboxException, InterruptedException {
        // What it does now, or is about to do.
        AtomicReference<Optional<SnapshotStep>> step = new AtomicReference<>(Optional.empty());
        boolean[] taken = {false};
        while (!taken[0]) {
            await(doing(step.get()), () -> {
                Frame said = channel().receive(System.nanoTime() + each.toNanos());
                taken[0] = !said.isStep();
                if (taken[0]) {
                    snapshotTaken(ready(said));
                } else {
                    step.set(Optional.of(SnapshotStep.read(said, step.get())));
                }
            });
        }
    }

    private String doing(Optional<SnapshotStep> step) {
        return step.map(SnapshotStep::doing).orElse("being set up") + " for lambda "
                + function.orElseThrow().lambda();
    }

    private void snapshotTaken(ZygoteReady ready) throws SandboxException, IOException {
        restores = ready.restores();
        Optional<String> reason = ready.reason().or(this::reasonOfProcesses);
        if (reason.isPresent()) {
            destroy();
            String lambda = function.orElseThrow().lambda();
            throw new SandboxException.CannotFork(
                    this + ", the zygote of lambda " + lambda + ", cannot be forked: " + reason.get(), reason.get());
        }
    }

    /** It says itself what it leaves behind, but not of processes that it does not know any more. */
    private Optional<String> reasonOfProcesses() {
        try {
            long count = group().processes().lines().count();
            return count > 1 ? Optional.of("it leaves " + (count - 1) + " processes") : Optional.empty();
        } catch (IOException e) {
            return Optional.of("its processes cannot be counted: " + e.getMessage());
        }
    }

    private ZygoteReady ready(Frame frame) throws IOException, SandboxException {
        if (frame.isFailure()) {
            throw failure(frame);
        }
        ZygoteReady ready = ZygoteReady.read(frame);
        // Of others it has nothing to say: what they cost, and whether they are fit, decides which zygotes there are.
        Map<PackageId, ImportCost> said = new HashMap<>(ready.costs());
        said.keySet().retainAll(packages);
        costs = Map.copyOf(said);
        traces = ready.traces();
        return ready;
    }

    /** Waits for what the zygote says. */
    @FunctionalInterface
    private interface Waiting {
        void run() throws IOException, TimeoutException, InterruptedException, SandboxException;
    }

    private void await(String doing, Waiting waiting) throws SandboxException, InterruptedException {
        try {
            waiting.run();
        } catch (TimeoutException e) {
            throw blamed(timeout(doing), "it takes too long to import");
        } catch (InterruptedException e) {
            destroy();
            throw e;
        } catch (IOException | IllegalArgumentException e) {
            SandboxException obituary = obituary(doing, false, e instanceof IOException io ? io : new IOException(e));
            throw endedByItself() ? blamed(obituary, "the process ends when it imports it") : obituary;
        }
    }

    /** The failure, put down to the further module that was being imported, if there was one. */
    private SandboxException blamed(SandboxException why, String reason) {
        return importing.isEmpty()
                ? why
                : new SandboxException.ModulesFailed(
                        why.getMessage() + "; the last that it began to import was the module " + importing.get(),
                        Map.of(importing.get(), reason));
    }

    private static long earlier(long deadline) {
        long patience = System.nanoTime() + MODULE_PATIENCE;
        return patience - deadline < 0 ? patience : deadline;
    }

    @Override
    boolean isFirstOfItsNamespace() {
        return false;
    }

    @Override
    void releaseOwn(boolean reuseGroup) {
        pool.giveBack(group(), false);
        kits.close();
        pool.retire();
        ids.release();
    }
}
