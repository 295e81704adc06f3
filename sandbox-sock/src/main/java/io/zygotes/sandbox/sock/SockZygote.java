package io.zygotes.sandbox.sock;

import com.fasterxml.jackson.databind.JsonNode;
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
final class SockZygote extends SockSandbox implements Zygote {

    private final ZygoteSpec spec;
    private final Set<PackageId> packages;
    private final IdBlock ids;
    private final GroupFamily family;
    private final KitStock kits;
    private final int depth;
    private volatile Map<PackageId, ImportCost> costs = Map.of();

    /**
     * @param family the groups of this zygote and its leaves
     * @param kits what its leaves get
     * @param depth how many zygotes are above it
     */
    SockZygote(
            String id,
            SockMechanism mechanism,
            GroupFamily family,
            KitStock kits,
            SandboxGroup group,
            Channel channel,
            ZygoteSpec spec,
            IdBlock ids,
            int depth) {
        super(id, mechanism, group, channel);
        this.family = family;
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
    boolean hasAll(Set<PackageId> wanted) {
        return packages.containsAll(wanted);
    }

    @Override
    public Map<PackageId, ImportCost> importCosts() {
        return costs;
    }

    IdBlock ids() {
        return ids;
    }

    GroupFamily family() {
        return family;
    }

    KitStock kits() {
        return kits;
    }

    int depth() {
        return depth;
    }

    /**
     * Waits until its packages are imported.
     *
     * @param deadline the moment ({@link System#nanoTime}) until which it may take
     */
    void awaitReady(long deadline) throws SandboxException, InterruptedException {
        String doing = "importing " + spec.packages();
        try {
            Frame frame = channel().receive(deadline);
            if (frame.kind() == Frame.FAILED) {
                throw failure(frame);
            }
            if (frame.kind() != Frame.READY) {
                throw new MisbehavedException("it sent a message of kind " + frame.kind() + " instead of being ready");
            }
            Map<PackageId, ImportCost> measured = new HashMap<>();
            for (Map.Entry<String, JsonNode> cost :
                    JSON.readTree(frame.body()).path("costs").properties()) {
                PackageId id = PackageId.parse(cost.getKey());
                // Of others it has nothing to say: what they cost decides which zygotes there are.
                if (packages.contains(id)) {
                    measured.put(
                            id,
                            new ImportCost(
                                    cost.getValue().path(0).asDouble(),
                                    cost.getValue().path(1).asDouble()));
                }
            }
            costs = Map.copyOf(measured);
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
        family.giveBack(group(), false);
        kits.close();
        family.retire();
        ids.release();
    }
}
