package io.zygotes.sandbox.sock;

import io.zygotes.spi.Limits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The cgroups of a zygote and of the leaves forked from it: {@code zygote-7/self}, {@code zygote-7/leaf-0}, …. The
 * zygote's uid may put new processes into exactly these. A second family holds the warden's fresh sandboxes. Groups of
 * ended leaves are kept and used again. Safe for use by many threads.
 */
final class GroupFamily {

    /** How many empty groups are kept; more than that came from a burst. */
    private static final int KEPT = 8;

    private final CgroupLayout layout;
    private final Path folder;
    private final String region;
    private final int owner;
    private final Deque<SandboxGroup> free = new ArrayDeque<>();
    private int made;
    private int used;
    private boolean retired;

    GroupFamily(CgroupLayout layout, Path folder, String region, int owner) {
        this.layout = layout;
        this.folder = folder;
        this.region = region;
        this.owner = owner;
    }

    /** The host uid that owns the groups. */
    int owner() {
        return owner;
    }

    /** The group of the zygote itself. Processes are put there by root alone. */
    SandboxGroup makeSelf(Limits limits) throws IOException {
        synchronized (this) {
            used++;
        }
        SandboxGroup group = new SandboxGroup(layout, folder, region, "self", owner);
        group.prepare(limits);
        return group;
    }

    /** A group for one more sandbox. */
    SandboxGroup take(Limits limits) throws IOException {
        SandboxGroup group;
        int number;
        synchronized (this) {
            used++;
            group = free.poll();
            number = group == null ? made++ : 0;
        }
        try {
            if (group == null) {
                group = new SandboxGroup(layout, folder, region, "leaf-" + number, owner);
            }
            group.prepare(limits);
            return group;
        } catch (IOException e) {
            synchronized (this) {
                used--;
            }
            if (group != null) {
                group.remove();
            }
            throw e;
        }
    }

    /** Takes an empty group back. */
    void giveBack(SandboxGroup group, boolean reuse) {
        synchronized (this) {
            used--;
            if (reuse && !retired && free.size() < KEPT) {
                free.push(group);
                return;
            }
        }
        group.remove();
        removeIfDone();
    }

    /** The zygote is gone: nothing is kept any more, and the folder goes with the last leaf. */
    void retire() {
        Deque<SandboxGroup> unused;
        synchronized (this) {
            retired = true;
            unused = new ArrayDeque<>(free);
            free.clear();
        }
        unused.forEach(SandboxGroup::remove);
        removeIfDone();
    }

    private void removeIfDone() {
        synchronized (this) {
            if (!retired || used > 0) {
                return;
            }
        }
        CgroupLayout.remove(folder);
    }
}
