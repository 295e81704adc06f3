package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.sandbox.sock.cgroup.GroupPool;

/** A job: one process that runs a program of the worker's and ends. */
public final class SockJob extends SockSandbox {

    private final GroupPool pool;
    private final Runnable released;

    /**
     * A job that has no process yet.
     *
     * @param pool where its group goes back to
     * @param released frees its ids
     */
    public SockJob(Belongings belongings, GroupPool pool, Runnable released) {
        super(belongings);
        this.pool = pool;
        this.released = released;
    }

    @Override
    boolean isFirstOfItsNamespace() {
        return true;
    }

    @Override
    void releaseOwn(boolean reuseGroup) {
        pool.giveBack(group(), reuseGroup);
        released.run();
    }
}
