package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.sandbox.sock.linux.Errno;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.spi.Limits;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;

/**
 * The cgroups of a zygote and of the leaves forked from it: {@code zygote-7/self}, {@code zygote-7/leaf-0}, …. The
 * zygote's uid may put new processes into exactly these. A second pool holds the warden's fresh sandboxes. Groups of
 * ended leaves are kept and used again. Safe for use by many threads.
 */
public final class GroupPool {

    private static final System.Logger LOG = System.getLogger(GroupPool.class.getName());
    /** How many empty groups are kept; more than that came from a burst. */
    private static final int KEPT = 8;

    /** Takes over what cannot be removed now, because somebody is in it. */
    public interface Removals {
        /**
         * @param what its path
         * @param remove tries again; false if it is still in use
         */
        void later(String what, BooleanSupplier remove);
    }

    /** Is told which groups there are, before a process is in one. */
    public interface Register {
        /**
         * @param group its id
         * @throws IOException if the group cannot be used
         */
        void made(long group) throws IOException;

        /** @param group its id, which no other one will have */
        void removed(long group);
    }

    private final CgroupLayout layout;
    private final Register register;
    private final Removals removals;
    private final Path folder;
    private final String region;
    private final int owner;
    private final Deque<SandboxGroup> free = new ArrayDeque<>();
    private int made;
    private int used;
    private boolean retired;

    GroupPool(CgroupLayout layout, Register register, Removals removals, Path folder, String region, int owner) {
        this.layout = layout;
        this.register = register;
        this.removals = removals;
        this.folder = folder;
        this.region = region;
        this.owner = owner;
    }

    /** The host uid that owns the groups. */
    public int owner() {
        return owner;
    }

    /** The group of the zygote itself. Processes are put there by root alone. */
    public SandboxGroup makeSelf(Limits limits) throws IOException {
        synchronized (this) {
            used++;
        }
        return prepared(null, "self", limits);
    }

    /** A group for one more sandbox. */
    public SandboxGroup take(Limits limits) throws IOException {
        SandboxGroup group;
        int number;
        synchronized (this) {
            used++;
            group = free.poll();
            number = group == null ? made++ : 0;
        }
        return prepared(group, "leaf-" + number, limits);
    }

    /** @param group one to use again; null for a new one of the name */
    private SandboxGroup prepared(SandboxGroup group, String name, Limits limits) throws IOException {
        SandboxGroup made = group;
        try {
            if (made == null) {
                made = new SandboxGroup(layout, folder, region, name, owner);
                register.made(made.id());
            }
            made.prepare(limits);
            return made;
        } catch (IOException e) {
            synchronized (this) {
                used--;
            }
            if (made != null) {
                remove(made);
            }
            removeIfDone();
            throw e;
        }
    }

    /**
     * Takes an empty group back.
     *
     * @param reuse whether another sandbox may be made in it
     */
    public void giveBack(SandboxGroup group, boolean reuse) {
        synchronized (this) {
            used--;
            if (reuse && !retired && free.size() < KEPT) {
                free.push(group);
                return;
            }
        }
        remove(group);
        removeIfDone();
    }

    private void remove(SandboxGroup group) {
        if (!isGone(group)) {
            // A package in the zygote can make processes in any group of its leaves, used or not, and they must not
            // outlive their sandbox.
            kill(group);
            removals.later(group.path(), () -> isGone(group) || kill(group));
        }
    }

    private boolean isGone(SandboxGroup group) {
        boolean gone = group.remove();
        if (gone) {
            register.removed(group.id());
        }
        return gone;
    }

    /** False: what is killed is not gone yet. */
    private static boolean kill(SandboxGroup group) {
        try {
            group.kill();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "cannot kill what is in " + group.path() + " now: " + e.getMessage());
        }
        return false;
    }

    /** The zygote is gone: nothing is kept any more, and the folder goes with the last leaf. */
    public void retire() {
        synchronized (this) {
            retired = true;
        }
        giveUpUnused();
        removeIfDone();
    }

    /** Removes the groups that are kept to be used again; the next sandbox gets a new one. */
    public void giveUpUnused() {
        Deque<SandboxGroup> unused;
        synchronized (this) {
            unused = new ArrayDeque<>(free);
            free.clear();
        }
        unused.forEach(this::remove);
    }

    /** Whatever is in any of the groups, all at once: one after the other it could go back and forth between them. */
    private void killAll() {
        try {
            FileIo.writeFile(folder + "/cgroup.kill", "1");
        } catch (IOException e) {
            boolean isGone = e instanceof LinuxException failed && failed.errno() == Errno.ENOENT;
            if (!isGone) {
                throw new IllegalStateException("cannot kill what is left in " + folder + ": " + e.getMessage(), e);
            }
        }
    }

    private void removeIfDone() {
        synchronized (this) {
            if (!retired || used > 0) {
                return;
            }
        }
        if (!CgroupLayout.remove(folder)) {
            killAll();
            removals.later(folder.toString(), () -> CgroupLayout.remove(folder));
        }
    }
}
