package io.zygotes.sandbox.sock;

/** A job: one process that runs a program of the worker's and ends. */
final class SockJob extends SockSandbox {

    private final GroupFamily family;
    private final Runnable released;

    /**
     * @param family where its group goes back to
     * @param released frees its ids
     */
    SockJob(
            String id,
            SockMechanism mechanism,
            GroupFamily family,
            SandboxGroup group,
            Channel channel,
            Runnable released) {
        super(id, mechanism, group, channel);
        this.family = family;
        this.released = released;
    }

    @Override
    boolean isFirstOfItsNamespace() {
        return true;
    }

    @Override
    void releaseOwn(boolean reuseGroup) {
        family.giveBack(group(), reuseGroup);
        released.run();
    }
}
