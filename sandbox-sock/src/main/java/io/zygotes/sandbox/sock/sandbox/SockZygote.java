package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.sandbox.sock.identity.IdBlock;
import io.zygotes.sandbox.sock.protocol.Frame;
import io.zygotes.sandbox.sock.protocol.ImportTraces;
import io.zygotes.sandbox.sock.protocol.ZygoteReady;
import io.zygotes.sandbox.sock.resource.KitStock;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.ModuleFindings;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A zygote: one process that forks when it is told to. */
public final class SockZygote extends SockSandbox implements Zygote {

    /**
     * For the import of one further module. The zygote itself counts those that work for more than a second as slow
     * (imports.py); this is for those that hang, with room for a machine that is busy.
     */
    private static final long MODULE_PATIENCE = TimeUnit.SECONDS.toNanos(15);

    private final ZygoteSpec spec;
    private final Set<PackageId> packages;
    private final IdBlock ids;
    private final GroupPool pool;
    private final KitStock kits;
    private final int depth;
    private volatile Map<PackageId, ImportCost> costs = Map.of();
    private volatile ImportTraces traces = ImportTraces.NONE;
    private volatile ModuleFindings modules = ModuleFindings.NONE;

    /**
     * A zygote that has no process yet.
     *
     * @param pool the groups of this zygote and its leaves
     * @param kits what its leaves get
     * @param ids its own ids, and those of what it forks
     * @param depth how many zygotes are above it
     */
    public SockZygote(Belongings belongings, GroupPool pool, KitStock kits, ZygoteSpec spec, IdBlock ids, int depth) {
        super(belongings);
        this.pool = pool;
        this.kits = kits;
        this.spec = spec;
        this.packages = new HashSet<>(spec.packages());
        this.ids = ids;
        this.depth = depth;
    }

    @Override
    public List<PackageId> packages() {
        return spec.packages();
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
        String doing = "importing " + spec.packages();
        Optional<String> module = Optional.empty();
        try {
            Frame frame = channel().receive(deadline);
            while (frame.isImporting()) {
                module = Optional.of(frame.text()).filter(spec.modules()::contains);
                frame = channel().receive(module.isPresent() ? earlier(deadline) : deadline);
            }
            if (frame.isFailure()) {
                throw failure(frame);
            }
            ZygoteReady ready = ZygoteReady.read(frame);
            // Of others it has nothing to say: what they cost, and whether they are fit, decides which zygotes there
            // are.
            Map<PackageId, ImportCost> said = new HashMap<>(ready.costs());
            said.keySet().retainAll(packages);
            costs = Map.copyOf(said);
            traces = ready.traces();
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
        } catch (TimeoutException e) {
            throw module.isPresent()
                    ? spoiltBy(module.get(), timeout(doing), "it takes too long to import")
                    : timeout(doing);
        } catch (InterruptedException e) {
            destroy();
            throw e;
        } catch (IOException | IllegalArgumentException e) {
            SandboxException obituary = obituary(doing, false, e instanceof IOException io ? io : new IOException(e));
            throw module.isPresent() && endedByItself()
                    ? spoiltBy(module.get(), obituary, "the process ends when it imports it")
                    : obituary;
        }
    }

    private static long earlier(long deadline) {
        long patience = System.nanoTime() + MODULE_PATIENCE;
        return patience - deadline < 0 ? patience : deadline;
    }

    private static SandboxException spoiltBy(String module, SandboxException why, String reason) {
        return new SandboxException.ModulesFailed(
                why.getMessage() + "; the last that it began to import was the module " + module,
                Map.of(module, reason));
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
