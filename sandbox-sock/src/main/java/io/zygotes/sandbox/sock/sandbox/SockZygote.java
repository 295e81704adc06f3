package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.sandbox.sock.identity.IdBlock;
import io.zygotes.sandbox.sock.protocol.Frame;
import io.zygotes.sandbox.sock.protocol.ImportTraces;
import io.zygotes.sandbox.sock.protocol.ZygoteReady;
import io.zygotes.sandbox.sock.resource.KitStock;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;

/** A zygote: one process that forks when it is told to. */
public final class SockZygote extends SockSandbox implements Zygote {

    private final ZygoteSpec spec;
    private final Set<PackageId> packages;
    private final IdBlock ids;
    private final GroupPool pool;
    private final KitStock kits;
    private final int depth;
    private volatile Map<PackageId, ImportCost> costs = Map.of();
    private volatile ImportTraces traces = ImportTraces.NONE;

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
        try {
            Frame frame = channel().receive(deadline);
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
        } catch (TimeoutException e) {
            throw timeout(doing);
        } catch (InterruptedException e) {
            destroy();
            throw e;
        } catch (IOException | IllegalArgumentException e) {
            throw obituary(doing, false, e instanceof IOException io ? io : new IOException(e));
        }
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
