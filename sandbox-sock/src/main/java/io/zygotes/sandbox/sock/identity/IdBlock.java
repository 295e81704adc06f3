package io.zygotes.sandbox.sock.identity;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A block of user and group ids, as numbered in the warden's user namespace. Every zygote gets a block of its own: the
 * first id is its own and that of its leaves, the others are for zygotes forked from it. Safe for use by many threads.
 *
 * <p>User namespaces nest as zygotes do, and a map once written cannot grow (user_namespaces(7)), so the blocks must
 * nest too. They shrink fast with depth; a zygote whose parent has no block left shares its parent's ids, which
 * weakens the wall between the two (both serve only lambdas that asked for the parent's packages) and no other.
 */
public final class IdBlock {

    /** How many blocks a block is cut into, by the depth of its zygote; the first piece stays its own. */
    private static final int[] PIECES = {1024, 256, 8, 4, 2};

    /** How many pieces the worker's own block has; one less is how many zygotes without parent there can be. */
    static final int ZYGOTES_WITHOUT_PARENT = PIECES[0];

    private final IdBlock parent;
    private final int depth;
    private final int start;
    private final int count;
    private final Deque<Integer> free = new ArrayDeque<>();
    private int next = 1;
    private int users = 1;

    private IdBlock(IdBlock parent, int depth, int start, int count) {
        this.parent = parent;
        this.depth = depth;
        this.start = start;
        this.count = count;
    }

    /** The whole range of a worker. Its first piece is for the warden and for fresh leaves. */
    public static IdBlock ofWorker() {
        return new IdBlock(null, 0, 0, HostIds.OF_A_WORKER);
    }

    /** The first id; the zygote's own. */
    public int start() {
        return start;
    }

    /** How many ids there are. */
    public int count() {
        return count;
    }

    /**
     * A block for a zygote forked from this one; the same ids once more if there is none left.
     *
     * @throws IllegalStateException if this is the worker's own block and there is none left: its id is the warden's
     */
    public synchronized IdBlock child() {
        int pieces = depth < PIECES.length ? PIECES[depth] : 1;
        int size = count / pieces;
        Integer piece = free.poll();
        if (piece == null && next < pieces && size > 0) {
            piece = next++;
        }
        if (piece == null && parent == null) {
            throw new IllegalStateException(
                    "a worker cannot have more than " + (pieces - 1) + " zygotes without parent");
        }
        users++;
        if (piece == null) {
            return new IdBlock(this, PIECES.length, start, 1);
        }
        return new IdBlock(this, depth + 1, start + piece * size, size);
    }

    /** One more uses these ids; each use is ended by {@link #release}. The block's maker is the first. */
    public synchronized void use() {
        users++;
    }

    /** Ends a use. After the last one the ids may be given to others. */
    public void release() {
        synchronized (this) {
            if (--users > 0) {
                return;
            }
        }
        if (parent != null) {
            parent.takeBack(this);
        }
    }

    private void takeBack(IdBlock child) {
        synchronized (this) {
            if (child.start != start) {
                free.add((child.start - start) / child.count);
            }
        }
        release();
    }
}
