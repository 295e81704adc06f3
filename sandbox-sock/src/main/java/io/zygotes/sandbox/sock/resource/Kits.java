package io.zygotes.sandbox.sock.resource;

import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.sandbox.sock.cgroup.SandboxGroup;
import io.zygotes.sandbox.sock.linux.Sockets;
import io.zygotes.spi.Limits;
import java.io.IOException;
import java.util.concurrent.Executor;

/**
 * Makes the kits of all sandboxes, and gives up those that were made ahead when files are short. Safe for use by many
 * threads.
 */
public final class Kits {

    private final Executor supplier;
    private final Surplus surplus = new Surplus();

    /**
     * @param fresh the groups of sandboxes that are not forked from a zygote
     * @param supplier makes kits ahead
     */
    public Kits(GroupPool fresh, Executor supplier) {
        this.supplier = supplier;
        surplus.add(fresh::giveUpUnused);
    }

    /** Where a group comes from. */
    @FunctionalInterface
    private interface Groups {
        SandboxGroup take() throws IOException;
    }

    /**
     * A kit for a leaf or a job.
     *
     * @param pool where its group comes from, and goes back to
     * @param owner host id of the scratch folder
     * @throws IOException if it cannot be made; nothing is left of it then
     */
    public Kit make(GroupPool pool, Limits limits, int owner) throws IOException {
        return surplus.make(() -> makeOnce(pool, limits, owner));
    }

    /** The same for a leaf that nobody has asked for: nothing is given up for it. */
    Kit makeAhead(GroupPool pool, Limits limits) throws IOException {
        return makeOnce(pool, limits, pool.owner());
    }

    private static Kit makeOnce(GroupPool pool, Limits limits, int owner) throws IOException {
        return make(() -> pool.take(limits), pool, true, limits, Sockets.Type.STREAM, owner);
    }

    /**
     * A kit for a zygote.
     *
     * @param pool of the zygote's own groups
     * @throws IOException if it cannot be made; nothing is left of it then
     */
    public Kit makeOfZygote(GroupPool pool, Limits limits) throws IOException {
        return surplus.make(
                () -> make(() -> pool.makeSelf(limits), pool, false, limits, Sockets.Type.SEQPACKET, pool.owner()));
    }

    /** A stock for the leaves of one zygote. */
    public KitStock stock(GroupPool pool) {
        return new KitStock(this, pool, supplier, surplus);
    }

    private static Kit make(Groups groups, GroupPool pool, boolean reuse, Limits limits, Sockets.Type type, int owner)
            throws IOException {
        SandboxGroup group = groups.take();
        try {
            return Kit.make(group, limits, type, owner);
        } catch (IOException | RuntimeException | Error e) {
            pool.giveBack(group, reuse);
            throw e;
        }
    }
}
